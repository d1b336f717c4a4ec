import type { IncomingMessage } from "node:http";
import { Refusal } from "./failures.js";

/** How many requests of one token go through: `perSecond` in the long run, `burst` at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A bucket of requests for each token; buckets that are full again are forgotten. */
export class RateGate {
  private readonly buckets = new Map<string, { left: number; at: number }>();

  constructor(
    private readonly rate: Rate,
    private readonly now: () => number,
  ) {}

  /** @throws Refusal 429 with the time after which there is room */
  pass(name: string): void {
    const { perSecond, burst } = this.rate;
    const now = this.now();
    const bucket = this.buckets.get(name) ?? { left: burst, at: now };
    bucket.left = Math.min(burst, bucket.left + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    this.buckets.set(name, bucket);
    if (this.buckets.size > 10_000) this.forgetFull(now);
    if (bucket.left < 1) {
      const retryAfter = Math.max(1, Math.ceil((1 - bucket.left) / perSecond));
      throw new Refusal("too-many-requests", "more requests than may be", `wait ${retryAfter} s`, { retryAfter });
    }
    bucket.left -= 1;
  }

  private forgetFull(now: number): void {
    const { perSecond, burst } = this.rate;
    for (const [name, { left, at }] of this.buckets) {
      if (left + ((now - at) / 1000) * perSecond >= burst) this.buckets.delete(name);
    }
  }
}

/** Bytes of bodies that are in memory at once: one tenant has a quarter of them at most. */
export class MemoryGate {
  private used = 0;
  private readonly shares = new Map<string, number>();

  constructor(private readonly mostBytes: number) {}

  /** @throws Refusal 503 where there is no room now */
  enter(tenant: string, bytes: number): Disposable {
    const share = this.shares.get(tenant) ?? 0;
    if (this.used + bytes > this.mostBytes || (share > 0 && share + bytes > this.mostBytes / 4)) {
      throw new Refusal("busy", "too many bodies are on their way at once", "send it again", { retryAfter: 1 });
    }
    this.count(tenant, bytes);
    let inside = true;
    return {
      [Symbol.dispose]: () => {
        if (inside) this.count(tenant, -bytes);
        inside = false;
      },
    };
  }

  private count(tenant: string, bytes: number): void {
    this.used += bytes;
    const share = (this.shares.get(tenant) ?? 0) + bytes;
    if (share === 0) this.shares.delete(tenant);
    else this.shares.set(tenant, share);
  }
}

/** A body, and its share of the memory until it is disposed of. */
export interface Body extends Disposable {
  readonly bytes: Uint8Array;
}

/**
 * The whole body of a request.
 * @param incoming Node's own request, where there is one: read without a stream of the web's around it, which costs a third more
 * @throws Refusal for more than `most` bytes, as soon as that is known, and for one that breaks off
 */
export async function readBody(
  request: Request,
  incoming: IncomingMessage | undefined,
  most: number,
  enter: (bytes: number) => Disposable,
): Promise<Body> {
  const told = request.headers.get("content-length");
  const length = told === null ? most : Number(told);
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new Refusal("bad-request", "content-length is no length", "mend it");
  }
  if (length > most) throw tooLarge(most);
  const share = enter(length);
  try {
    const body = new Uint8Array(length);
    const at = await (incoming ? readIncoming(incoming, body, most) : readStream(request, body, most));
    if (told !== null && at < length) {
      throw new Refusal("bad-request", "the body ended before its length", "send it again");
    }
    return { bytes: body.subarray(0, at), [Symbol.dispose]: () => share[Symbol.dispose]() };
  } catch (error) {
    share[Symbol.dispose]();
    throw error;
  }
}

async function readStream(request: Request, body: Uint8Array, most: number): Promise<number> {
  let at = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read().catch(hungUp)) ?? { done: true };
    if (done) return at;
    if (at + value.length > body.length) {
      await reader?.cancel();
      throw tooLarge(most);
    }
    body.set(value, at);
    at += value.length;
  }
}

function readIncoming(incoming: IncomingMessage, body: Uint8Array, most: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let at = 0;
    const done = (settle: () => void) => {
      incoming.off("data", take).off("end", end).off("close", close).off("error", close);
      settle();
    };
    const take = (chunk: Uint8Array) => {
      if (at + chunk.length > body.length) {
        done(() => reject(tooLarge(most)));
        incoming.on("error", () => undefined).resume(); // so that the answer can be sent
        return;
      }
      body.set(chunk, at);
      at += chunk.length;
    };
    const end = () => done(() => resolve(at));
    const close = (cause?: Error) => done(() => reject(brokenOff(cause)));
    incoming.on("data", take).on("end", end).on("close", close).on("error", close);
    if (incoming.destroyed) close();
  });
}

function tooLarge(most: number): Refusal {
  return new Refusal("too-large", `the body has more than ${most} bytes`, "send no more than that");
}

/** Requests of one tenant that are under way at once, those that wait for a job among them. */
export class CrowdGate {
  private readonly inside = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** @throws Refusal 429 where there are as many as may be */
  enter(tenant: string): Disposable {
    const count = this.inside.get(tenant) ?? 0;
    if (count >= this.most) {
      const fix = "wait for an answer before you ask again";
      throw new Refusal("too-many-requests", `${count} requests of yours are under way`, fix, { retryAfter: 1 });
    }
    this.inside.set(tenant, count + 1);
    return {
      [Symbol.dispose]: () => {
        const left = this.inside.get(tenant)! - 1;
        if (left === 0) this.inside.delete(tenant);
        else this.inside.set(tenant, left);
      },
    };
  }
}

/** The sender went: that is his, and no failure of the service's. */
function brokenOff(cause: unknown): Refusal {
  return new Refusal("bad-request", `the body broke off: ${cause ?? "the connection was closed"}`, "send it again");
}

function hungUp(cause: unknown): never {
  throw brokenOff(cause);
}
