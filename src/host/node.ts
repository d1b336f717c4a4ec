import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Host, WebgpuPackage, WorkerUrl } from "./host.js";

/** One of them is there where Linux has a GPU: its own, NVIDIA's, that of WSL. */
const GPU_FILES = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg"];

/** Behind a name, and ignored by webpack: bundlers leave it to Node. Its native library lies beside the package's own file. */
const WEBGPU = "webgpu";

export const host: Host = {
  processors: availableParallelism(),
  hasWorkers: true,

  mayHaveGpu() {
    if (process.platform !== "linux") return true;
    try {
      return GPU_FILES.some((path) => existsSync(path));
    } catch {
      return true; // Deno without the permission to read: nobody knows
    }
  },

  importWebgpu: () => import(/* webpackIgnore: true */ /* @vite-ignore */ WEBGPU) as Promise<WebgpuPackage>,

  async startWorker({ script, url }, workerData) {
    // Without the process's own flags: under --input-type=module the script would be no script.
    const options = { workerData, execArgv: [] };
    const worker =
      url === undefined ? new Worker(script, { eval: true, ...options }) : new Worker(fileOf(url), options);
    return {
      listen(onMessage, onEnd) {
        worker.on("message", onMessage);
        worker.on("messageerror", onEnd);
        worker.on("error", onEnd);
        worker.on("exit", (code) => onEnd(new Error(`exit code ${code}`)));
      },
      send: (message, transfer) => worker.postMessage(message, transfer),
      keepAlive: (alive) => (alive ? worker.ref() : worker.unref()),
      async end() {
        await worker.terminate();
      },
    };
  },
};

/** Node takes paths as strings and everything else as a URL object. */
function fileOf(url: WorkerUrl): string | URL {
  const text = url.toString();
  return /^(file|data):/.test(text) ? new URL(text) : text;
}
