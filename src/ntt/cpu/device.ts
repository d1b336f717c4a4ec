import { DeviceError } from "../../errors.js";
import type { Device, DeviceStatistics } from "../device.js";
import { KERNEL_NAMES, type KernelName, type KernelRows, type Limb } from "../kernels.js";
import { MAX_LOG_N, MIN_LOG_N } from "../primes.js";
import { nextTurn } from "../turn.js";
import { Arena } from "./arena.js";
import { LaunchEncoder } from "./encode.js";
import { type Executor, InlineExecutor, WorkerExecutor } from "./executor.js";
import { instantiate, plainKernels, sharedKernels } from "./module.js";
import { LaunchQueue } from "./queue.js";
import { Tables } from "./tables.js";
import { ADDRESS, MAX_THREADS, RowRunner } from "./worker.js";
import { WorkerPool } from "./workers.js";

export interface CpuDeviceOptions {
  /** Threads that compute. One computes on the calling thread; more are workers, and the calling thread only queues. */
  readonly threads?: number;
  /** Most bytes of WebAssembly memory; 4 GiB is the platform's limit and the default. */
  readonly memoryLimit?: number;
}

/**
 * Opens the CPU device: WebAssembly SIMD.
 * @throws DeviceError where WebAssembly SIMD or, for several threads, shared memory is missing.
 */
export async function openCpuDevice(options: CpuDeviceOptions = {}): Promise<Device> {
  const { threads = 1, memoryLimit = 2 ** 32 } = options;
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    throw new RangeError(`${threads} threads: 1 to ${MAX_THREADS} were expected`);
  }
  if (threads > 1 && typeof SharedArrayBuffer === "undefined") {
    throw new DeviceError(
      "several threads need shared memory",
      "serve the page with COOP and COEP headers, or use 1 thread",
    );
  }
  try {
    const arena = new Arena(Math.floor(memoryLimit / 65536), threads > 1);
    const kernels = await instantiate(await (threads > 1 ? sharedKernels() : plainKernels()), arena.memory);
    const encoder = new LaunchEncoder(new Tables(arena, kernels), threads);
    if (threads === 1) {
      return new CpuDevice(
        arena,
        encoder,
        new InlineExecutor(arena, new RowRunner(kernels, arena.memory, ADDRESS.scratch)),
        1,
      );
    }
    const workers = await WorkerPool.start(threads, arena.memory);
    return new CpuDevice(arena, encoder, new WorkerExecutor(new LaunchQueue(arena.memory, workers), workers), threads);
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause;
    const fix = "use Node 20.19 or later, or a browser with WebAssembly SIMD";
    throw new DeviceError("the WebAssembly kernels do not start", fix, { cause });
  }
}

class CpuDevice implements Device {
  readonly kind = "cpu";
  private readonly rows = Object.fromEntries(KERNEL_NAMES.map((name) => [name, 0])) as Record<KernelName, number>;
  private closed = false;

  constructor(
    private readonly arena: Arena,
    private readonly encoder: LaunchEncoder,
    private readonly executor: Executor,
    readonly threads: number,
  ) {}

  describe(): string {
    return `CPU, WebAssembly SIMD, ${this.threads} thread${this.threads > 1 ? "s" : ""}`;
  }

  /** What stands in JSON and on a console: the memory behind this object holds secrets. */
  toJSON(): string {
    return this.describe();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.describe();
  }

  allocate(logN: number, count: number): Limb[] {
    this.check(logN);
    return this.arena.allocate(logN, count);
  }

  free(logN: number, limbs: readonly Limb[]): void {
    // After close() every limb is gone already: handles that outlive the device may still be disposed of.
    if (!this.closed) this.arena.release(logN, limbs);
  }

  launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    this.check(logN);
    this.rows[kernel] += rows.length;
    this.executor.push(this.encoder.encode(kernel, logN, rows));
  }

  write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void {
    this.check(logN);
    if (words.length !== 2 ** logN) throw new RangeError(`a limb holds ${2 ** logN} words, not ${words.length}`);
    this.executor.write(limb, words);
  }

  async read(logN: number, limbs: readonly Limb[]): Promise<Uint32Array[]> {
    this.check(logN);
    await this.idle();
    return limbs.map((limb) => this.arena.words(limb, 2 ** logN).slice());
  }

  async idle(): Promise<void> {
    await this.executor.idle();
    await nextTurn();
    // Closed while somebody waited: every limb is zeros by now, and no result.
    if (this.closed) throw closedError();
  }

  statistics(): DeviceStatistics {
    return { bytesInUse: this.arena.bytesInUse, peakBytes: this.arena.peakBytes, rows: { ...this.rows } };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.executor.close();
    this.arena.wipe();
  }

  private check(logN: number): void {
    if (this.closed) throw closedError();
    if (!Number.isInteger(logN) || logN < MIN_LOG_N || logN > MAX_LOG_N) {
      throw new RangeError(`logN ${logN} is outside ${MIN_LOG_N}..${MAX_LOG_N}`);
    }
  }
}

function closedError(): DeviceError {
  return new DeviceError(
    "the device is closed",
    "await every result before close(), or open another with openDevice()",
  );
}
