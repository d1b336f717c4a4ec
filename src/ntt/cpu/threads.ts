import { host } from "#host";
import { DeviceError } from "../../errors.js";
import type { HostWorker, WorkerUrl } from "../../host/host.js";
import { workerScript, workerVersion } from "./worker.generated.js";

/** What the script in `worker.generated.ts` starts with. Without a memory it makes one of its own. */
export interface ThreadData {
  readonly module: WebAssembly.Module;
  /** Names of the kernels, by their numbers. */
  readonly names: readonly string[];
  readonly memory?: WebAssembly.Memory;
  readonly scratch?: number;
}

export interface ThreadOptions {
  /** Where the script of `blindsight/worker` lies; by default workers start from a copy inside the library. */
  readonly workerUrl?: WorkerUrl;
  onMessage(message: unknown): void;
  /** The thread has ended by itself, after it had started. May be called more than once. */
  onDeath(error: DeviceError): void;
}

export type Thread = Omit<HostWorker, "listen">;

/**
 * Resolves when the thread waits for work.
 * @throws DeviceError that names what kept it from starting; nothing of it is left then.
 */
export async function startThread(data: ThreadData, { workerUrl, onMessage, onDeath }: ThreadOptions): Promise<Thread> {
  const worker = await start(data, workerUrl);
  let ready = false;
  try {
    await new Promise<void>((resolve, reject) => {
      worker.listen(
        (message) => {
          if (ready) onMessage(message);
          else if (message === `ready ${workerVersion}`) resolve();
          else reject(anotherVersion(workerUrl));
          ready = true;
        },
        (reason) => (ready ? onDeath(workerDied(reason)) : reject(doesNotStart(reason, workerUrl))),
      );
    });
  } catch (error) {
    await worker.end(); // it would keep the process alive
    throw error;
  }
  return worker;
}

async function start(data: ThreadData, url: WorkerUrl | undefined): Promise<HostWorker> {
  try {
    return await host.startWorker({ script: workerScript, url }, data);
  } catch (cause) {
    throw doesNotStart(cause, url);
  }
}

function workerDied(cause: unknown): DeviceError {
  const what = `a worker of the CPU device died: ${textOf(cause)}`;
  return new DeviceError(what, "open a new device and run again", { cause });
}

function doesNotStart(cause: unknown, url: WorkerUrl | undefined): DeviceError {
  if (cause instanceof DeviceError) return cause;
  const fix =
    url === undefined
      ? "use fewer threads, and close() devices that are not needed any more"
      : "serve the file of blindsight/worker there, as JavaScript, with the page's own Cross-Origin-Embedder-Policy";
  return new DeviceError(`a worker of the CPU device does not start: ${textOf(cause)}`, fix, { cause });
}

function anotherVersion(url: WorkerUrl | undefined): DeviceError {
  const what = `the worker from ${url} is not the one of this version of blindsight`;
  return new DeviceError(what, "serve the file of blindsight/worker from the version that is installed");
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
