import { type Job, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { Device } from "../../ntt/device.js";
import { Refusal } from "../failures.js";
import type { JobRecord } from "../job-record.js";
import type { Patience, Settings } from "../options.js";
import { openParts, type Parts } from "../parts.js";
import { Runs } from "../runs.js";
import type { ObjectStore } from "../store.js";
import { groundOf } from "./backend.js";
import { QUEUE, QUEUE_OPTIONS, type Queued } from "./queue.js";
import { openPatientRedis } from "./redis.js";
import { type Signal, Signals } from "./signals.js";

const RETRY_MS = 3_000;
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
    const runs = new Runs(parts, settings.now, onError, true);
    let work: Work | undefined;
    const signals = await Signals.open(redis, listening, (signal) => work?.hear(signal));
    const failed = new Promise<string>((resolve) => {
      work = new Work(redis, parts, runs, signals, settings.patience, onError, resolve);
    });
    const close = async () => {
      // Commands to a Redis that does not come back are never answered.
      await Promise.race([work!.close().then(parts.close), new Promise((wake) => setTimeout(wake, CUT_MS))]);
      parts.vault.close();
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
  private readonly worker: Worker<Queued>;
  /** By the job's name, with its id in the queue. */
  private readonly running = new Map<string, { readonly id: string; readonly controller: AbortController }>();
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
    this.worker = new Worker<Queued>(QUEUE, (job, token) => this.process(job, token), {
      connection: redis,
      ...QUEUE_OPTIONS,
      concurrency: 1,
      drainDelay: 1,
      lockDuration: lockMs,
      stalledInterval: lookMs,
      maxStalledCount: ANY_NUMBER,
    });
    this.worker.on("error", (error) => {
      // The connection tells itself; a job that was given back has no lock to be renewed.
      if (!isOfConnection(error) && !/could not renew lock/i.test(error.message)) onError(error);
    });
    // Another worker has the job: its run is the one that counts, and ours was no crash.
    this.worker.on("lockRenewalFailed", (ids) => {
      for (const { id, controller } of this.running.values())
        if (ids.includes(id)) controller.abort(new Error("the job is another worker's"));
    });
    this.timer = setInterval(() => this.forget(), FORGET_MS);
    this.timer.unref();
  }

  hear(signal: Signal): void {
    if (signal.kind === "forgotten") this.forget();
    if (signal.kind !== "stop") return;
    const running = this.running.get(signal.job);
    if (running?.id !== signal.nonce) return; // another job of the same name
    running.controller.abort(new Refusal("conflict", "the job has ended", "submit another"));
  }

  /** What runs is put back first: another worker begins it again. */
  async close(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    for (const { controller } of this.running.values()) controller.abort(new Error("the worker stops"));
    await this.worker.close();
  }

  private async process(job: Job<Queued>, token: string | undefined): Promise<void> {
    const { name } = job.data;
    const controller = new AbortController();
    this.running.set(name, { id: job.id!, controller });
    try {
      const ended = await this.runs
        .run(name, controller.signal, (steps) => this.signals.tell({ kind: "progress", job: name, steps }))
        .catch((error) => {
          this.onError(error);
          return false;
        });
      if (ended) return this.signals.tell({ kind: "ended", job: name });
    } finally {
      this.running.delete(name);
    }
    if (this.runs.problem) this.onProblem(this.runs.problem);
    await job.moveToWait(token);
    // Before this worker asks for the next: what failed here may succeed elsewhere, and others look every second. No delayed job:
    // that would be by this machine's clock.
    if (!controller.signal.aborted && !this.runs.problem) await this.pause();
    throw new WaitingError();
  }

  private async pause(): Promise<void> {
    for (let left = RETRY_MS; left > 0 && !this.stopping; left -= 100)
      await new Promise((wake) => setTimeout(wake, 100));
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

function isOfConnection(error: Error): boolean {
  return "code" in error || /connection|closed/i.test(error.message);
}
