import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { tenantOf } from "../job-record.js";
import type { JobQueue } from "../queue.js";
import { Watchers } from "../watchers.js";
import type { Lease } from "./lease.js";
import { PREFIX, whyNotDurable, within } from "./redis.js";
import type { Signal, Signals } from "./signals.js";

/** Of BullMQ. */
export const QUEUE = "jobs";
export const QUEUE_OPTIONS = { prefix: PREFIX };

const CHECK_MS = 2_000;
/** A worker that is told to stop a job does so between two steps. */
const SETTLED_MS = 30_000;

/** Brings jobs to workers on any machine: their names only, in Redis. */
export class RedisQueue implements JobQueue {
  readonly watchers = new Watchers();
  private readonly progress = new Map<string, number>();
  private readonly queue: Queue;
  private undurable: string | undefined = "Redis was not asked yet";
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly redis: Redis,
    private readonly signals: () => Signals,
    private readonly lease: Lease,
    private readonly onEnded: (name: string) => void,
  ) {
    this.queue = new Queue(QUEUE, { connection: redis, ...QUEUE_OPTIONS });
    this.queue.on("error", () => undefined); // the connection tells
    const check = () => void this.check();
    this.timer = setInterval(check, CHECK_MS);
    this.timer.unref();
    redis.on("ready", check);
  }

  /** Whether Redis keeps what it is told: another one may have come up in its place. */
  async check(): Promise<void> {
    this.undurable = await whyNotDurable(this.redis);
  }

  hear(signal: Signal): void {
    if (signal.kind === "progress") {
      this.progress.set(signal.job, signal.steps);
      this.watchers.tell(signal.job);
    } else if (signal.kind === "ended") {
      this.progress.delete(signal.job);
      this.watchers.tell(signal.job);
      this.onEnded(signal.job);
    }
  }

  /** Who has many jobs waits behind those who have few: a job's place is how many of its tenant's were open. */
  async add(name: string, before: number): Promise<void> {
    const kept = { jobId: name, priority: 1 + before, removeOnComplete: true, removeOnFail: true };
    await within(this.queue.add("run", {}, kept));
  }

  async remove(name: string): Promise<void> {
    this.signals().tell({ kind: "stop", job: name });
    await within(this.queue.remove(name)); // not one that runs
    this.progress.delete(name);
    this.watchers.tell(name);
  }

  steps(name: string): number {
    return this.progress.get(name) ?? 0;
  }

  async open(): Promise<number> {
    const counts = await within(this.queue.getJobCounts("waiting", "prioritized", "active", "delayed"));
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  }

  async forget(tenant: string): Promise<void> {
    await this.settled(tenant);
    await within(this.queue.trimEvents(0)); // BullMQ notes the names of jobs there
  }

  private async settled(tenant: string): Promise<void> {
    const until = Date.now() + SETTLED_MS;
    for (;;) {
      const active = await within(this.queue.getActive());
      if (!active.some(({ id = "" }) => tenantOf(id) === tenant) || Date.now() > until) return;
      await new Promise((wake) => setTimeout(wake, 200));
    }
  }

  problem(): string | undefined {
    return this.lease.problem() ?? this.undurable;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.watchers.tellAll();
    await this.queue.close().catch(() => undefined);
  }
}
