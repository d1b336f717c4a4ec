import type { Redis } from "ioredis";
import { PREFIX } from "./redis.js";

/** What processes tell one another. Every signal may be lost: what it says stands in the records as well. */
export type Signal =
  | { readonly kind: "progress"; readonly job: string; readonly steps: number }
  | { readonly kind: "ended"; readonly job: string }
  /** The job has ended otherwise, or is gone: whoever computes it stops. */
  | { readonly kind: "stop"; readonly job: string; readonly nonce: string }
  /** Something was deleted that may lie in memory. */
  | { readonly kind: "forgotten" };

const CHANNEL = `${PREFIX}:signals`;

export class Signals {
  private constructor(
    private readonly redis: Redis,
    private readonly listening: Redis,
  ) {}

  /** @param listening a connection of its own */
  static async open(redis: Redis, listening: Redis, hear: (signal: Signal) => void): Promise<Signals> {
    listening.on("message", (_channel, text) => hear(JSON.parse(text)));
    await listening.subscribe(CHANNEL);
    return new Signals(redis, listening);
  }

  tell(signal: Signal): void {
    this.redis.publish(CHANNEL, JSON.stringify(signal)).catch(() => undefined);
  }

  close(): void {
    this.listening.disconnect();
  }
}
