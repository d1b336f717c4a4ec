import type { Traffic } from "./traffic.js";
import { BUFFER_USE, MAP_READ } from "./usage.js";

/** What a kernel took on the GPU itself. */
export interface KernelTime {
  readonly dispatches: number;
  readonly milliseconds: number;
  /** What its passes move, and multiply. */
  readonly bytes: number;
  readonly products: number;
}

/** Dispatches of one query set. */
const CAPACITY = 2048;
const RESOLVE_USE = 0x0200;
const QUERY_BYTES = 8;

/** Timestamps around dispatches: each is a compute pass of its own while a profiler is at work. */
export class Profiler {
  private readonly sets: GPUQuerySet[] = [];
  private readonly labels: string[] = [];
  private readonly traffic: Traffic[] = [];

  constructor(private readonly gpu: GPUDevice) {}

  /** What the next dispatch's compute pass takes. */
  next(label: string, traffic: Traffic): GPUComputePassDescriptor {
    const place = this.labels.length % CAPACITY;
    if (place === 0) this.sets.push(this.gpu.createQuerySet({ type: "timestamp", count: 2 * CAPACITY }));
    this.labels.push(label);
    this.traffic.push(traffic);
    const querySet = this.sets[this.sets.length - 1];
    return {
      timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * place, endOfPassWriteIndex: 2 * place + 1 },
    };
  }

  /** Times by kernel, after everything submitted. */
  async read(): Promise<Map<string, KernelTime>> {
    const times = new Map<string, KernelTime>();
    for (const [number, set] of this.sets.entries()) {
      const labels = this.labels.slice(number * CAPACITY, (number + 1) * CAPACITY);
      const stamps = await this.resolve(set, 2 * labels.length);
      for (const [i, label] of labels.entries()) {
        const before = times.get(label) ?? { dispatches: 0, milliseconds: 0, bytes: 0, products: 0 };
        const traffic = this.traffic[number * CAPACITY + i];
        times.set(label, {
          dispatches: before.dispatches + 1,
          milliseconds: before.milliseconds + Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6,
          bytes: before.bytes + traffic.bytes,
          products: before.products + traffic.products,
        });
      }
    }
    return times;
  }

  destroy(): void {
    for (const set of this.sets) set.destroy();
  }

  private async resolve(set: GPUQuerySet, count: number): Promise<BigInt64Array> {
    const size = QUERY_BYTES * count;
    const resolved = this.gpu.createBuffer({ size, usage: RESOLVE_USE | BUFFER_USE.copySource });
    const readable = this.gpu.createBuffer({ size, usage: BUFFER_USE.mapRead | BUFFER_USE.copyTarget });
    const encoder = this.gpu.createCommandEncoder();
    encoder.resolveQuerySet(set, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, readable, 0, size);
    this.gpu.queue.submit([encoder.finish()]);
    try {
      await readable.mapAsync(MAP_READ);
      return new BigInt64Array(readable.getMappedRange().slice(0));
    } finally {
      for (const buffer of [resolved, readable]) buffer.destroy();
    }
  }
}
