import { workerScript } from "./worker.generated.js";

/** What Node's and the browser's workers have in common, as far as it is needed here. */
export interface Thread {
  /** One listener: for messages, and for the thread's end by itself. */
  listen(onMessage: (message: unknown) => void, onEnd: (reason: unknown) => void): void;
  send(message: unknown, transfer: ArrayBuffer[]): void;
  /** Whether the thread keeps the process alive. Browsers have no such thing. */
  keepAlive(alive: boolean): void;
  end(): Promise<void>;
}

/** What the script in `worker.generated.ts` starts with. Without a memory it makes one of its own. */
export interface ThreadData {
  readonly module: WebAssembly.Module;
  /** Names of the kernels, by their numbers. */
  readonly names: readonly string[];
  readonly memory?: WebAssembly.Memory;
  readonly scratch?: number;
}

export function startThread(data: ThreadData): Promise<Thread> {
  const node = typeof process !== "undefined" && process.versions?.node !== undefined;
  return node ? nodeThread(data) : browserThread(data);
}

async function nodeThread(workerData: ThreadData): Promise<Thread> {
  // Behind a variable, so that bundlers for browsers do not follow it.
  const name = "node:worker_threads";
  const { Worker } = (await import(/* @vite-ignore */ name)) as typeof import("node:worker_threads");
  // Without the process's own flags: under --input-type=module the script would be no script.
  const worker = new Worker(workerScript, { eval: true, workerData, execArgv: [] });
  return {
    listen(onMessage, onEnd) {
      worker.on("message", onMessage);
      worker.on("error", onEnd);
      worker.on("exit", (code) => onEnd(new Error(`exit code ${code}`)));
    },
    send: (message, transfer) => worker.postMessage(message, transfer),
    keepAlive: (alive) => (alive ? worker.ref() : worker.unref()),
    async end() {
      await worker.terminate();
    },
  };
}

async function browserThread(data: ThreadData): Promise<Thread> {
  const url = URL.createObjectURL(new Blob([workerScript], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  worker.postMessage(data);
  return {
    listen(onMessage, onEnd) {
      worker.onmessage = (event) => onMessage(event.data);
      worker.onerror = (event) => onEnd(new Error(event.message));
    },
    send: (message, transfer) => worker.postMessage(message, transfer),
    keepAlive() {},
    async end() {
      worker.terminate();
    },
  };
}
