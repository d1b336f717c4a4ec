import { join } from "node:path";
import type { Device } from "../ntt/device.js";
import { type BlobRecord, Blobs } from "./blobs.js";
import { Engine, type EngineLimits } from "./engine.js";
import { type JobRecord, jobName, resultOf } from "./job-record.js";
import { type JobLimits, Jobs } from "./jobs.js";
import { type KeyRecord, Keys } from "./keys.js";
import { type ModelRecord, Models } from "./models.js";
import { type PlanRecord, Plans } from "./plans.js";
import { DirectoryRecords } from "./records.js";
import { Runner } from "./runner.js";
import { DirectoryStore } from "./store.js";
import { type TokenRecord, Tokens } from "./tokens.js";
import { type TenantKey, Vault } from "./vault.js";

/** What the rooms are made with. */
export interface RoomOptions {
  readonly folder: string;
  readonly masterKey: Uint8Array;
  readonly device: Device;
  readonly quotaBytes: number;
  readonly engine: EngineLimits;
  readonly jobs: JobLimits;
  readonly now: () => number;
  readonly onError: (error: unknown, job: JobRecord) => void;
}

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
  /** Waiting or running. */
  openJobs(): number;
  /** Why no jobs are begun any more; undefined while all is well. */
  problem(): string | undefined;
  /** Takes up the jobs that an earlier process left. */
  resume(): Promise<void>;
  /** Deletes what nobody came back for. */
  sweep(): Promise<void>;
  /** Ends the job that runs; requests are answered still. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

/** On one machine: records and objects in a directory, jobs in this process. */
export async function openRooms(options: RoomOptions): Promise<Rooms> {
  const { folder, device, now } = options;
  const open = <T>(name: string) => DirectoryRecords.open<T>(join(folder, "records", name));
  const store = await DirectoryStore.open(join(folder, "objects"));
  const vault = new Vault(store, await open<TenantKey>("tenants"), options.masterKey);
  await vault.check();
  const tokens = new Tokens(await open<TokenRecord>("tokens"), now);
  const blobs = new Blobs(await open<BlobRecord>("blobs"), vault, options.quotaBytes, now);
  const plans = new Plans(await open<PlanRecord>("plans"), now);
  const engine = new Engine(device, options.engine);
  const modelsOf = async (key: string): Promise<number> => (await models.ofKey(key)).length;
  const keys = new Keys(await open<KeyRecord>("keys"), { plans, blobs, engine }, modelsOf, now);
  const models: Models = new Models(await open<ModelRecord>("models"), { plans, blobs, engine, keys: () => keys }, now);
  const parts = { plans, blobs, keys, models, engine, vault };
  const jobRecords = await open<JobRecord>("jobs");
  const runner = new Runner(jobRecords, parts, now, options.onError);
  const jobs = new Jobs(jobRecords, parts, runner, options.jobs, now);

  const forget: Forget = {
    async model(id) {
      await jobs.forget(({ model }) => model === id);
      await models.delete(id);
    },
    async key(id) {
      for (const model of await models.ofKey(id)) await forget.model(model);
      await keys.delete(id);
    },
    async tenant(name) {
      await tokens.revokeAll(name);
      await vault.forget(name);
      for (const [id, { owner, hospital }] of await models.records.all()) {
        if (owner === name || hospital === name) await forget.model(id);
      }
      for (const [id, { tenant }] of await keys.records.all()) if (tenant === name) await forget.key(id);
      await jobs.forget(({ tenant }) => tenant === name);
      for (const { sha256 } of await blobs.ofTenant(name)) await blobs.delete(name, sha256);
      await plans.forgetOwner(name);
      await runner.settled(name);
      await vault.forgotten(name);
    },
  };

  async function sweep(): Promise<void> {
    const yesterday = now() - DAY_MS;
    await tokens.sweep();
    await jobs.forget(({ ended }) => ended !== undefined && ended < yesterday);
    const needed = new Set<string>();
    for (const [, { tenant, publicKey, evaluationKeys }] of await keys.records.all()) {
      for (const sha256 of [publicKey, evaluationKeys]) needed.add(`${tenant}/${sha256}`);
    }
    for (const [, { owner, blob }] of await models.records.all()) needed.add(`${owner}/${blob}`);
    for (const { tenant, sha256 } of await blobs.untouchedSince(yesterday)) {
      if (!needed.has(`${tenant}/${sha256}`) && !(await runner.needs(tenant, sha256)))
        await blobs.delete(tenant, sha256);
    }
  }

  await vault.removeStrays();
  for (const tenant of await vault.tenants()) {
    await blobs.removeStrays(tenant);
    for (const id of await vault.list(tenant, "results")) {
      if (!(await jobRecords.get(jobName(tenant, id)))) await vault.remove(tenant, resultOf(id));
    }
  }
  return {
    ...{ tokens, plans, blobs, keys, models, jobs, forget, sweep },
    openJobs: () => runner.open,
    problem: () => runner.problem,
    resume: () => runner.resume(),
    stop: () => runner.close(),
    async close() {
      await engine.close();
      vault.close();
    },
  };
}
