import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Device } from "../ntt/device.js";
import type { JobRecord } from "./job-record.js";
import { LocalQueue } from "./local-queue.js";
import { lockFolder } from "./lock.js";
import type { Settings } from "./options.js";
import { type Ground, openParts, type Parts } from "./parts.js";
import type { JobQueue } from "./queue.js";
import { DirectoryRecords } from "./records.js";
import { Runs } from "./runs.js";
import { DirectoryStore } from "./store.js";

/** What stands behind the routes: what is kept, and the way to whoever computes. */
export interface Backend {
  readonly parts: Parts;
  readonly queue: JobQueue;
  /** Tells other processes that something was deleted. */
  readonly onForgotten: () => void;
  close(): Promise<void>;
}

/** What a backend tells. */
export interface BackendEvents {
  readonly onError: (error: unknown, job?: JobRecord) => void;
  readonly onEnded: (job: string) => void;
}

/** One machine: records and objects in a directory, jobs in this process. @throws DataError where another process has the folder */
export async function openLocalBackend(settings: Settings, device: Device, events: BackendEvents): Promise<Backend> {
  const folder = settings.folder!;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(folder);
  try {
    const parts = await openParts(await groundIn(folder), { ...settings, device, worker: false });
    const runs = new Runs(parts, settings.now, events.onError);
    const queue = new LocalQueue(runs, events.onEnded, events.onError);
    const close = async () => {
      await parts.close();
      await unlock();
    };
    return { parts, queue, onForgotten: () => undefined, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function groundIn(folder: string): Promise<Ground> {
  return {
    objects: await DirectoryStore.open(join(folder, "objects")),
    records: <T>(name: string) => DirectoryRecords.open<T>(join(folder, "records", name)),
  };
}
