import { Redis } from "ioredis";
import { Refusal } from "../failures.js";

/** Everything of the service's in Redis begins with this; in braces, so that it stays on one node of a cluster. */
export const PREFIX = "{blindsight}";

const COMMAND_MS = 5_000;

/** A connection that fails fast: a request that cannot be served now is answered so. */
export function openRedis(url: string, onError: (error: unknown) => void): Redis {
  return told(new Redis(url, { ...BASE, maxRetriesPerRequest: 1, commandTimeout: COMMAND_MS }), onError);
}

/** Whose commands wait until Redis is back: for workers, and subscriptions. */
export function openPatientRedis(url: string, onError: (error: unknown) => void): Redis {
  return told(new Redis(url, { ...BASE, maxRetriesPerRequest: null }), onError);
}

/** Once for each time that the connection is lost: the URL, which may hold a password, is in none of the errors. */
function told(redis: Redis, onError: (error: unknown) => void): Redis {
  let lost = false;
  redis.on("ready", () => {
    lost = false;
  });
  redis.on("error", (error) => {
    if (!lost) onError(error);
    lost = true;
  });
  return redis;
}

const BASE = {
  connectTimeout: 5_000,
  retryStrategy: (times: number) => Math.min(50 * times, 1_000),
  // A master that was demoted: find the new one, and send the command again.
  reconnectOnError: (error: Error) => (error.message.startsWith("READONLY") ? (2 as const) : false),
  // A connection that is half open says nothing: everything of ours hears something more often than that.
  socketTimeout: 30_000,
};

/** @throws Refusal 503 where Redis cannot be reached now */
export async function within<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new Refusal("busy", "the service's records are out of reach", "send it again", { retryAfter: 1, cause });
  }
}

/** What must hold so that an answer of 202 is a promise. */
const DURABLE = {
  appendonly: "yes",
  appendfsync: "always",
  "no-appendfsync-on-rewrite": "no",
  "maxmemory-policy": "noeviction",
} as const;

/** Why what Redis says it has written may be lost; undefined where it is kept. */
export async function whyNotDurable(redis: Redis): Promise<string | undefined> {
  for (const [name, wanted] of Object.entries(DURABLE)) {
    let found: string | undefined;
    try {
      [, found] = (await redis.config("GET", name)) as string[];
    } catch {
      return `Redis cannot be reached, or does not say what ${name} is`;
    }
    if (found !== wanted) return `Redis has ${name} ${found}, not ${wanted}: what it says is written may be lost`;
  }
  try {
    // What a replica has not got yet is lost when it takes over.
    if (!/^role:master\r?\nconnected_slaves:0\r?$/m.test(await redis.info("replication"))) {
      return "Redis has replicas, or is one: what it says is written may be lost when another takes over";
    }
  } catch {
    return "Redis cannot be reached, or does not say whether it has replicas";
  }
  return undefined;
}
