import type { Redis } from "ioredis";
import type { Device } from "../../ntt/device.js";
import type { Backend, BackendEvents } from "../backend.js";
import type { Settings } from "../options.js";
import { type Ground, openParts } from "../parts.js";
import type { ObjectStore } from "../store.js";
import { Lease } from "./lease.js";
import { RedisQueue } from "./queue.js";
import { RedisRecords } from "./records.js";
import { openPatientRedis, openRedis } from "./redis.js";
import { Signals } from "./signals.js";

const RESUME_MS = 30_000;

/** Several machines: records and the queue in Redis, objects where all of them reach them, jobs in workers. */
export async function openRedisBackend(
  url: string,
  objects: ObjectStore,
  settings: Settings,
  device: Device,
  events: BackendEvents,
): Promise<Backend> {
  const redis = openRedis(url, events.onError);
  const listening = openPatientRedis(url, () => undefined);
  let lease: Lease | undefined;
  try {
    lease = await Lease.take(redis);
    const parts = await openParts(groundOf(redis, objects), { ...settings, device, worker: false });
    let signals: Signals | undefined;
    const queue = new RedisQueue(redis, () => signals!, lease, events.onEnded);
    signals = await Signals.open(redis, listening, (signal) => queue.hear(signal));
    await queue.check();
    const again = setInterval(events.onReconnected, RESUME_MS);
    again.unref();
    redis.on("ready", events.onReconnected);
    const held = lease;
    return {
      parts,
      queue,
      onForgotten(what) {
        signals.tell({ kind: "forgotten" });
        // Redis' file has every command of the past, among them the tenant's key; of itself it is rewritten when it has grown.
        if (what === "tenant") redis.bgrewriteaof().catch(events.onError);
      },
      refusing: () => held.problem(),
      async close() {
        clearInterval(again);
        redis.off("ready", events.onReconnected);
        await parts.close();
        signals.close();
        await held.release();
        redis.disconnect();
      },
    };
  } catch (error) {
    await lease?.release();
    listening.disconnect();
    redis.disconnect();
    throw error;
  }
}

export function groundOf(redis: Redis, objects: ObjectStore): Ground {
  return { objects, records: async <T>(name: string) => new RedisRecords<T>(redis, name) };
}
