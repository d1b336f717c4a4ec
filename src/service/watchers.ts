/** Who waits for something to change. */
export class Watchers {
  private readonly all = new Map<string, Set<() => void>>();

  tell(name: string): void {
    for (const wake of this.all.get(name) ?? []) wake();
  }

  tellAll(): void {
    for (const name of [...this.all.keys()]) this.tell(name);
  }

  /** Until somebody tells, so many milliseconds have passed, or the signal aborts. */
  async changed(name: string, milliseconds: number, signal: AbortSignal): Promise<void> {
    const watchers = this.all.get(name) ?? new Set();
    this.all.set(name, watchers);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener("abort", done, { once: true });
      watchers.add(done);
      function done() {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        watchers.delete(done);
        resolve();
      }
    });
    if (watchers.size === 0 && this.all.get(name) === watchers) this.all.delete(name);
  }
}
