import { DeviceError } from "../../errors.js";
import type { WorkerUrl } from "../../host/host.js";
import { KERNEL_NAMES, type Limb } from "../kernels.js";
import { overwriteWords, requireShort } from "./encode.js";
import type { Executor } from "./executor.js";
import type { Memory } from "./memory.js";
import { plainKernels } from "./module.js";
import { startThread, type Thread } from "./threads.js";
import { ADDRESS, type Answer, PAGE, type Task } from "./worker.js";

const MOST_UNSENT = 2 ** 18;

interface Waiter {
  resolve(limbs: Uint32Array[]): void;
  reject(error: DeviceError): void;
}

/**
 * One worker with a memory of its own, fed by messages: for pages whose memory cannot be shared, and whose thread must
 * stay free nevertheless. The tasks of one turn travel together, unless they grow large: the worker would wait for them.
 */
export class RemoteWorker implements Memory, Executor {
  readonly readsLate = false;
  bytes: number = ADDRESS.end;
  private tasks: Task[] = [];
  private transfer: ArrayBuffer[] = [];
  /** Bytes that are not sent yet. */
  private unsent = 0;
  private readonly waiters = new Map<number, Waiter>();
  private nextId = 0;
  private failure: DeviceError | undefined;

  private constructor(private readonly thread: Thread) {}

  /** Resolves when the worker waits for tasks. */
  static async start(workerUrl?: WorkerUrl): Promise<RemoteWorker> {
    // Threads speak in turns of their own: `worker` is there when they do.
    const thread = await startThread(
      { module: await plainKernels(), names: KERNEL_NAMES },
      {
        workerUrl,
        onMessage: (message) => worker.answer(message as Answer),
        onDeath: (error) => worker.fail(error),
      },
    );
    const worker = new RemoteWorker(thread);
    thread.keepAlive(false);
    return worker;
  }

  push(launch: Uint32Array<ArrayBuffer>): void {
    requireShort(launch);
    this.send(["launch", launch], launch.buffer);
  }

  write(limb: Limb, words: Uint32Array | Int32Array): void {
    this.store(limb, words);
  }

  overwrite(limbs: readonly Limb[], count: number): void {
    if (!this.failure) this.push(overwriteWords(limbs, 4 * count));
  }

  store(address: number, words: Uint32Array | Int32Array): void {
    const copy = new Uint32Array(words);
    this.send(["store", address, copy], copy.buffer);
  }

  quotients(values: number, quotients: number, count: number, prime: number): void {
    this.send(["quotients", values, quotients, count, prime]);
  }

  /** Where the platform has no more memory the worker dies of it, and the next read says so. */
  grow(pages: number): void {
    this.send(["grow", pages]);
    this.bytes += pages * PAGE;
  }

  read(limbs: readonly Limb[], count: number): Promise<Uint32Array[]> {
    return this.ask((id) => ["read", id, limbs, count]);
  }

  async idle(): Promise<void> {
    await this.read([], 0);
  }

  /** The wipe waits its turn behind what was sent: a worker's memory can be overwritten by the worker only. */
  async close(): Promise<void> {
    const error = new DeviceError(
      "the device was closed before its launches had run",
      "await every result, then close()",
    );
    for (const waiter of this.waiters.values()) waiter.reject(error);
    this.waiters.clear();
    if (!this.failure) await this.ask((id) => ["wipe", id]).catch(() => {}); // died meanwhile: its memory is gone
    this.failure ??= error;
    await this.thread.end();
  }

  private ask(task: (id: number) => Task): Promise<Uint32Array[]> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.send(task(id));
      this.waiters.set(id, { resolve, reject });
      this.thread.keepAlive(true);
      this.flush();
    });
  }

  private answer([id, limbs]: Answer): void {
    const waiter = this.waiters.get(id);
    if (waiter) waiter.resolve([...limbs]);
    else for (const limb of limbs) limb.fill(0); // the device was closed meanwhile, and this may be a decryption
    this.waiters.delete(id);
    if (this.waiters.size === 0) this.thread.keepAlive(false);
  }

  private send(task: Task, buffer?: ArrayBuffer): void {
    if (this.failure) throw this.failure;
    if (this.tasks.length === 0) queueMicrotask(() => this.flush());
    this.tasks.push(task);
    if (!buffer) return;
    this.transfer.push(buffer);
    this.unsent += buffer.byteLength;
    if (this.unsent > MOST_UNSENT) this.flush();
  }

  private flush(): void {
    if (this.tasks.length === 0 || this.failure) return;
    this.thread.send(this.tasks, this.transfer);
    this.tasks = [];
    this.transfer = [];
    this.unsent = 0;
  }

  private fail(error: DeviceError): void {
    this.failure ??= error;
    for (const waiter of this.waiters.values()) waiter.reject(this.failure);
    this.waiters.clear();
    for (const buffer of this.transfer) new Uint8Array(buffer).fill(0);
    this.tasks = [];
    this.transfer = [];
    this.thread.keepAlive(false);
  }
}
