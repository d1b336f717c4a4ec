import { DeviceError } from "../errors.js";
import type { Device, DeviceStatistics } from "../ntt/device.js";
import { requireMemoryLimit } from "../ntt/exhausted.js";
import { KERNEL_NAMES, type KernelName, type KernelRows, type Limb, overwriting } from "../ntt/kernels.js";
import { MAX_LOG_N, MIN_LOG_N } from "../ntt/primes.js";
import { nextTurn } from "../ntt/turn.js";
import { type AdapterOptions, type OpenedGpu, openGpu } from "./adapter.js";
import { largestSlab, SlabArena, slabCount } from "./arena.js";
import { RowEncoder } from "./encode.js";
import { Health } from "./health.js";
import { Pipelines } from "./pipelines.js";
import { type KernelTime, Profiler } from "./profile.js";
import { Readback } from "./readback.js";
import { Rows } from "./rows.js";
import { Schedule } from "./schedule.js";
import { createSlab, largestBinding } from "./slab.js";
import { Submission } from "./submission.js";
import { Twiddles } from "./twiddles.js";
import { unshared } from "./usage.js";

export interface WebGpuDeviceOptions extends AdapterOptions {
  /** Most bytes of limbs; default what the adapter binds at once: beyond it every access costs a choice of buffers. */
  readonly memoryLimit?: number;
}

export interface GpuStatistics extends DeviceStatistics {
  /** Passes over memory and submissions since the device was opened. */
  readonly dispatches: number;
  readonly submits: number;
}

/** Rows wait for the end of the turn, or until so many wait: more than most operations of the scheme make. */
const MOST_WAITING = 2048;
const MOST_WAITING_WORDS = 2 ** 19;
/** Where memory would have to grow, so many are run instead. */
const WORTH_FLUSHING = MOST_WAITING / 2;

/**
 * Opens the WebGPU device: the browser's, or in Node that of the package `webgpu`.
 * @throws DeviceError without WebGPU, an adapter, or enough of what the shaders need.
 */
export async function openWebGpuDevice(options: WebGpuDeviceOptions = {}): Promise<GpuDevice> {
  if (options.memoryLimit !== undefined) requireMemoryLimit(options.memoryLimit, 4 * 2 ** MIN_LOG_N);
  const opened = await openGpu(options);
  const binding = largestBinding(opened.limits);
  const { memoryLimit = largestSlab(binding) } = options;
  try {
    const pipelines = await Pipelines.compile(opened.gpu, slabCount(memoryLimit, binding));
    return new GpuDevice(opened, pipelines, memoryLimit);
  } catch (error) {
    opened.gpu.destroy();
    throw error;
  }
}

export class GpuDevice implements Device {
  readonly kind = "webgpu";
  readonly threads = 1;
  readonly #gpu: GPUDevice;
  readonly #arena: SlabArena;
  readonly #twiddles: Twiddles;
  readonly #submission: Submission;
  readonly #readback: Readback;
  readonly #encoder: RowEncoder;
  readonly #waiting = new Rows();
  readonly #schedule = new Schedule(this.#waiting);
  readonly #rows = Object.fromEntries(KERNEL_NAMES.map((name) => [name, 0])) as Record<KernelName, number>;
  readonly #name: string;
  readonly #health: Health;
  #flushAwaited = false;
  #end: Promise<void> | undefined;

