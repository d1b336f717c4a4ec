import { randomBytes } from "node:crypto";
import type { JobState } from "../protocol/messages.js";
import { notFound, Refusal } from "./failures.js";
import { JobIndex } from "./job-index.js";
import { endJob, failed, type JobRecord, jobName, resultsOf } from "./job-record.js";
import { Locks } from "./locks.js";
import type { JobQueue } from "./queue.js";
import type { JobParts } from "./runs.js";
import type { Caller } from "./tokens.js";

/** Jobs of one tenant within a day, ended ones included. */
const MOST_RECORDS = 10_000;

/** What tells of a change may be lost on its way from another machine. */
const LOOK_MS = 2_000;
/** How long a request that waits goes by progress without an answer. */
const PROGRESS_MS = 500;

/** How many jobs there may be that have not ended. */
export interface JobLimits {
  /** Of one tenant, waiting or running. */
  readonly perTenant: number;
  /** Of all tenants. */
  readonly all: number;
}

/** What hospitals ask for, and what they are told of it. */
export class Jobs {
  /** A tenant's submissions, and the ends of its jobs. */
  private readonly locks = new Locks();
  private resuming: Promise<void> | undefined;

  private constructor(
    private readonly parts: JobParts,
    private readonly queue: JobQueue,
    private readonly limits: JobLimits,
    private readonly now: () => number,
    private readonly index: JobIndex,
  ) {}

  static async open(parts: JobParts, queue: JobQueue, limits: JobLimits, now: () => number): Promise<Jobs> {
    return new Jobs(parts, queue, limits, now, new JobIndex(await parts.jobs.all()));
  }

  /** @returns whether it is new. @throws Refusal: 404, 409, 410, 429, and for a budget that is spent */
  submit(caller: Caller, id: string, asked: { model: string; image: string }): Promise<boolean> {
    // In the tenant's turn: nobody drops the image, or takes the last place, meanwhile.
    return this.locks.alone(caller.tenant, () => this.admit(caller, id, asked));
  }

  private async admit(
    caller: Caller,
    id: string,
    { model, image }: { model: string; image: string },
  ): Promise<boolean> {
    const { models, plans, blobs, keys } = this.parts;
    const { tenant } = caller;
    const problem = this.queue.problem();
    if (problem) throw new Refusal("busy", `no jobs are taken now: ${problem}`, "send it again", { retryAfter: 2 });
    const name = jobName(tenant, id);
    const there = await this.parts.jobs.get(name);
    if (there) {
      requireSame(there, model, image);
      this.index.set(name, there);
      if (there.ended === undefined) await this.queue.add(name, there); // it may have failed there, the first time
      return false;
    }
    const record = await models.record(caller, model);
    await plans.requireCurrent(record.plan);
    await blobs.requireComplete(tenant, image, "encrypted image");
    const { steps } = (await plans.plan(record.plan)).program;
    await this.requireRoom(tenant);
    await models.spend(model, name);
    const { plan, key } = record;
    const of = { name: record.name, version: record.version, sha256: record.blob };
    const nonce = randomBytes(16).toString("hex");
    const asked = { id, nonce, tenant, model, image, plan, key, of, steps: steps.length, created: this.now() };
    const job: JobRecord = { ...asked, state: "queued", attempts: 0 };
    await this.parts.jobs.create(name, job);
    this.index.set(name, job);
    await this.queue.add(name, job);
    await keys.used(key);
    return true;
  }

  async state({ tenant }: Caller, id: string): Promise<JobState> {
    const name = jobName(tenant, id);
    const record = await this.parts.jobs.get(name);
    if (!record) throw notFound("job");
    const { model, of, plan, image, created, ended, result, error, steps, state } = record;
    const done = state === "done" ? steps : this.queue.steps(name);
    const told = { id, state, progress: { done, of: steps }, model: { id: model, ...of }, plan, image, created };
    const made = result && { sha256: result.sha256, bytes: result.bytes };
    return { ...told, ...(made && { result: made }), ...(error && { error }), ...(ended !== undefined && { ended }) };
  }

