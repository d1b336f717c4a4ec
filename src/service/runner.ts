import { createHash } from "node:crypto";
import type { Blobs } from "./blobs.js";
import type { Engine } from "./engine.js";
import { Refusal, refusalOf } from "./failures.js";
import { type JobRecord, resultOf, tenantOf } from "./job-record.js";
import type { Keys } from "./keys.js";
import { Locks } from "./locks.js";
import type { Models } from "./models.js";
import type { Plans } from "./plans.js";
import type { Records } from "./records.js";
import type { Vault } from "./vault.js";
import { Watchers } from "./watchers.js";

/** What jobs are made of. */
export interface JobParts {
  readonly plans: Plans;
  readonly blobs: Blobs;
  readonly keys: Keys;
  readonly models: Models;
  readonly engine: Engine;
  readonly vault: Vault;
}

const MOST_ATTEMPTS = 2;
const RETRY_MS = 5_000;

/** Runs jobs one after the other, tenants taking turns. A job that was begun when the process ended is begun again by the next. */
export class Runner {
  readonly watchers = new Watchers();
  /** A tenant's submissions, and the ends of its jobs. */
  readonly locks = new Locks();
  /** Steps of the jobs that run, by their names. */
  readonly progress = new Map<string, number>();
  private readonly waiting: string[] = [];
  private running: { readonly name: string; readonly controller: AbortController } | undefined;
  /** When each tenant's last job began, by a count. */
  private readonly served = new Map<string, number>();
  private begun = 0;
  /** Why no more jobs are begun: the device is lost. */
  problem: string | undefined;
  private stopping = false;
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly records: Records<JobRecord>,
    private readonly parts: JobParts,
    private readonly now: () => number,
    private readonly onError: (error: unknown, job: JobRecord) => void,
  ) {}

  /** Waiting or running. */
  get open(): number {
    return this.waiting.length + Number(this.running !== undefined);
  }

  /** Takes up what an earlier process left. */
  async resume(): Promise<void> {
    const left = (await this.records.all()).filter(([, { ended }]) => ended === undefined);
    for (const [name] of left.sort(([, a], [, b]) => a.created - b.created)) this.waiting.push(name);
    this.pump();
  }

  add(name: string): void {
    this.waiting.push(name);
    this.pump();
  }

  /** Ends a job that has not ended with `reason`. */
  async cancel(name: string, reason: Refusal): Promise<void> {
    if (this.running?.name === name) this.running.controller.abort(reason);
    else await this.end(name, { state: "failed", error: failureOf(reason) });
  }

  /** When no job of the tenant runs any more. */
  async settled(tenant: string): Promise<void> {
    while (this.running && tenantOf(this.running.name) === tenant) await this.turn;
  }

  /** Stops the job that runs: the next process begins it again. */
  async close(): Promise<void> {
    this.stopping = true;
    this.running?.controller.abort(new Error("the service stops"));
    await this.turn;
    this.watchers.tellAll();
  }

  /** Deletes a job's image, unless another one waits for the same. */
  async dropImage({ tenant, image }: JobRecord): Promise<void> {
    await this.locks.alone(tenant, async () => {
      if (!(await this.needs(tenant, image))) await this.parts.blobs.delete(tenant, image);
    });
  }

  /** Whether a job that has not ended needs a blob. */
  async needs(tenant: string, sha256: string): Promise<boolean> {
    const all = await this.records.all();
    return all.some(([, job]) => job.ended === undefined && job.tenant === tenant && job.image === sha256);
  }

  private pump(): void {
    if (this.running || this.stopping || this.problem || this.waiting.length === 0) return;
    const lastServed = (name: string) => this.served.get(tenantOf(name)) ?? 0;
    const next = this.waiting.reduce((best, name) => (lastServed(name) < lastServed(best) ? name : best));
    this.waiting.splice(this.waiting.indexOf(next), 1);
    if (this.waiting.length === 0) this.served.clear();
    this.served.set(tenantOf(next), ++this.begun);
    this.running = { name: next, controller: new AbortController() };
    this.turn = this.run(next, this.running.controller.signal)
      .catch((error) => this.stumbled(next, error))
      .finally(() => {
        this.running = undefined;
        this.progress.delete(next);
        this.pump();
      });
  }

  /** What is ours and no job's: a disk that is full, say. The job waits for its turn again. */
  private async stumbled(name: string, error: unknown): Promise<void> {
    const job = await this.records.get(name);
    if (!job || job.ended !== undefined) return;
    this.onError(error, job);
    this.waiting.unshift(name);
    for (let left = RETRY_MS; left > 0 && !this.stopping; left -= 100)
      await new Promise((wake) => setTimeout(wake, 100));
  }

  private async run(name: string, signal: AbortSignal): Promise<void> {
    if ((await this.records.get(name))?.ended !== undefined) return;
    const job = await this.records.update(name, (old) => ({ ...old, state: "running", attempts: old.attempts + 1 }));
    if (!job) return;
    this.watchers.tell(name);
    try {
      if (job.attempts > MOST_ATTEMPTS) {
        const what = `the service ended ${MOST_ATTEMPTS} times while it computed this job`;
        throw new Refusal("internal", what, "tell the service's operator");
      }
      const result = await this.compute(name, job, signal);
      await this.parts.vault.put(job.tenant, resultOf(job.id), result);
      if (signal.aborted) await this.parts.vault.remove(job.tenant, resultOf(job.id));
      signal.throwIfAborted();
      const sha256 = createHash("sha256").update(result).digest("hex");
      await this.end(name, { state: "done", result: { sha256, bytes: result.length } });
    } catch (error) {
      const cancelled = signal.reason instanceof Refusal;
      if (this.stopping && !cancelled) return this.putBack(name);
      const refusal = refusalOf(cancelled ? signal.reason : error);
      if (refusal.code === "internal") {
        this.problem = await this.parts.engine.problem();
        if (this.problem) {
          this.onError(error, job);
          return this.putBack(name);
        }
        this.onError(error, job);
        await this.parts.models.refund(job.model);
      }
      await this.end(name, { state: "failed", error: failureOf(refusal) });
    }
  }

  /** For the next process, as if it had not been begun. */
  private async putBack(name: string): Promise<void> {
    await this.records.update(name, (old) => ({ ...old, state: "queued", attempts: old.attempts - 1 }));
  }

  private async compute(name: string, job: JobRecord, signal: AbortSignal): Promise<Uint8Array> {
    const { plans, blobs, keys, models, engine } = this.parts;
    const [key, model] = [await keys.records.get(job.key), await models.records.get(job.model)];
    if (!key || !model) throw new Refusal("not-found", "key or model were deleted meanwhile", "submit another job");
    return engine.run({
      plan: await plans.plan(job.plan),
      model: job.model,
      openKeys: () => blobs.open(key.tenant, key.evaluationKeys, "evaluation keys"),
      openModel: () => blobs.open(model.owner, model.blob, "model"),
      openImage: () => blobs.open(job.tenant, job.image, "encrypted image"),
      signal,
      onProgress: (done) => {
        this.progress.set(name, done);
        this.watchers.tell(name);
      },
    });
  }

  /** Of a job that is still there: one that was deleted meanwhile leaves nothing. */
  private async end(name: string, outcome: Pick<JobRecord, "state" | "result" | "error">): Promise<void> {
    const at = this.waiting.indexOf(name);
    if (at >= 0) this.waiting.splice(at, 1);
    const ended = await this.records.update(name, (old) => ({ ...old, ...outcome, ended: this.now() }));
    this.watchers.tell(name);
    if (ended) await this.dropImage(ended);
    else if (outcome.result)
      await this.parts.vault.remove(tenantOf(name), resultOf(name.slice(tenantOf(name).length + 1)));
  }
}

function failureOf({ code, message, fix }: Refusal): NonNullable<JobRecord["error"]> {
  return { code, message, fix };
}
