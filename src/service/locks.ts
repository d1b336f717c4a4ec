/** Work on one thing at a time: who comes while somebody is at it waits for him, in order. */
export class Locks {
  private readonly last = new Map<string, Promise<unknown>>();

  async alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(name) ?? Promise.resolve();
    const own = before.then(work);
    const settled = own.catch(() => undefined);
    this.last.set(name, settled);
    try {
      return await own;
    } finally {
      if (this.last.get(name) === settled) this.last.delete(name);
    }
  }
}
