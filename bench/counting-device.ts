import type { GpuDevice, GpuStatistics } from "../src/gpu/device.js";
import type { Device, DeviceStatistics } from "../src/ntt/device.js";
import type { KernelName, KernelRows, Limb } from "../src/ntt/kernels.js";
import type { KernelCounts } from "./record.js";

/** Limbs that one row of a kernel reads and writes, each operand counted where the row names it. */
type Traffic = { readonly [K in KernelName]: (row: KernelRows[K]) => readonly [reads: number, writes: number] };

const TRAFFIC: Traffic = {
  ntt: () => [1, 1],
  intt: () => [1, 1],
  add: () => [2, 1],
  subtract: () => [2, 1],
  negate: () => [1, 1],
  multiply: () => [2, 1],
  multiplyScalar: () => [1, 1],
  multiplyScalarAdd: () => [2, 1],
  dropAndScale: () => [2, 1],
  permute: () => [1, 1],
  reduce: () => [2, 1],
  lift: () => [1, 1],
  copy: () => [1, 1],
  pack: () => [1, 1],
  unpack: () => [1, 1],
  expandUniform: () => [0, 1],
  sampleTernary: () => [0, 1],
  sampleGaussian: () => [0, 1],
  dotProduct: ({ terms, plus }) => [3 * terms.length + [plus?.y0, plus?.y1].filter((y) => y !== undefined).length, 2],
  tensor: ({ terms }) => [4 * terms.length, 3],
  combine: ({ inputs, out }) => [inputs.length, out.length],
  baseConvert: ({ sources, targets }) => [sources.length, targets.length],
};

/** A device that can say what an operation asked of it. It hands everything on, and counts only inside `count`. */
export class CountingDevice implements Device {
  readonly kind: Device["kind"];
  readonly threads: number;
  private tally: Tally | undefined;

  constructor(private readonly inner: Device) {
    this.kind = inner.kind;
    this.threads = inner.threads;
  }

  /** What `work` launches and uploads, for so many operations. */
  async count(work: () => unknown, operations = 1): Promise<KernelCounts> {
    await this.idle(); // what waits for submission is not part of it
    const tally = new Tally();
    const before = this.submitted();
    this.tally = tally;
    try {
      await work();
      await this.idle();
    } finally {
      this.tally = undefined;
    }
    const after = this.submitted();
    return {
      ...tally.counts(operations),
      ...(before &&
        after && { dispatches: after.dispatches - before.dispatches, submits: after.submits - before.submits }),
    };
  }

  /** The GPU behind it, where there is one. */
  get gpu(): GpuDevice | undefined {
    return this.inner.kind === "webgpu" ? (this.inner as GpuDevice) : undefined;
  }

  private submitted(): GpuStatistics | undefined {
    return this.gpu?.statistics();
  }

  launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    this.tally?.launch(kernel, logN, rows);
    this.inner.launch(kernel, logN, rows);
  }

  write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void {
    this.tally?.upload(words.byteLength);
    this.inner.write(logN, limb, words);
  }

  describe(): string {
    return this.inner.describe();
  }

  allocate(logN: number, count: number): Limb[] {
    return this.inner.allocate(logN, count);
  }

  free(logN: number, limbs: readonly Limb[], secret?: boolean): void {
    this.inner.free(logN, limbs, secret);
  }

  read(logN: number, limbs: readonly Limb[]): Promise<Uint32Array[]> {
    return this.inner.read(logN, limbs);
  }

  idle(): Promise<void> {
    return this.inner.idle();
  }

  statistics(): DeviceStatistics {
    return this.inner.statistics();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

class Tally {
  private readonly rows: Partial<Record<KernelName, number>> = {};
  private convertedLimbs = 0;
  private bytesRead = 0;
  private bytesWritten = 0;
  private bytesUploaded = 0;

  launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    this.rows[kernel] = (this.rows[kernel] ?? 0) + rows.length;
    for (const row of rows) {
      const [reads, writes] = TRAFFIC[kernel](row);
      this.bytesRead += reads * 4 * 2 ** logN;
      this.bytesWritten += writes * 4 * 2 ** logN;
      if (kernel === "baseConvert") this.convertedLimbs += writes;
    }
  }

  upload(bytes: number): void {
    this.bytesUploaded += bytes;
  }

  counts(operations: number): KernelCounts {
    return {
      operations,
      rows: this.rows,
      convertedLimbs: this.convertedLimbs,
      bytesRead: this.bytesRead,
      bytesWritten: this.bytesWritten,
      bytesUploaded: this.bytesUploaded,
    };
  }
}
