import { join } from "node:path";
import type { Device } from "../ntt/device.js";
import type { JobRecord } from "./job-record.js";
import { LocalQueue } from "./local-queue.js";
import { lockFolder } from "./lock.js";
import { objectsOf, type Settings } from "./options.js";
import { type Ground, openParts, type Parts } from "./parts.js";
import type { JobQueue } from "./queue.js";
import { DirectoryRecords } from "./records.js";
import { Runs } from "./runs.js";

/** What stands behind the routes: what is kept, and the way to whoever computes. */
export interface Backend {
  readonly parts: Parts;
  readonly queue: JobQueue;
  /** Tells other processes that something was deleted; of a tenant, no history keeps it either. */
  readonly onForgotten: (what: "object" | "tenant") => void;
  /** Why no request is answered at all; undefined while all is well. */
  readonly refusing: () => string | undefined;
  close(): Promise<void>;
}

/** What a backend tells. */
export interface BackendEvents {
  readonly onError: (error: unknown, job?: JobRecord) => void;
  readonly onEnded: (job: string) => void;
  /** When this process cannot go on: another one has its place. */
  readonly onLost: (why: string) => void;
  /** When jobs may have been lost on their way to the queue. */
  readonly onReconnected: () => void;
}

const RECENT_BYTES = 2 ** 26;

/** One machine: records and objects in a directory, jobs in this process. @throws DataError where another process has the folder */
export async function openLocalBackend(settings: Settings, device: Device, events: BackendEvents): Promise<Backend> {
  const folder = settings.folder!;
  const unlock = await lockFolder(folder);
  try {
    const parts = await openParts(await groundIn(folder, settings), {
      ...settings,
      device,
      worker: false,
      recentBytes: RECENT_BYTES,
    });
    const runs = new Runs(parts, settings.now, events.onError, false);
    const queue = new LocalQueue(runs, events.onEnded, events.onError);
    const close = async () => {
      await parts.close();
      await unlock();
    };
    return { parts, queue, onForgotten: () => undefined, refusing: () => undefined, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function groundIn(folder: string, settings: Settings): Promise<Ground> {
  return {
    objects: await objectsOf(settings),
    records: <T>(name: string) => DirectoryRecords.open<T>(join(folder, "records", name)),
  };
}
