import { DelayedError, type Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { Device } from "../../ntt/device.js";
import { Refusal } from "../failures.js";
import type { JobRecord } from "../job-record.js";
import type { Patience, Settings } from "../options.js";
import { openParts, type Parts } from "../parts.js";
import { Runs } from "../runs.js";
import type { ObjectStore } from "../store.js";
import { groundOf } from "./backend.js";
import { QUEUE, QUEUE_OPTIONS } from "./queue.js";
import { openPatientRedis } from "./redis.js";
import { type Signal, Signals } from "./signals.js";

const RETRY_MS = 2_000;
const CUT_MS = 10_000;
const FORGET_MS = 30_000;
/** What ends a job that takes its workers down is its record, which counts them. */
const ANY_NUMBER = 1_000;

/**
 * Connects a worker. Its commands wait for a Redis that is away.
 * @throws DataError where the master key is not the service's
 */
export async function openWork(
  url: string,
  objects: ObjectStore,
  settings: Settings,
  device: Device,
  onError: (error: unknown, job?: JobRecord) => void,
): Promise<{ readonly failed: Promise<string>; readonly close: () => Promise<void> }> {
  const [redis, listening] = [openPatientRedis(url, onError), openPatientRedis(url, () => undefined)];
  try {
    const parts = await openParts(groundOf(redis, objects), { ...settings, device, worker: true });
    const runs = new Runs(parts, settings.now, onError);
    let work: Work | undefined;
    const signals = await Signals.open(redis, listening, (signal) => work?.hear(signal));
    const failed = new Promise<string>((resolve) => {
      work = new Work(redis, parts, runs, signals, settings.patience, onError, resolve);
    });
    const close = async () => {
      const cut = setTimeout(() => redis.disconnect(), CUT_MS); // a Redis that does not come back
      await work!.close();
      clearTimeout(cut);
      await parts.close();
      signals.close();
      redis.disconnect();
    };
    return { failed, close };
  } catch (error) {
    redis.disconnect();
    listening.disconnect();
    throw error;
  }
}

/** Takes jobs from the queue, one at a time. */
class Work {
  private readonly worker: Worker;
  private readonly running = new Map<string, AbortController>();
  private stopping = false;
  private readonly timer: NodeJS.Timeout;

  constructor(
    /** A patient one. */
    redis: Redis,
    private readonly parts: Parts,
    private readonly runs: Runs,
    private readonly signals: Signals,
    { lockMs, lookMs }: Patience,
    private readonly onError: (error: unknown) => void,
    private readonly onProblem: (why: string) => void,
  ) {
    this.worker = new Worker(QUEUE, (job, token) => this.process(job, token), {
      connection: redis,
      ...QUEUE_OPTIONS,
      concurrency: 1,
      lockDuration: lockMs,
      stalledInterval: lookMs,
      maxStalledCount: ANY_NUMBER,
    });
    this.worker.on("error", () => undefined); // the connection tells
    this.timer = setInterval(() => this.forget(), FORGET_MS);
    this.timer.unref();
  }

  hear(signal: Signal): void {
    if (signal.kind === "stop")
      this.running.get(signal.job)?.abort(new Refusal("conflict", "the job has ended", "submit another"));
    else if (signal.kind === "forgotten") this.forget();
  }

  /** What runs is put back first: another worker begins it again. */
  async close(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    for (const controller of this.running.values()) controller.abort(new Error("the worker stops"));
    await this.worker.close();
  }

  private async process(job: Job, token: string | undefined): Promise<void> {
    const name = job.id!;
    const controller = new AbortController();
    this.running.set(name, controller);
    try {
      const ended = await this.runs
        .run(name, controller.signal, (steps) => this.signals.tell({ kind: "progress", job: name, steps }))
        .catch((error) => {
          this.onError(error); // Redis is out of reach
          return false;
        });
      if (ended) return this.signals.tell({ kind: "ended", job: name });
    } finally {
      this.running.delete(name);
    }
    if (this.runs.problem) this.onProblem(this.runs.problem);
    await job.moveToDelayed(Date.now() + (this.stopping ? 0 : RETRY_MS), token);
    throw new DelayedError();
  }

  /** Models and tenants' keys that were deleted since. */
  private forget(): void {
    const { engine, models, vault } = this.parts;
    const all = async () => {
      for (const model of engine.models()) if (!(await models.records.get(model))) engine.forget(model);
      await vault.forgetGone();
    };
    all().catch(() => undefined); // in half a minute again
  }
}
