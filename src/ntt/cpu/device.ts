import { host } from "#host";
import { DeviceError } from "../../errors.js";
import type { WorkerUrl } from "../../host/host.js";
import type { Device, DeviceStatistics, PackedRow } from "../device.js";
import { KERNEL_NAMES, type KernelName, type KernelRows, type Limb } from "../kernels.js";
import { MAX_LOG_N, MIN_LOG_N } from "../primes.js";
import { nextTurn } from "../turn.js";
import { Arena, requireLimit } from "./arena.js";
import { LaunchEncoder, RING_BYTES, unpackLaunch } from "./encode.js";
import { type Executor, InlineExecutor, WorkerExecutor } from "./executor.js";
import { LocalMemory, type Memory } from "./memory.js";
import { numbered } from "./module.js";
import { LaunchQueue } from "./queue.js";
import { RemoteWorker } from "./remote.js";
import { Tables } from "./tables.js";
import { ADDRESS, MAX_PAGES, PAGE, RowRunner, SCRATCH_BYTES } from "./worker.js";
import { WorkerPool } from "./workers.js";

/**
 * "inline": at once, on the calling thread. "shared": in workers on one shared memory, while the calling thread only
 * queues. "messages": in one worker with a memory of its own, for pages without cross-origin isolation.
 */
export type Execution = "inline" | "shared" | "messages";

/** All optional. */
export interface CpuDeviceOptions {
  /** Threads that compute; default 1. */
  readonly threads?: number;
  /** Where they do. By default the thread of a page never does; elsewhere one thread is the caller's, more are workers. */
  readonly execution?: Execution;
  /** Most bytes of WebAssembly memory; 4 GiB is the platform's limit and the default. Nine MiB are taken before the first limb. */
  readonly memoryLimit?: number;
  /** Where the file of `blindsight/worker` is served, for pages whose policy has no `worker-src blob:`. */
  readonly workerUrl?: WorkerUrl;
}

/** As many as have scratch space below the ring: 64. */
export const MAX_THREADS: number = (ADDRESS.ring - ADDRESS.scratch) / SCRATCH_BYTES;

/**
 * Opens the CPU device: WebAssembly SIMD.
 * @throws DeviceError where WebAssembly SIMD or, for several threads, shared memory is missing, or where a page's policy
 * forbids WebAssembly or the worker: the message names the directive.
 */
export async function openCpuDevice(options: CpuDeviceOptions = {}): Promise<Device> {
  const { threads = 1, memoryLimit = MAX_PAGES * PAGE, execution = defaultExecution(threads) } = options;
  requireLimit(memoryLimit);
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    throw new RangeError(`${threads} threads: 1 to ${MAX_THREADS} were expected`);
  }
  if (threads > 1 && execution !== "shared") {
    throw new RangeError(`${threads} threads with execution "${execution}": only "shared" has more than one`);
  }
  if (execution === "shared" && !canShareMemory()) {
    const fix = "serve the page with COOP and COEP headers, or use 1 thread";
    throw new DeviceError("several threads need shared memory", fix);
  }
  try {
    const { memory, executor } = await start(execution, threads, options.workerUrl);
    const arena = new Arena(memory, memoryLimit);
    return new CpuDevice(arena, new LaunchEncoder(new Tables(arena, memory), threads), executor, threads, memoryLimit);
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause;
    // The kernels were compiled by now; what is left is their memory, of which 4 GiB of addresses are reserved.
    const fix = "close() devices that are not needed any more, or give the process more memory";
    throw new DeviceError(`the CPU device gets no memory: ${cause}`, fix, { cause });
  }
}

/** Whether memory can be shared with workers: on a page only where it is cross-origin isolated. */
function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined" && globalThis.crossOriginIsolated !== false;
}

function defaultExecution(threads: number): Execution {
  if (threads > 1) return "shared";
  if (typeof document === "undefined" || !host.hasWorkers) return "inline";
  return canShareMemory() ? "shared" : "messages";
}

interface Started {
  readonly memory: Memory;
  readonly executor: Executor;
}

async function start(execution: Execution, threads: number, workerUrl: WorkerUrl | undefined): Promise<Started> {
  if (execution === "messages") {
    const worker = await RemoteWorker.start(workerUrl);
    return { memory: worker, executor: worker };
  }
  const memory = await LocalMemory.create(execution === "shared");
  if (execution === "inline") {
    const runner = new RowRunner(numbered(memory.kernels), memory.memory, ADDRESS.scratch);
    return { memory, executor: new InlineExecutor(memory, runner) };
  }
  const workers = await WorkerPool.start(threads, memory.memory, workerUrl);
  const queue = new LaunchQueue(memory.memory, workers);
  return { memory, executor: new WorkerExecutor(memory, queue, workers) };
}

/** What an open device is made of. */
interface Parts {
  readonly arena: Arena;
  readonly encoder: LaunchEncoder;
  readonly executor: Executor;
}

