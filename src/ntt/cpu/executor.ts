import type { Limb } from "../kernels.js";
import { type LateLaunch, overwriteWords, requireShort, writeWords } from "./encode.js";
import type { LocalMemory } from "./memory.js";
import type { LaunchQueue } from "./queue.js";
import { ADDRESS, type RowRunner } from "./worker.js";
import type { WorkerPool } from "./workers.js";

/** Takes encoded launches in order, and overwrites the words that it is given: some are seeds of secrets. */
export interface Executor {
  /** Whether `read` copies only after what was queued behind it may have run. */
  readonly readsLate: boolean;
  push(launch: Uint32Array<ArrayBuffer>): void;
  /** A launch of words that anybody may see, put in place: where the launches lie in memory of the calling thread, too. */
  pushOpen?(launch: LateLaunch): void;
  /** Copies words into a limb, after the launches before. */
  write(limb: Limb, words: Uint32Array | Int32Array): void;
  /** Zeros in limbs of `count` words, after the launches before. After a failure nothing is left that could be overwritten. */
  overwrite(limbs: readonly Limb[], count: number): void;
  /** Copies of limbs of `count` words, after the launches before. */
  read(limbs: readonly Limb[], count: number): Promise<Uint32Array[]>;
  idle(): Promise<void>;
  /** Ends what waits, and overwrites the memory with zeros. May be called twice. */
  close(): Promise<void>;
}

/** Runs every launch at once on the calling thread: the queue of one thread is always empty. */
export class InlineExecutor implements Executor {
  readonly readsLate = false;

  constructor(
    private readonly memory: LocalMemory,
    private readonly runner: RowRunner,
  ) {}

  push(launch: Uint32Array): void {
    requireShort(launch);
    this.memory.store(ADDRESS.ring, launch);
    const rows = launch[1];
    launch.fill(0);
    for (let row = 0; row < rows; row++) this.runner.run(ADDRESS.ring, row);
  }

  write(limb: Limb, words: Uint32Array | Int32Array): void {
    this.memory.store(limb, words);
  }

  overwrite(limbs: readonly Limb[], count: number): void {
    this.memory.overwrite(limbs, count);
  }

  async read(limbs: readonly Limb[], count: number): Promise<Uint32Array[]> {
    return this.memory.read(limbs, count);
  }

  async idle(): Promise<void> {}

  async close(): Promise<void> {
    this.memory.wipe();
  }
}

/** Hands launches to worker threads. */
export class WorkerExecutor implements Executor {
  readonly readsLate = true;

  constructor(
    private readonly memory: LocalMemory,
    private readonly queue: LaunchQueue,
    private readonly workers: WorkerPool,
  ) {
    // The others would wait for what the dead one was to do, and nobody could overwrite a secret any more.
    workers.onFailure = (error) => {
      queue.fail(error);
      void this.close();
    };
  }

  push(launch: Uint32Array): void {
    this.queue.push(launch);
  }

  write(limb: Limb, words: Uint32Array | Int32Array): void {
    this.queue.pushWords(writeWords(limb, words));
  }

  pushOpen(launch: LateLaunch): void {
    this.queue.pushOpen(launch);
  }

  overwrite(limbs: readonly Limb[], count: number): void {
    if (!this.queue.failed) this.queue.push(overwriteWords(limbs, 4 * count));
  }

  async read(limbs: readonly Limb[], count: number): Promise<Uint32Array[]> {
    await this.queue.idle();
    return this.memory.read(limbs, count);
  }

  idle(): Promise<void> {
    return this.queue.idle();
  }

  async close(): Promise<void> {
    this.queue.close();
    await this.workers.close();
    this.memory.wipe();
  }
}
