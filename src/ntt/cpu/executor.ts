import type { Limb } from "../kernels.js";
import type { Arena } from "./arena.js";
import { writeWords } from "./encode.js";
import type { LaunchQueue } from "./queue.js";
import { ADDRESS, type RowRunner } from "./worker.js";
import type { WorkerPool } from "./workers.js";

/** Takes encoded launches in order, and overwrites the words that it is given: some are seeds of secrets. */
export interface Executor {
  push(launch: Uint32Array): void;
  /** Copies words into a limb, after the launches before. */
  write(limb: Limb, words: Uint32Array | Int32Array): void;
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Runs every launch at once on the calling thread: the queue of one thread is always empty. */
export class InlineExecutor implements Executor {
  constructor(
    private readonly arena: Arena,
    private readonly runner: RowRunner,
  ) {}

  push(launch: Uint32Array): void {
    if (launch.byteLength > ADDRESS.end - ADDRESS.ring)
      throw new RangeError(`a launch of ${launch.byteLength} bytes is too large`);
    this.arena.words(ADDRESS.ring, launch.length).set(launch);
    const rows = launch[1];
    launch.fill(0);
    for (let row = 0; row < rows; row++) this.runner.run(ADDRESS.ring, row);
  }

  write(limb: Limb, words: Uint32Array | Int32Array): void {
    this.arena.words(limb, words.length).set(words);
  }

  async idle(): Promise<void> {}

  async close(): Promise<void> {}
}

/** Hands launches to worker threads. */
export class WorkerExecutor implements Executor {
  constructor(
    private readonly queue: LaunchQueue,
    private readonly workers: WorkerPool,
  ) {}

  push(launch: Uint32Array): void {
    this.queue.push(launch);
  }

  write(limb: Limb, words: Uint32Array | Int32Array): void {
    this.queue.push(writeWords(limb, words));
  }

  idle(): Promise<void> {
    return this.queue.idle();
  }

  close(): Promise<void> {
    this.queue.close();
    return this.workers.close();
  }
}
