import type { DeviceError } from "../../errors.js";
import type { WorkerUrl } from "../../host/host.js";
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

  private threads: readonly Thread[] = [];

  private constructor() {}

  /** Starts `count` workers on one shared memory; resolves when all of them wait for launches. */
  static async start(count: number, memory: WebAssembly.Memory, workerUrl?: WorkerUrl): Promise<WorkerPool> {
    const module = await sharedKernels();
    const pool = new WorkerPool();
    let death: DeviceError | undefined;
    const options = {
      workerUrl,
      onMessage: () => pool.onWake(),
      onDeath: (error: DeviceError) => {
        death ??= error;
        if (!pool.closing) pool.onFailure(error);
      },
    };
    const started = await Promise.allSettled(
      Array.from({ length: count }, (_, i) => {
        const scratch = ADDRESS.scratch + i * SCRATCH_BYTES;
        return startThread({ module, names: KERNEL_NAMES, memory, scratch }, options);
      }),
    );
    pool.threads = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const [refusal] = started.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    const error = refusal ?? death; // one may die while another starts
    if (error) {
      await pool.close(); // those that did start would keep the process alive for ever
      throw error;
    }
    pool.keepAlive(false);
    return pool;
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