class CpuDevice implements Device {
  readonly kind = "cpu";
  private readonly rows = Object.fromEntries(KERNEL_NAMES.map((name) => [name, 0])) as Record<KernelName, number>;
  /** Until `close`: whoever still holds the device then does not hold its memory. */
  private parts: Parts | undefined;
  private readonly where: string;
  private peakBytes = 0;
  private end: Promise<void> | undefined;

  constructor(
    arena: Arena,
    encoder: LaunchEncoder,
    executor: Executor,
    readonly threads: number,
    readonly memoryLimit: number,
  ) {
    this.parts = { arena, encoder, executor };
    const remote = executor instanceof RemoteWorker;
    this.where = remote ? "one worker" : `${threads} thread${threads > 1 ? "s" : ""}`;
  }

  describe(): string {
    return `CPU, WebAssembly SIMD, ${this.where}`;
  }

  /** What stands in JSON and on a console: the memory behind this object holds secrets. */
  toJSON(): string {
    return this.describe();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.describe();
  }

  allocate(logN: number, count: number): Limb[] {
    return this.open(logN).arena.allocate(logN, count);
  }

  free(logN: number, limbs: readonly Limb[], secret = false): void {
    // After close() every limb is gone already: handles that outlive the device may still be disposed of.
    if (!this.parts) return;
    const { arena, executor } = this.parts;
    arena.release(logN, limbs);
    if (secret && limbs.length > 0) executor.overwrite(limbs, 2 ** logN);
  }

  launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    const { encoder, executor } = this.open(logN);
    this.rows[kernel] += rows.length;
    executor.push(encoder.encode(kernel, logN, rows));
  }

  write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void {
    const { executor } = this.open(logN);
    if (words.length > 2 ** logN) throw new RangeError(`a limb holds ${2 ** logN} words, not ${words.length}`);
    executor.write(limb, words);
  }

  writePacked(logN: number, rows: readonly PackedRow[]): void {
    const { executor } = this.open(logN);
    if (!executor.pushOpen) {
      const [packed] = this.allocate(logN, 1);
      for (const { out, prime, read } of rows) {
        this.write(logN, packed, read());
        this.launch("unpack", logN, [[out, packed, prime]]);
      }
      this.free(logN, [packed]);
      return;
    }
    this.rows.unpack += rows.length;
    // Each launch has to fit into half of the ring.
    const most = Math.floor(RING_BYTES / 2 / (4 * 2 ** logN));
    for (let first = 0; first < rows.length; first += most) {
      executor.pushOpen(unpackLaunch(logN, rows.slice(first, first + most)));
    }
  }

  async read(logN: number, limbs: readonly Limb[]): Promise<Uint32Array[]> {
    const { arena, encoder, executor } = this.open(logN);
    if (!executor.readsLate) return this.settled(executor.read(limbs, 2 ** logN));
    // Copies in the queue's order: whoever asked must not see what is launched or written afterwards.
    const copies = arena.allocate(logN, limbs.length);
    try {
      const rows = limbs.map((limb, i) => [copies[i], limb] as const);
      executor.push(encoder.encode("copy", logN, rows));
      return await this.settled(executor.read(copies, 2 ** logN));
    } finally {
      this.free(logN, copies, true); // nobody says of what they are copies
    }
  }

  async idle(): Promise<void> {
    if (!this.parts) throw closedError();
    await this.parts.executor.idle();
    await nextTurn();
    if (!this.parts) throw closedError();
  }

  /** The words that were asked for, in a later turn. */
  private async settled(answer: Promise<Uint32Array[]>): Promise<Uint32Array[]> {
    const words = await answer;
    await nextTurn();
    if (this.parts) return words;
    // Closed while somebody waited: what was read is zeros already, or something that nobody waits for any more.
    for (const limb of words) limb.fill(0);
    throw closedError();
  }

  statistics(): DeviceStatistics {
    const { bytesInUse, peakBytes } = this.parts?.arena ?? { bytesInUse: 0, peakBytes: this.peakBytes };
    return { bytesInUse, peakBytes, rows: { ...this.rows } };
  }

  close(): Promise<void> {
    if (!this.parts) return this.end!;
    const { arena, executor } = this.parts;
    this.peakBytes = arena.peakBytes;
    this.parts = undefined;
    this.end = executor.close();
    return this.end;
  }

  /** @throws DeviceError after `close`. */
  private open(logN: number): Parts {
    if (!this.parts) throw closedError();
    if (!Number.isInteger(logN) || logN < MIN_LOG_N || logN > MAX_LOG_N) {
      throw new RangeError(`logN ${logN} is outside ${MIN_LOG_N}..${MAX_LOG_N}`);
    }
    return this.parts;
  }
}

function closedError(): DeviceError {
  return new DeviceError(
    "the device is closed",
    "await every result before close(), or open another with openDevice()",
  );
}
