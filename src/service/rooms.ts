import type { Blobs } from "./blobs.js";
import { jobName, resultsOf } from "./job-record.js";
import { type JobLimits, Jobs } from "./jobs.js";
import type { Keys } from "./keys.js";
import type { Models } from "./models.js";
import type { Parts } from "./parts.js";
import type { Plans } from "./plans.js";
import type { JobQueue } from "./queue.js";
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

/** @param onForgotten when something was deleted that other processes hold in memory, or a tenant that histories still have */
export function openRooms(
  parts: Parts,
  queue: JobQueue,
  limits: JobLimits,
  now: () => number,
  onForgotten: (what: "object" | "tenant") => void,
): Rooms {
  const { tokens, plans, blobs, keys, models, vault } = parts;
  const jobs = new Jobs(parts, queue, limits, now);

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
      for (const [id, { owner, hospital }] of await models.records.all()) {
        if (owner === name || hospital === name) await forget.model(id);
      }
      for (const [id, { tenant }] of await keys.records.all()) if (tenant === name) await forget.key(id);
      await jobs.forget(({ tenant }) => tenant === name);
      for (const { sha256 } of await blobs.ofTenant(name)) await blobs.delete(name, sha256);
      await plans.forgetOwner(name);
      await queue.forget(name);
      await vault.forgotten(name);
      onForgotten("tenant");
    },
  };

  async function sweepBlobs(): Promise<void> {
    const needed = new Set<string>();
    for (const [, { tenant, publicKey, evaluationKeys }] of await keys.records.all()) {
      for (const sha256 of [publicKey, evaluationKeys]) needed.add(`${tenant}/${sha256}`);
    }
    for (const [, { owner, blob }] of await models.records.all()) needed.add(`${owner}/${blob}`);
    for (const { tenant, sha256 } of await blobs.untouchedSince(now() - DAY_MS)) {
      if (!needed.has(`${tenant}/${sha256}`) && !(await jobs.needs(tenant, sha256))) await blobs.delete(tenant, sha256);
    }
  }

  /** Of processes that ended in the middle of something. */
  async function removeStrays(): Promise<void> {
    await vault.removeStrays();
    for (const tenant of await vault.tenants()) {
      await blobs.removeStrays(tenant);
      for (const id of await vault.list(tenant, "results")) {
        const job = await parts.jobs.get(jobName(tenant, id));
        if (!job || (job.ended !== undefined && !job.result)) await vault.remove(tenant, resultsOf(id));
      }
    }
  }

  let sweeps = 0;
  async function sweep(): Promise<void> {
    await tokens.sweep();
    await jobs.forget(({ ended }) => ended !== undefined && ended < now() - DAY_MS);
    await sweepBlobs();
    if (sweeps++ % SWEEPS_FOR_STRAYS === 0) await removeStrays();
    await jobs.resume();
  }

  return { tokens, plans, blobs, keys, models, jobs, forget, sweep };
}
