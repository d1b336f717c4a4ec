import { createHash, randomBytes } from "node:crypto";
import type { Blobs } from "./blobs.js";
import type { Engine } from "./engine.js";
import { Refusal, refusalOf } from "./failures.js";
import { endJob, failed, type JobRecord, resultsOf } from "./job-record.js";
import type { Keys } from "./keys.js";
import type { Models } from "./models.js";
import type { Plans } from "./plans.js";
import type { Records } from "./records.js";
import type { Vault } from "./vault.js";

/** What jobs are made of. */
export interface JobParts {
  readonly jobs: Records<JobRecord>;
  readonly plans: Plans;
  readonly blobs: Blobs;
  readonly keys: Keys;
  readonly models: Models;
  readonly engine: Engine;
  readonly vault: Vault;
}

const MOST_ATTEMPTS = 2;

/** Runs of jobs, from the record to the result that lies in the store. */
export class Runs {
  /** Why nothing can be computed here any more: the device is lost. */
  problem: string | undefined;

  constructor(
    private readonly parts: JobParts,
    private readonly now: () => number,
    private readonly onError: (error: unknown, job: JobRecord) => void,
    /** Whether what fails here for no reason of the job's may succeed elsewhere. */
    private readonly others: boolean,
  ) {}

  /**
   * @param signal aborted with a Refusal for a job that has ended or is gone, with anything else where this process ends
   * @param onProgress with 0 when it begins
   * @returns whether the job has ended; otherwise it is to be begun again, here or elsewhere
   */
  async run(name: string, signal: AbortSignal, onProgress: (steps: number) => void): Promise<boolean> {
    const { jobs, engine, models } = this.parts;
    // That a run began counts for runs that take the process down, not the machine.
    const begin = (old: JobRecord): JobRecord =>
      old.ended === undefined ? { ...old, state: "running", attempts: old.attempts + 1 } : old;
    const job = await jobs.update(name, begin, false);
    if (!job || job.ended !== undefined) return true;
    onProgress(0);
    try {
      if (job.attempts > MOST_ATTEMPTS) {
        const what = `the service ended, or failed, ${MOST_ATTEMPTS} times while it computed this job`;
        throw new Refusal("internal", what, "tell the service's operator");
      }
      const result = await this.compute(job, signal, onProgress);
      signal.throwIfAborted();
      await this.commit(job, result);
      return true;
    } catch (error) {
      if (signal.aborted) {
        const isOver = signal.reason instanceof Refusal;
        if (!isOver) await this.putBack(name, job);
        return isOver;
      }
      const refusal = refusalOf(error);
      if (refusal.code === "busy") {
        this.onError(error, job); // records or store are out of reach: no fault of the job's
        await this.putBack(name, job);
        return false;
      }
      if (refusal.code === "internal") {
        this.onError(error, job);
        this.problem = await engine.problem();
        if (this.problem) {
          await this.putBack(name, job);
          return false;
        }
        // Counted: after a few it fails.
        if (this.others && job.attempts <= MOST_ATTEMPTS) return false;
      }
      const first = await endJob(jobs, job, failed(refusal), this.now());
      if (first && refusal.code === "internal") await models.refund(job.model, name);
      return true;
    }
  }

  /** Under a name of its own first: two runs may come to their ends at once, and one of them is the job's. */
  private async commit(job: JobRecord, result: Uint8Array): Promise<void> {
    const { jobs, vault } = this.parts;
    const run = randomBytes(8).toString("hex");
    const path = `${resultsOf(job.id)}/${run}`;
    await vault.put(job.tenant, path, result);
    const sha256 = createHash("sha256").update(result).digest("hex");
    const outcome = { state: "done", result: { sha256, bytes: result.length, run } } as const;
    if (!(await endJob(jobs, job, outcome, this.now()))) await vault.remove(job.tenant, path);
  }

  /** As if it had not been begun. Another run may be under way. */
  private async putBack(name: string, job: JobRecord): Promise<void> {
    await this.parts.jobs.update(name, (old) => {
      if (old.ended !== undefined || old.nonce !== job.nonce) return old;
      const attempts = old.attempts - 1;
      return { ...old, attempts, state: attempts > 0 ? old.state : "queued" };
    });
  }

  private async compute(job: JobRecord, signal: AbortSignal, onProgress: (steps: number) => void): Promise<Uint8Array> {
    const { plans, blobs, keys, models, engine } = this.parts;
    const [key, model] = [await keys.records.get(job.key), await models.records.get(job.model)];
    if (!key || !model) throw new Refusal("not-found", "key or model were deleted meanwhile", "submit another job");
    return engine.run({
      plan: await plans.plan(job.plan),
      model: job.model,
      openKeys: async () => until(signal, await blobs.open(key.tenant, key.evaluationKeys, "evaluation keys")),
      openModel: async () => until(signal, await blobs.open(model.owner, model.blob, "model")),
      openImage: async () => until(signal, await blobs.open(job.tenant, job.image, "encrypted image")),
      signal,
      onProgress,
    });
  }
}

/** Keys and a model may be gigabytes: whoever is told to end does so between two chunks. */
async function* until(
  signal: AbortSignal,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
  }
}
