/** Bytes that were just written and will soon be read, once; the oldest make room. */
export class Recent {
  private readonly held = new Map<string, Uint8Array>();
  private used = 0;

  constructor(private readonly mostBytes: number) {}

  put(name: string, bytes: Uint8Array): void {
    this.take(name);
    if (bytes.length > this.mostBytes) return;
    // A part of a larger buffer would keep all of that.
    this.held.set(name, bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice());
    this.used += bytes.length;
    for (const [oldest] of this.held) {
      if (this.used <= this.mostBytes) return;
      this.take(oldest);
    }
  }

  /** Of names that begin so. */
  forget(beginning: string): void {
    for (const name of [...this.held.keys()]) if (name.startsWith(beginning)) this.take(name);
  }

  take(name: string): Uint8Array | undefined {
    const bytes = this.held.get(name);
    this.held.delete(name);
    this.used -= bytes?.length ?? 0;
    return bytes;
  }
}
