/** The items of compressed pixels, the offset table first: where they lie in the file. A million take 16 MB. */
export class Fragments {
  private readonly bounds: number[] = [];

  constructor(private readonly bytes: Uint8Array) {}

  get length(): number {
    return this.bounds.length / 2;
  }

  add(start: number, end: number): void {
    this.bounds.push(start, end);
  }

  /** A view of the file. */
  at(k: number): Uint8Array {
    return this.bytes.subarray(this.bounds[2 * k], this.bounds[2 * k + 1]);
  }

  bytesOf(k: number): number {
    return this.bounds[2 * k + 1] - this.bounds[2 * k];
  }

  /** Those from `first` on, before `next`, behind each other. */
  joined(first: number, next: number): Uint8Array {
    if (next === first + 1) return this.at(first);
    let size = 0;
    for (let k = first; k < next; k++) size += this.bytesOf(k);
    const bytes = new Uint8Array(size);
    for (let k = first, at = 0; k < next; at += this.bytesOf(k++)) bytes.set(this.at(k), at);
    return bytes;
  }
}
