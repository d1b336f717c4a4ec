import { openDeviceAside } from "../device.js";
import { openLog } from "./log.js";
import { objectsOf, type WorkerOptions, withDefaults } from "./options.js";

/** A worker that takes jobs. */
export interface ServiceWorker {
  /** When it can compute no more, with the reason: its device is lost, and another process has to take its place. */
  readonly failed: Promise<string>;
  /** Puts back what runs, for another worker to begin again, and ends. */
  close(): Promise<void>;
}

/**
 * Opens a worker of a service that runs on several machines: it takes jobs from Redis and computes them on this machine's device.
 * @throws RangeError for options that are none; DataError where the master key is not the service's
 */
export async function work(options: WorkerOptions): Promise<ServiceWorker> {
  const settings = withDefaults(options);
  const log = openLog(settings);
  const { openWork } = await import("./cluster/work.js");
  const device = await openDeviceAside(settings.device, { threads: settings.threads });
  try {
    const opening = openWork(settings.redis!, await objectsOf(settings), settings, device, log.error);
    const { failed, close } = await opening;
    return {
      failed,
      async close() {
        await close();
        await device.close();
      },
    };
  } catch (error) {
    await device.close();
    throw error;
  }
}