  constructor({ gpu, name, limits }: OpenedGpu, pipelines: Pipelines, memoryLimit: number) {
    this.#gpu = gpu;
    this.#health = new Health(gpu);
    this.#name = name;
    this.#arena = new SlabArena(memoryLimit, largestBinding(limits), {
      create: (bytes, previous) => createSlab(gpu, this.#health, bytes, previous),
      flush: () => this.#flush(),
      worthFlushing: () => this.#waiting.count >= WORTH_FLUSHING,
    });
    this.#twiddles = new Twiddles(gpu, this.#health, largestBinding(limits));
    this.#submission = new Submission(gpu, pipelines, this.#arena, this.#twiddles);
    this.#readback = new Readback(gpu);
    this.#encoder = new RowEncoder(this.#twiddles, this.#waiting);
  }

  describe(): string {
    return `WebGPU, ${this.#name}`;
  }

  /** What stands in JSON and on a console: the memory behind this object holds secrets. */
  toJSON(): string {
    return this.describe();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.describe();
  }

  allocate(logN: number, count: number): Limb[] {
    this.#check(logN);
    return this.#arena.allocate(logN, count);
  }

  free(logN: number, limbs: readonly Limb[], secret = false): void {
    // After close() every limb is gone already: handles that outlive the device may still be disposed of.
    if (this.#health.isClosed) return;
    this.#arena.release(logN, limbs);
    if (secret && this.#health.works) this.#queue("subtract", logN, overwriting(limbs));
    if (this.#waiting.count === 0) this.#arena.rested();
  }

  launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    this.#check(logN);
    this.#queue(kernel, logN, rows);
    this.#rows[kernel] += rows.length;
  }

  #queue<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    this.#encoder.encode(kernel, logN, rows);
    if (this.#waiting.count >= MOST_WAITING || this.#waiting.wordCount >= MOST_WAITING_WORDS) this.#flush();
    else if (this.#waiting.count > 0) this.#flushSoon();
  }

  write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void {
    this.#check(logN);
    if (words.length > 2 ** logN) throw new RangeError(`a limb holds ${2 ** logN} words, not ${words.length}`);
    // A write goes ahead of what waits for submission.
    if (this.#waiting.names(limb)) this.#flush();
    this.#gpu.queue.writeBuffer(this.#arena.slabOf(limb), this.#arena.offsetOf(limb), unshared(words));
  }

  async read(logN: number, limbs: readonly Limb[]): Promise<Uint32Array[]> {
    this.#check(logN);
    this.#flush();
    const pieces = limbs.map((limb) => ({
      buffer: this.#arena.slabOf(limb),
      offset: this.#arena.offsetOf(limb),
      bytes: 4 * 2 ** logN,
    }));
    const words = await this.#health.settle(this.#readback.read(pieces));
    await nextTurn();
    // Closed while somebody waited: what was read may be a secret, and nobody waits for it any more.
    if (this.#health.isClosed) for (const limb of words) limb.fill(0);
    this.#health.check();
    return words;
  }

  async idle(): Promise<void> {
    this.#flush();
    await this.#health.settle(this.#gpu.queue.onSubmittedWorkDone());
    await nextTurn();
  }

  statistics(): GpuStatistics {
    const { bytesInUse, peakBytes } = this.#arena;
    const { dispatches, submits } = this.#submission;
    return { bytesInUse, peakBytes, rows: { ...this.#rows }, dispatches, submits };
  }

  /**
   * Runs `work` and says what each kernel took on the GPU itself, by timestamps around every dispatch. Slower than without.
   * @throws DeviceError where the adapter has no timestamps.
   */
  async profile(work: () => unknown): Promise<Map<string, KernelTime>> {
    if (!this.hasTimestamps) {
      throw new DeviceError(`${this.#name} has no timestamp queries`, "time whole operations instead");
    }
    await this.idle();
    if (this.#submission.profiler) throw new DeviceError("another profile is being taken", "await it first");
    const profiler = new Profiler(this.#gpu);
    this.#submission.profiler = profiler;
    try {
      await work();
      this.#flush();
      this.#submission.profiler = undefined;
      return await this.#health.settle(profiler.read());
    } finally {
      this.#submission.profiler = undefined;
      profiler.destroy();
    }
  }

  get hasTimestamps(): boolean {
    return this.#gpu.features.has("timestamp-query");
  }

  close(): Promise<void> {
    this.#end ??= this.#close();
    return this.#end;
  }

  async #close(): Promise<void> {
    this.#waiting.clear();
    this.#health.close();
    // A GPU that refused something still takes commands; one that was lost has no memory any more.
    if (!this.#health.isLost) {
      const encoder = this.#gpu.createCommandEncoder();
      for (const slab of this.#arena.slabs) encoder.clearBuffer(slab);
      this.#submission.wipe(encoder);
      this.#readback.wipe(encoder);
      this.#gpu.queue.submit([encoder.finish()]);
      await this.#gpu.queue.onSubmittedWorkDone().catch(() => {}); // lost meanwhile
    }
    for (const slab of this.#arena.slabs) slab.destroy();
    this.#twiddles.destroy();
    this.#submission.destroy();
    this.#readback.destroy();
    this.#gpu.destroy();
  }

  #flushSoon(): void {
    if (this.#flushAwaited) return;
    this.#flushAwaited = true;
    queueMicrotask(() => {
      if (this.#health.works) this.#flush();
      else this.#waiting.clear();
    });
  }

  #flush(): void {
    this.#flushAwaited = false;
    if (this.#waiting.count > 0) {
      try {
        const batches = this.#schedule.plan((limb) => this.#arena.rests(limb));
        this.#submission.run(this.#waiting, batches);
      } finally {
        this.#waiting.clear();
      }
    }
    this.#arena.rested();
  }

  #check(logN: number): void {
    this.#health.check();
    if (!Number.isInteger(logN) || logN < MIN_LOG_N || logN > MAX_LOG_N) {
      throw new RangeError(`logN ${logN} is outside ${MIN_LOG_N}..${MAX_LOG_N}`);
    }
  }
}
