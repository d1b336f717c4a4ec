import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { DataError } from "../../errors.js";
import { PREFIX } from "./redis.js";

const KEY = `${PREFIX}:service`;
const LEASE_MS = 10_000;
const RENEW_MS = 2_000;

const RENEW = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** That one process answers requests: its turns for tenants and blobs are in its memory. Workers may be many. */
export class Lease {
  private readonly holder = randomBytes(16).toString("hex");
  private until = 0;
  private taken = false;
  private readonly timer: NodeJS.Timeout;

  private constructor(private readonly redis: Redis) {
    this.timer = setInterval(() => void this.renew().catch(() => undefined), RENEW_MS);
    this.timer.unref();
  }

  /** Waits for the lease of a process that died. @throws DataError where another one lives */
  static async take(redis: Redis): Promise<Lease> {
    const lease = new Lease(redis);
    for (let left = LEASE_MS + RENEW_MS; ; left -= 250) {
      if (await lease.renew()) return lease;
      if (left <= 0) {
        lease.stop();
        throw new DataError("another service answers for this Redis already", "end it first, or take another database");
      }
      await new Promise((wake) => setTimeout(wake, 250));
    }
  }

  /** Why nothing is to be decided here; undefined while the lease holds. */
  problem(): string | undefined {
    if (this.taken) return "another service has taken over";
    return Date.now() < this.until ? undefined : "Redis has not confirmed this service's lease";
  }

  async release(): Promise<void> {
    this.stop();
    await this.redis.eval(RELEASE, 1, KEY, this.holder).catch(() => undefined);
  }

  private stop(): void {
    clearInterval(this.timer);
  }

  private async renew(): Promise<boolean> {
    const asked = Date.now();
    const held = (await this.redis.eval(RENEW, 1, KEY, this.holder, LEASE_MS)) === 1;
    if (held) this.until = asked + LEASE_MS;
    else if (this.until > 0) this.taken = true;
    return held;
  }
}
