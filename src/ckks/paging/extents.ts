/** Where a run of bytes lies. */
export interface Run {
  readonly extent: number;
  readonly offset: number;
}

/**
 * Gives out runs of bytes, one behind the other, in extents of one size. An extent whose runs are all given back is used
 * again; inside of one nothing is, since what is paged comes and goes as whole models and sets of keys.
 */
export class Extents {
  /** Runs in use, by extent. */
  private readonly runs: number[] = [];
  private readonly free: number[] = [];
  private current = -1;
  /** In the current one. */
  private offset = 0;
  private used = 0;

  /** @param emptied told of each extent that nobody uses any more, but the current one */
  constructor(
    readonly size: number,
    private readonly emptied: (extent: number) => void = () => {},
  ) {}

  /** In use now. */
  get bytes(): number {
    return this.used;
  }

  /** @throws RangeError for a run that is longer than an extent */
  take(bytes: number): Run {
    if (bytes > this.size) throw new RangeError(`a run of ${bytes} bytes is longer than an extent of ${this.size}`);
    if (this.current < 0 || this.offset + bytes > this.size) this.next();
    const run = { extent: this.current, offset: this.offset };
    this.offset += bytes;
    this.used += bytes;
    this.runs[run.extent]++;
    return run;
  }

  give(extent: number, bytes: number): void {
    this.used -= bytes;
    if (--this.runs[extent] > 0) return;
    if (extent === this.current) this.offset = 0;
    else this.release(extent);
  }

  private next(): void {
    const full = this.current;
    this.current = this.free.pop() ?? this.runs.push(0) - 1;
    this.offset = 0;
    if (full >= 0 && this.runs[full] === 0) this.release(full);
  }

  private release(extent: number): void {
    this.free.push(extent);
    this.emptied(extent);
  }
}
