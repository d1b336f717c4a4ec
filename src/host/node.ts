import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import * as zlib from "node:zlib";
import { DeviceError } from "../errors.js";
import type { Host, ScratchFile, WebgpuPackage, WorkerUrl } from "./host.js";

/** One of them is there where Linux has a GPU: its own, NVIDIA's, that of WSL. */
const GPU_FILES = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg"];

/** Behind a name, and ignored by webpack: bundlers leave it to Node. Its native library lies beside the package's own file. */
const WEBGPU = "webgpu";

export const host: Host = {
  processors: availableParallelism(),
  hasWorkers: true,

  // Named by its module: Deno and Bun have it under that name only, or not at all.
  ...(typeof zlib.crc32 === "function" && { crc32: zlib.crc32 }),

  mayHaveGpu() {
    if (process.platform !== "linux") return true;
    try {
      return GPU_FILES.some((path) => existsSync(path));
    } catch {
      return true; // Deno without the permission to read: nobody knows
    }
  },

  importWebgpu: () => import(/* webpackIgnore: true */ /* @vite-ignore */ WEBGPU) as Promise<WebgpuPackage>,

  openScratchFile: async (folder) => openScratchFile(folder ?? tmpdir()),

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

function openScratchFile(folder: string): ScratchFile {
  const name = join(folder, `blindsight-${randomUUID()}`);
  let descriptor: number;
  try {
    descriptor = openSync(name, "wx+", 0o600);
    unlinkSync(name); // nobody else finds it, and nothing is left however the process ends
  } catch (cause) {
    const fix = "name a folder that can be written to: openScratchFile({ folder }), or set TMPDIR";
    throw new DeviceError(`no scratch file can be made in ${folder}: ${cause}`, fix, { cause });
  }
  return {
    name,
    read: (into, at) =>
      repeated(into, at, (begin, place) => readSync(descriptor, into, begin, into.length - begin, place)),
    write(bytes, at) {
      const written = repeated(bytes, at, (begin, place) =>
        writeSync(descriptor, bytes, begin, bytes.length - begin, place),
      );
      if (written < bytes.length) throw new Error(`${written} of ${bytes.length} bytes were written`);
    },
    close: () => closeSync(descriptor),
  };
}

/** Systems read and write less at once than they were asked to, sometimes. @returns how many bytes it came to */
function repeated(bytes: Uint8Array, at: number, some: (begin: number, place: number) => number): number {
  let done = 0;
  while (done < bytes.length) {
    const count = some(done, at + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Node takes paths as strings and everything else as a URL object. */
function fileOf(url: WorkerUrl): string | URL {
  const text = url.toString();
  return /^(file|data):/.test(text) ? new URL(text) : text;
}
