import type { Backend } from "./backend.js";
import type { Blobs } from "./blobs.js";
import { jobName, resultsOf } from "./job-record.js";
import { type JobLimits, Jobs } from "./jobs.js";
import type { Keys } from "./keys.js";
import type { Models } from "./models.js";
import type { Parts } from "./parts.js";
import type { Plans } from "./plans.js";
import type { Tokens } from "./tokens.js";

/** Deletes, with all that depends on it. */
export interface Forget {
  key(id: string): Promise<void>;
  model(id: string): Promise<void>;
  tenant(name: string): Promise<void>;
}

/** Everything that the service keeps and does, behind its routes. */
export interface Rooms {
  readonly tokens: Tokens;
  readonly plans: Plans;
  readonly blobs: Blobs;
  readonly keys: Keys;
  readonly models: Models;
  readonly jobs: Jobs;
  readonly forget: Forget;
  /** Deletes what nobody came back for, and takes up what got lost. */
  sweep(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** Looking for strays goes over all that is stored. */
const SWEEPS_FOR_STRAYS = 6;

export async function openRooms(
  parts: Parts,
  { queue, onForgotten, refusing }: Pick<Backend, "queue" | "onForgotten" | "refusing">,
  limits: JobLimits,
  now: () => number,
): Promise<Rooms> {
  const { tokens, plans, blobs, keys, models, vault } = parts;
  const jobs = await Jobs.open(parts, queue, limits, now);

  const forget: Forget = {
    async model(id) {
      await jobs.forget(({ model }) => model === id);
      await models.delete(id);
      onForgotten("object");
    },
    async key(id) {
      for (const model of await models.ofKey(id)) await forget.model(model);
      await keys.delete(id);
      onForgotten("object");
    },
    async tenant(name) {
      await tokens.revokeAll(name);
      await vault.forget(name);
      onForgotten("object");
      await forgetAll((tenant) => tenant === name);
      await plans.forgetOwner(name);
      await queue.settled(name);
      await forgetAll((tenant) => tenant === name); // of requests that were under way
      await vault.forgotten(name);
      onForgotten("tenant");
    },
  };

  async function forgetAll(isGone: (tenant: string) => boolean): Promise<void> {
    for (const [id, { owner, hospital }] of await models.records.all()) {
      if (isGone(owner) || isGone(hospital)) await forget.model(id);
    }
    for (const [id, { tenant }] of await keys.records.all()) if (isGone(tenant)) await forget.key(id);
    await jobs.forget(({ tenant }) => isGone(tenant));
    for (const [, { tenant, sha256 }] of await blobs.records.all()) {
      if (isGone(tenant)) await blobs.delete(tenant, sha256);
    }
  }

  async function sweepBlobs(): Promise<void> {
    const needed = new Set<string>();
    for (const [, { tenant, publicKey, evaluationKeys }] of await keys.records.all()) {
      for (const sha256 of [publicKey, evaluationKeys]) needed.add(`${tenant}/${sha256}`);
    }
    for (const [, { owner, blob }] of await models.records.all()) needed.add(`${owner}/${blob}`);
    const isNeeded = (tenant: string, sha256: string) =>
      refusing() !== undefined || needed.has(`${tenant}/${sha256}`) || jobs.needs(tenant, sha256);
    await blobs.deleteUntouched(now() - DAY_MS, isNeeded);
  }

  /** Of processes that ended in the middle of something, and of requests that were under way when a tenant was deleted. */
  async function removeStrays(): Promise<void> {
    await vault.removeStrays();
    const tenants = await vault.tenants();
    for (const tenant of tenants) {
      await blobs.removeStrays(tenant);
      for (const id of await vault.list(tenant, "results")) {
        const job = await parts.jobs.get(jobName(tenant, id));
        if (!job || (job.ended !== undefined && !job.result)) await vault.remove(tenant, resultsOf(id));
      }
    }
    // Whoever has sent anything has a key; whoever had none a moment ago, and records, is gone.
    const known = new Set([...tenants, ...(await vault.tenants())]);
    const before = await namesOfRecords();
    if (before.some((tenant) => !known.has(tenant)) && !(await vault.problem())) {
      const now = new Set(await vault.tenants());
      await forgetAll((tenant) => before.includes(tenant) && !known.has(tenant) && !now.has(tenant));
    }
  }

  async function namesOfRecords(): Promise<string[]> {
    const own = [await keys.records.all(), await parts.jobs.all(), await blobs.records.all()].flat();
    const given = (await models.records.all()).flatMap(([, { owner, hospital }]) => [owner, hospital]);
    return [...new Set([...own.map(([, { tenant }]) => tenant), ...given])];
  }

  let sweeps = 0;
  async function sweep(): Promise<void> {
    // Nothing is deleted by another process's right, nor for records that belong to other objects.
    const mayDelete = async () => !(refusing() ?? (await vault.problem()));
    if (!(await mayDelete())) return;
    await tokens.sweep();
    await jobs.forget(({ ended }) => ended !== undefined && ended < now() - DAY_MS);
    await sweepBlobs();
    if (sweeps++ % SWEEPS_FOR_STRAYS === 0 && (await mayDelete())) await removeStrays();
    await jobs.resume();
  }

  return { tokens, plans, blobs, keys, models, jobs, forget, sweep };
}
