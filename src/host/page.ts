import { DeviceError } from "../errors.js";
import type { Host, WorkerUrl } from "./host.js";
import { openOriginFile } from "./origin-file.js";
import { PolicyWatch } from "./policy.js";

export const host: Host = {
  processors: globalThis.navigator?.hardwareConcurrency ?? 1,
  hasWorkers: typeof Worker !== "undefined",

  mayHaveGpu: () => true,

  openScratchFile: openOriginFile,

  async startWorker({ script, url }, data) {
    if (typeof Worker === "undefined") {
      const fix = 'bundle for Node with the condition "node", or use one thread';
      throw new DeviceError("there are no workers here", fix);
    }
    const policy = new PolicyWatch();
    const worker = await policy.guard(() => (url === undefined ? fromText(script) : new Worker(url as string)), url);
    worker.postMessage(data);
    return {
      listen(onMessage, onEnd) {
        worker.onmessage = (event) => {
          policy.stop();
          onMessage(event.data);
        };
        worker.onmessageerror = () => onEnd(new Error("a message could not be read"));
        worker.onerror = async (event) => onEnd((await policy.refusal(url)) ?? new Error(messageOf(event, url)));
      },
      send: (message, transfer) => worker.postMessage(message, transfer),
      keepAlive() {},
      async end() {
        policy.stop();
        worker.terminate();
      },
    };
  },
};

function fromText(script: string): Worker {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    return new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A script that did not load leaves an event without a message. */
function messageOf({ message }: ErrorEvent, url: WorkerUrl | undefined): string {
  return message || `${url ?? "its script"} does not load`;
}
