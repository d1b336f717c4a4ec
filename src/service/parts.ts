import type { Device } from "../ntt/device.js";
import { type BlobRecord, Blobs } from "./blobs.js";
import { Engine, type EngineLimits } from "./engine.js";
import type { JobRecord } from "./job-record.js";
import { type KeyRecord, Keys } from "./keys.js";
import { type ModelRecord, Models } from "./models.js";
import { type PlanRecord, Plans } from "./plans.js";
import type { Records } from "./records.js";
import type { JobParts } from "./runs.js";
import type { ObjectStore } from "./store.js";
import { type TokenRecord, Tokens } from "./tokens.js";
import { type TenantKey, Vault } from "./vault.js";

/** Where things are kept: on one machine, or where several can reach them. */
export interface Ground {
  readonly objects: ObjectStore;
  /** Of one kind, by its name. */
  records<T>(name: string): Promise<Records<T>>;
}

/** What the parts are made with. */
export interface PartOptions {
  readonly masterKey: Uint8Array;
  readonly device: Device;
  readonly quotaBytes: number;
  readonly engine: EngineLimits;
  readonly now: () => number;
  /** A process that only computes makes no tenants. */
  readonly worker: boolean;
  /** Of images that were just sent, where this process computes on them. */
  readonly recentBytes?: number;
}

/** What is kept, and what computes on it. */
export interface Parts extends JobParts {
  readonly tokens: Tokens;
  /** Ends the computing and overwrites the keys. The device stays the caller's. */
  close(): Promise<void>;
}

/** @throws DataError where the master key is not the one of what is kept */
export async function openParts(ground: Ground, options: PartOptions): Promise<Parts> {
  const { now, device, masterKey, worker } = options;
  const { objects } = ground;
  const vault = new Vault(objects, await ground.records<TenantKey>("tenants"), masterKey, !worker);
  await vault.bind();
  const tokens = new Tokens(await ground.records<TokenRecord>("tokens"), now);
  const blobs = new Blobs(
    await ground.records<BlobRecord>("blobs"),
    vault,
    options.quotaBytes,
    now,
    !worker,
    options.recentBytes,
  );
  const plans = new Plans(await ground.records<PlanRecord>("plans"), objects, now);
  const engine = new Engine(device, options.engine);
  const modelsOf = async (key: string): Promise<number> => (await models.ofKey(key)).length;
  const keys = new Keys(await ground.records<KeyRecord>("keys"), { plans, blobs, engine }, modelsOf, now);
  const models: Models = new Models(
    await ground.records<ModelRecord>("models"),
    { plans, blobs, engine, keys: () => keys },
    now,
  );
  const jobs = await ground.records<JobRecord>("jobs");
  return {
    ...{ tokens, blobs, plans, keys, models, jobs, engine, vault },
    async close() {
      await engine.close();
      vault.close();
    },
  };
}
