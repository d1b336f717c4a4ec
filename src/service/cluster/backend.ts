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
const MOST_REWRITES = 300;

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
    lease = await Lease.take(redis, events.onLost);
    const parts = await openParts(groundOf(redis, objects), { ...settings, device, worker: false });
    let signals: Signals | undefined;
    const unbound = () => parts.vault.problem();
    const queue = await RedisQueue.open(redis, () => signals!, lease, unbound, events.onEnded);
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
        if (what === "tenant") void rewrite(redis).catch(events.onError);
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

/** Redis' file has every command of the past, a deleted tenant's key among them; of itself it is rewritten when it has grown. */
async function rewrite(redis: Redis): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await redis.bgrewriteaof();
      return;
    } catch (error) {
      if (tries >= MOST_REWRITES) throw error; // one is under way, most of the time
      await new Promise((wake) => setTimeout(wake, 1_000).unref());
    }
  }
}

export function groundOf(redis: Redis, objects: ObjectStore): Ground {
  return { objects, records: async <T>(name: string) => new RedisRecords<T>(redis, name) };
}
