import type { JobState } from "../protocol/messages.js";
import { notFound, Refusal } from "./failures.js";
import { type JobRecord, jobName, resultOf } from "./job-record.js";
import type { Records } from "./records.js";
import type { JobParts, Runner } from "./runner.js";
import type { Caller } from "./tokens.js";

/** Jobs of one tenant within a day, ended ones included. */
const MOST_RECORDS = 10_000;

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
  constructor(
    private readonly records: Records<JobRecord>,
    private readonly parts: JobParts,
    private readonly runner: Runner,
    private readonly limits: JobLimits,
    private readonly now: () => number,
  ) {}

  /** @returns whether it is new. @throws Refusal: 404, 409, 410, 429, and for a budget that is spent */
  submit(caller: Caller, id: string, asked: { model: string; image: string }): Promise<boolean> {
    // In the tenant's turn: nobody drops the image, or takes the last place, meanwhile.
    return this.runner.locks.alone(caller.tenant, () => this.admit(caller, id, asked));
  }

  private async admit(
    caller: Caller,
    id: string,
    { model, image }: { model: string; image: string },
  ): Promise<boolean> {
    const { models, plans, blobs, keys } = this.parts;
    const { tenant } = caller;
    const name = jobName(tenant, id);
    const there = await this.records.get(name);
    if (there) return requireSame(there, model, image);
    const record = await models.record(caller, model);
    await plans.requireCurrent(record.plan);
    await blobs.requireComplete(tenant, image, "encrypted image");
    const { steps } = (await plans.plan(record.plan)).program;
    await this.requireRoom(tenant);
    await models.spend(model);
    const { plan, key } = record;
    const of = { name: record.name, version: record.version, sha256: record.blob };
    const job = { id, tenant, model, image, plan, key, of, steps: steps.length, created: this.now() };
    await this.records.create(name, { ...job, state: "queued", attempts: 0 });
    this.runner.add(name);
    await keys.used(key);
    return true;
  }

  async state({ tenant }: Caller, id: string): Promise<JobState> {
    const name = jobName(tenant, id);
    const record = await this.records.get(name);
    if (!record) throw notFound("job");
    const { model, of, plan, image, created, ended, result, error, steps, state } = record;
    const done = state === "done" ? steps : (this.runner.progress.get(name) ?? 0);
    const told = { id, state, progress: { done, of: steps }, model: { id: model, ...of }, plan, image, created };
    return { ...told, ...(result && { result }), ...(error && { error }), ...(ended !== undefined && { ended }) };
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
      await this.runner.watchers.changed(name, Math.min(left, moved ? PROGRESS_MS : left), signal);
    }
  }

  async result({ tenant }: Caller, id: string): Promise<Uint8Array> {
    const record = await this.records.get(jobName(tenant, id));
    const bytes = record?.result && (await this.parts.vault.get(tenant, resultOf(id)));
    if (!bytes) throw notFound("result");
    return bytes;
  }

  /** Ends a job that has not ended, and deletes its result: what its hospital does once it has that. */
  async delete({ tenant }: Caller, id: string): Promise<void> {
    const name = jobName(tenant, id);
    const record = await this.records.get(name);
    if (!record) throw notFound("job");
    if (record.ended === undefined) {
      await this.runner.cancel(name, new Refusal("conflict", "the job was cancelled", "submit another"));
      return;
    }
    await this.parts.vault.remove(tenant, resultOf(id));
    await this.records.update(name, ({ result: _, ...rest }) => rest);
  }

  /** Deletes jobs for which `which` holds, with images and results. */
  async forget(which: (job: JobRecord) => boolean): Promise<void> {
    for (const [name, record] of await this.records.all()) {
      if (!which(record)) continue;
      await this.records.delete(name);
      const gone = new Refusal("not-found", "what the job needs was deleted", "submit another");
      if (record.ended === undefined) await this.runner.cancel(name, gone);
      await this.parts.vault.remove(record.tenant, resultOf(record.id));
      await this.runner.dropImage(record);
    }
  }

  private async requireRoom(tenant: string): Promise<void> {
    const all = (await this.records.all()).map(([, job]) => job);
    const ofTenant = all.filter((job) => job.tenant === tenant);
    const own = ofTenant.filter(({ ended }) => ended === undefined).length;
    const room = ofTenant.length < MOST_RECORDS && this.runner.open < this.limits.all;
    if (own < this.limits.perTenant && room) return;
    const what = own < this.limits.perTenant ? "the service has" : "you have";
    const fix = "submit it again when one has ended";
    throw new Refusal("too-many-requests", `${what} as many jobs waiting as there may be`, fix, { retryAfter: 2 });
  }
}

function requireSame(there: JobRecord, model: string, image: string): false {
  if (there.model === model && there.image === image) return false;
  throw new Refusal(
    "conflict",
    "there is a job of this id with another model or image",
    "give each job an id of its own",
  );
}
