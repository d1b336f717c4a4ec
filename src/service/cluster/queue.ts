import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { type JobRecord, tenantOf } from "../job-record.js";
import type { JobQueue } from "../queue.js";
import { Watchers } from "../watchers.js";
import type { Lease } from "./lease.js";
import { PREFIX, whyNotDurable, within } from "./redis.js";
import type { Signal, Signals } from "./signals.js";
import { Turns } from "./turns.js";

/** Of BullMQ. */
export const QUEUE = "jobs";
export const QUEUE_OPTIONS = { prefix: PREFIX };

/** What a queued job has beside its id: that is the job's nonce, which tells nobody anything when the job is gone. */
export interface Queued {
  readonly name: string;
}

const CHECK_MS = 2_000;
/** A worker that is told to stop a job does so between two steps. */
const SETTLED_MS = 30_000;
/** BullMQ's largest. */
const MOST_PRIORITY = 2 ** 21;

/** Brings jobs to workers on any machine: their names only, in Redis. */
export class RedisQueue implements JobQueue {
  readonly watchers = new Watchers();
  private readonly progress = new Map<string, number>();
  private undurable: string | undefined = "Redis was not asked yet";
  private checking: Promise<void> | undefined;
  /** How often the connection was lost: what was found before is no longer known. */
  private losses = 0;
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly redis: Redis,
    private readonly queue: Queue<Queued>,
    private readonly turns: Turns,
    private readonly signals: () => Signals,
    private readonly lease: Lease,
    /** Why records and objects do not belong together. */
    private readonly unbound: () => Promise<string | undefined>,
    private readonly onEnded: (name: string) => void,
  ) {
    const check = () => void this.check();
    this.timer = setInterval(check, CHECK_MS);
    this.timer.unref();
    redis.on("ready", check);
    redis.on("close", () => {
      this.losses++;
      this.undurable = "Redis cannot be reached"; // another one may come up in its place
    });
  }

  static async open(
    redis: Redis,
    signals: () => Signals,
    lease: Lease,
    unbound: () => Promise<string | undefined>,
    onEnded: (name: string) => void,
  ): Promise<RedisQueue> {
    const queue = new Queue<Queued>(QUEUE, { connection: redis, ...QUEUE_OPTIONS });
    queue.on("error", () => undefined); // the connection tells
    // Who comes now comes level with the first of those that an earlier service left; where none waits, behind what runs.
    const [first] = await within(queue.getJobs(["prioritized"], -1, -1)); // the last of the descending list
    const running = (await within(queue.getActive())).map(({ opts }) => opts.priority ?? 0);
    const turns = new Turns(first?.opts.priority ?? Math.max(0, ...running), MOST_PRIORITY);
    return new RedisQueue(redis, queue, turns, signals, lease, unbound, onEnded);
  }

  /** Whether Redis keeps what it is told, and is still the one of these objects. One at a time: the store may take long. */
  check(): Promise<void> {
    this.checking ??= this.look().finally(() => {
      this.checking = undefined;
    });
    return this.checking;
  }

  private async look(): Promise<void> {
    const { losses } = this;
    const unbound = () => this.unbound().catch((error: Error) => error.message);
    const found = (await whyNotDurable(this.redis)) ?? (await unbound());
    if (losses === this.losses) this.undurable = found;
  }

  hear(signal: Signal): void {
    if (signal.kind !== "progress" && signal.kind !== "ended") return;
    if (signal.kind === "progress") {
      this.progress.set(signal.job, signal.steps);
      this.turns.begin(signal.job);
    } else this.gone(signal.job);
    this.watchers.tell(signal.job);
    if (signal.kind === "ended") this.onEnded(signal.job);
  }

  async add(name: string, { nonce, tenant }: JobRecord): Promise<void> {
    const priority = this.turns.placeOf(name, tenant);
    const options = { jobId: nonce, priority, removeOnComplete: true, removeOnFail: true };
    await within(this.queue.add("run", { name }, options));
  }

  async remove(name: string, { nonce }: JobRecord): Promise<void> {
    this.signals().tell({ kind: "stop", job: name, nonce });
    await within(this.queue.remove(nonce)); // not one that runs
    this.gone(name);
    this.watchers.tell(name);
  }

  steps(name: string): number {
    return this.progress.get(name) ?? 0;
  }

  async open(): Promise<number> {
    const counts = await within(this.queue.getJobCounts("waiting", "prioritized", "active", "delayed"));
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  }

  async settled(tenant: string): Promise<void> {
    const until = performance.now() + SETTLED_MS;
    for (;;) {
      const active = await within(this.queue.getActive());
      if (!active.some(({ data }) => tenantOf(data.name) === tenant) || performance.now() > until) return;
      await new Promise((wake) => setTimeout(wake, 200));
    }
  }

  problem(): string | undefined {
    return this.undurable ?? this.lease.problem();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.watchers.tellAll();
    await this.queue.close().catch(() => undefined);
  }

  private gone(name: string): void {
    this.progress.delete(name);
    this.turns.end(name);
  }
}
