import { DeviceError } from "../../errors.js";
import { sharedKernels } from "./module.js";
import { workerScript } from "./worker.generated.js";
import { ADDRESS, SCRATCH_BYTES } from "./worker.js";

/** What Node's and the browser's workers have in common, as far as it is needed here. */
interface Thread {
  listen(onMessage: (message: unknown) => void, onEnd: (reason: unknown) => void): void;
  /** Whether the thread keeps the process alive. Browsers have no such thing. */
  keepAlive(alive: boolean): void;
  end(): Promise<void>;
}

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
    const threads = await Promise.all(
      Array.from({ length: count }, (_, i) => {
        const scratch = ADDRESS.scratch + i * SCRATCH_BYTES;
        return isNode() ? nodeThread({ module, memory, scratch }) : browserThread({ module, memory, scratch });
      }),
    );
    const pool = new WorkerPool(threads);
    await Promise.all(
      threads.map(
        (thread) =>
          new Promise<void>((resolve, reject) => {
            thread.listen(
              (message) => (message === "ready" ? resolve() : pool.onWake()),
              (reason) => {
                const error = new DeviceError("a worker of the CPU device died", "open a new device and run again", {
                  cause: reason,
                });
                reject(error);
                if (!pool.closing) pool.onFailure(error);
              },
            );
          }),
      ),
    );
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

interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly scratch: number;
}

function isNode(): boolean {
  return typeof process !== "undefined" && process.versions?.node !== undefined;
}

async function nodeThread(workerData: WorkerData): Promise<Thread> {
  // Behind a variable, so that bundlers for browsers do not follow it.
  const name = "node:worker_threads";
  const { Worker } = (await import(name)) as typeof import("node:worker_threads");
  // Without the process's own flags: under --input-type=module the script would be no script.
  const worker = new Worker(workerScript, { eval: true, workerData, execArgv: [] });
  return {
    listen(onMessage, onEnd) {
      worker.on("message", onMessage);
      worker.on("error", onEnd);
      worker.on("exit", (code) => onEnd(new Error(`exit code ${code}`)));
    },
    keepAlive: (alive) => (alive ? worker.ref() : worker.unref()),
    async end() {
      await worker.terminate();
    },
  };
}

async function browserThread(data: WorkerData): Promise<Thread> {
  const url = URL.createObjectURL(new Blob([workerScript], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  worker.postMessage(data);
  return {
    listen(onMessage, onEnd) {
      worker.onmessage = (event) => onMessage(event.data);
      worker.onerror = (event) => onEnd(new Error(event.message));
    },
    keepAlive() {},
    async end() {
      worker.terminate();
    },
  };
}