  /** The state once it has changed, at the latest after so many seconds; at once for a job that has ended. */
  async wait(caller: Caller, id: string, seconds: number, signal: AbortSignal): Promise<JobState> {
    const name = jobName(caller.tenant, id);
    const until = performance.now() + 1000 * seconds;
    const begin = await this.state(caller, id);
    for (let state = begin; ; state = await this.state(caller, id)) {
      const left = until - performance.now();
      const moved = state.state !== begin.state || state.progress.done !== begin.progress.done;
      if (state.ended !== undefined || left <= 0 || signal.aborted || (moved && left < 1000 * seconds - PROGRESS_MS))
        return state;
      await this.queue.watchers.changed(name, Math.min(left, moved ? PROGRESS_MS : LOOK_MS), signal);
    }
  }

  async result({ tenant }: Caller, id: string): Promise<Uint8Array> {
    const record = await this.parts.jobs.get(jobName(tenant, id));
    const bytes = record?.result && (await this.parts.vault.get(tenant, `${resultsOf(id)}/${record.result.run}`));
    if (!bytes) throw notFound("result");
    return bytes;
  }

  /** Ends a job that has not ended, and deletes its result: what its hospital does once it has that. */
  async delete({ tenant }: Caller, id: string): Promise<void> {
    const name = jobName(tenant, id);
    const record = await this.parts.jobs.get(name);
    if (!record) throw notFound("job");
    if (record.ended === undefined) {
      const cancelled = failed(new Refusal("conflict", "the job was cancelled", "submit another"));
      await endJob(this.parts.jobs, record, cancelled, this.now());
      await this.queue.remove(name, record);
      await this.ended(name);
    }
    await this.parts.jobs.update(name, ({ result: _, ...rest }) => rest, false);
    await this.parts.vault.remove(tenant, resultsOf(id));
  }

  /** Deletes the image of a job that has ended, unless another one waits for the same. */
  async ended(name: string): Promise<void> {
    const job = await this.parts.jobs.get(name);
    if (job?.ended === undefined) return;
    this.index.end(name, job.tenant);
    await this.dropImage(job);
  }

  /** Takes up what an earlier process left, or what got lost on the way to the queue or from it. One at a time. */
  resume(): Promise<void> {
    this.resuming ??= this.takeUp().finally(() => {
      this.resuming = undefined;
    });
    return this.resuming;
  }

  private async takeUp(): Promise<void> {
    const all = await this.parts.jobs.all();
    const open = all.filter(([, { ended }]) => ended === undefined).sort(([, a], [, b]) => a.created - b.created);
    for (const [name, job] of open) {
      await this.queue.add(name, job);
      const now = await this.parts.jobs.get(name);
      if (now?.nonce === job.nonce && now.ended === undefined) this.index.set(name, now);
      else await this.queue.remove(name, job); // meanwhile
    }
    const images = new Set(
      (await this.parts.blobs.records.all()).map(([, { tenant, sha256 }]) => `${tenant}/${sha256}`),
    );
    for (const [name, job] of all) {
      if (job.ended === undefined) continue;
      this.index.end(name, job.tenant);
      if (images.has(`${job.tenant}/${job.image}`)) await this.dropImage(job);
    }
  }

  /** Whether a job that has not ended needs a blob. */
  needs(tenant: string, sha256: string): boolean {
    return this.index.needs(tenant, sha256);
  }

  /** Deletes jobs for which `which` holds, with images and results. */
  async forget(which: (job: JobRecord) => boolean): Promise<void> {
    for (const [name, record] of await this.parts.jobs.all()) {
      if (!which(record)) continue;
      await this.parts.jobs.delete(name);
      this.index.delete(name, record.tenant);
      await this.queue.remove(name, record);
      await this.parts.vault.remove(record.tenant, resultsOf(record.id));
      await this.dropImage(record);
    }
  }

  private async dropImage({ tenant, image }: JobRecord): Promise<void> {
    await this.locks.alone(tenant, async () => {
      if (!this.needs(tenant, image)) await this.parts.blobs.delete(tenant, image);
    });
  }

  private async requireRoom(tenant: string): Promise<void> {
    const { all, open: own } = this.index.count(tenant);
    const room = all < MOST_RECORDS && (await this.queue.open()) < this.limits.all;
    if (own < this.limits.perTenant && room) return;
    const what = own < this.limits.perTenant ? "the service has" : "you have";
    const fix = "submit it again when one has ended";
    throw new Refusal("too-many-requests", `${what} as many jobs waiting as there may be`, fix, { retryAfter: 2 });
  }
}

function requireSame(there: JobRecord, model: string, image: string): void {
  if (there.model === model && there.image === image) return;
  throw new Refusal(
    "conflict",
    "there is a job of this id with another model or image",
    "give each job an id of its own",
  );
}
