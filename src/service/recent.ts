/** Bytes that were just written and will soon be read, once; the oldest make room. */
export class Recent {
  private readonly held = new Map<string, Uint8Array>();
  private used = 0;

  constructor(private readonly mostBytes: number) {}

  put(name: string, bytes: Uint8Array): void {
    this.take(name);
    if (bytes.length > this.mostBytes) return;
    this.held.set(name, bytes);
    this.used += bytes.length;
    for (const [oldest] of this.held) {
      if (this.used <= this.mostBytes) return;
      this.take(oldest);
    }
  }

  take(name: string): Uint8Array | undefined {
    const bytes = this.held.get(name);
    this.held.delete(name);
    this.used -= bytes?.length ?? 0;
    return bytes;
  }
}
