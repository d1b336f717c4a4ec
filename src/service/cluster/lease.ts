import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { DataError } from "../../errors.js";
import { PREFIX } from "./redis.js";

const KEY = `${PREFIX}:service`;
const EPOCH = `${PREFIX}:epoch`;
const LEASE_MS = 10_000;
const RENEW_MS = 2_000;

/**
 * Gives the number of the service that began last where the lease is ours now: who begins counts one up, and takes a lease that is
 * gone; who has begun takes it again only where nobody began meanwhile. 0 where another has it or began, −1 in a Redis that
 * knows of none.
 */
const RENEW = `
local holder, epoch = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then epoch = redis.call('INCR', KEYS[2])
elseif not epoch then return -1
elseif epoch ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return tonumber(epoch)`;

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** Redis' own word, of a wrong password say, begins with capitals; what the connection says of its retries helps nobody. */
function unreachable(cause: Error): never {
  const [said] = /^[A-Z]{3,} .*/.exec(cause.message) ?? [];
  const problem = `Redis cannot be reached${said ? `: ${said}` : ""}`;
  throw new DataError(problem, "look whether it runs, and at its URL and password", { cause });
}

/** That one process answers requests: its turns for tenants and blobs are in its memory. Workers may be many. */
export class Lease {
  private readonly holder = randomBytes(16).toString("hex");
  private until = 0;
  private epoch = 0;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly redis: Redis,
    private readonly onLost: (why: string) => void,
  ) {}

  /**
   * Waits for the lease of a process that died.
   * @param onLost once, when another process has it: this one cannot go on
   * @throws DataError where another one lives
   */
  static async take(redis: Redis, onLost: (why: string) => void): Promise<Lease> {
    const lease = new Lease(redis, onLost);
    for (let left = LEASE_MS + RENEW_MS; ; left -= 250) {
      if (await lease.renew().catch(unreachable)) {
        lease.timer = setInterval(() => void lease.renew().catch(() => undefined), RENEW_MS).unref();
        return lease;
      }
      if (left <= 0) {
        throw new DataError("another service answers for this Redis already", "end it first, or take another Redis");
      }
      await new Promise((wake) => setTimeout(wake, 250));
    }
  }

  /** Why nothing is to be decided here; undefined while the lease holds. */
  problem(): string | undefined {
    return performance.now() < this.until ? undefined : "Redis has not confirmed this service's lease";
  }

  async release(): Promise<void> {
    this.stop();
    await this.redis.eval(RELEASE, 1, KEY, this.holder).catch(() => undefined);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.until = 0;
  }

  private async renew(): Promise<boolean> {
    const asked = performance.now();
    const found = Number(await this.redis.eval(RENEW, 2, KEY, EPOCH, this.holder, LEASE_MS, this.epoch));
    const held = found > 0;
    if (held) {
      this.until = asked + LEASE_MS;
      this.epoch = found;
    } else if (this.epoch > 0 && found === 0) {
      this.stop();
      this.onLost("another service has taken over");
    }
    return held;
  }
}
