import { DeviceError } from "../../errors.js";
import { KERNEL_NAMES } from "../kernels.js";
import { sharedKernels } from "./module.js";
import { startThread, type Thread } from "./threads.js";
import { ADDRESS, SCRATCH_BYTES } from "./worker.js";

/** Long-lived threads that run launches from shared memory. */
export class WorkerPool {
  onWake: () => void = () => {};
  onFailure: (error: DeviceError) => void = () => {};
  private closing = false;
  private alive = true;

  private constructor(private readonly threads: readonly Thread[]) {}

  /** Starts `count` workers on one shared memory; resolves when all of them wait for launches. */
  static async start(count: number, memory: WebAssembly.Memory): Promise<WorkerPool> {
    const module = await sharedKernels();
    const started = await Promise.allSettled(
      Array.from({ length: count }, (_, i) => {
        const scratch = ADDRESS.scratch + i * SCRATCH_BYTES;
        return startThread({ module, names: KERNEL_NAMES, memory, scratch });
      }),
    );
    const threads = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const pool = new WorkerPool(threads);
    try {
      for (const each of started) if (each.status === "rejected") throw each.reason;
      await pool.listen();
    } catch (error) {
      await pool.close(); // those that did start would keep the process alive for ever
      throw error;
    }
    pool.keepAlive(false);
    return pool;
  }

  private async listen(): Promise<void> {
    await Promise.all(
      this.threads.map(
        (thread) =>
          new Promise<void>((resolve, reject) => {
            thread.listen(
              (message) => (message === "ready" ? resolve() : this.onWake()),
              (reason) => {
                const error = workerDied(reason);
                reject(error);
                if (!this.closing) this.onFailure(error);
              },
            );
          }),
      ),
    );
  }

  /** While somebody waits for a result the process must not end; at other times it may. */
  keepAlive(alive: boolean): void {
    if (alive === this.alive) return;
    this.alive = alive;
    for (const thread of this.threads) thread.keepAlive(alive);
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(this.threads.map((thread) => thread.end()));
  }
}

export function workerDied(cause: unknown): DeviceError {
  return new DeviceError("a worker of the CPU device died", "open a new device and run again", { cause });
}
