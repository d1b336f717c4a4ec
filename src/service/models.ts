import { randomBytes } from "node:crypto";
import { readModelLabels } from "../nn/formats/model.js";
import type { ModelState } from "../protocol/messages.js";
import type { Blobs } from "./blobs.js";
import type { Engine } from "./engine.js";
import { notFound, Refusal } from "./failures.js";
import { type Keys, requireFingerprint } from "./keys.js";
import { Locks } from "./locks.js";
import type { Plans } from "./plans.js";
import type { Records } from "./records.js";
import type { Caller } from "./tokens.js";

/** An encrypted model, bound to one plan and one key. Its bytes never leave the service. */
export interface ModelRecord {
  readonly owner: string;
  /** Whose key it is under. */
  readonly hospital: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly plan: string;
  readonly blob: string;
  readonly bytes: number;
  readonly name: string;
  readonly version: string;
  readonly commitment: string;
  readonly created: number;
  readonly budget: number;
  readonly used: number;
  /** The last jobs that were charged, and when: one whose answer was lost is charged once. */
  readonly charged: readonly { readonly job: string; readonly at: number }[];
  readonly revoked: boolean;
}

/** Under one key. */
const MOST_MODELS = 64;
/** More than may be on their way at once. */
const MOST_CHARGES = 128;
/** Ids are the hospital's, and may be given again when the job's record is gone, after a day. */
const CHARGE_MS = 3_600_000;

/** What an owner says of a model. */
export type ModelRegistration = Pick<ModelRecord, "key" | "blob" | "name" | "version" | "commitment" | "budget">;

export class Models {
  private readonly locks = new Locks();

  constructor(
    readonly records: Records<ModelRecord>,
    private readonly parts: {
      readonly plans: Plans;
      readonly blobs: Blobs;
      readonly engine: Engine;
      readonly keys: () => Keys;
    },
    private readonly now: () => number,
  ) {}

  /** @throws Refusal for a blob that is no model of the key's plan, under that key */
  register(caller: Caller, registration: ModelRegistration): Promise<ModelState> {
    // One of an owner at a time: the same sent twice would be two models, and two budgets.
    return this.locks.alone(caller.tenant, () => this.admit(caller, registration));
  }

  private async admit(caller: Caller, { key, blob, ...told }: ModelRegistration): Promise<ModelState> {
    const { plans, blobs, keys } = this.parts;
    const { plan, fingerprint, tenant: hospital } = await keys().record(caller, key);
    await plans.requireCurrent(plan);
    const { bytes } = await blobs.requireComplete(caller.tenant, blob, "model");
    const labels = await readModelLabels(await blobs.open(caller.tenant, blob, "model"));
    if (labels.identity !== plan) {
      throw new Refusal("unacceptable", `the model was made for plan ${labels.identity}`, `make it for ${plan}`);
    }
    requireFingerprint(labels.fingerprint, fingerprint);
    const there = (await this.records.all()).find(
      ([, old]) =>
        old.owner === caller.tenant &&
        old.key === key &&
        old.blob === blob &&
        old.name === told.name &&
        old.version === told.version,
    );
    if (there) return stateOf(...there); // the answer was lost: a second model would be a second budget
    if ((await this.ofKey(key)).length >= MOST_MODELS) {
      throw new Refusal("over-quota", `there are ${MOST_MODELS} models under this key`, "delete old ones");
    }
    const id = randomBytes(16).toString("hex");
    const bound = { owner: caller.tenant, hospital, key, fingerprint, plan, blob, bytes };
    const record = { ...bound, ...told, created: this.now(), used: 0, charged: [], revoked: false };
    await this.records.create(id, record);
    return stateOf(id, record);
  }

  /** An owner's own; of a hospital those under its keys. */
  async all(caller: Caller): Promise<ModelState[]> {
    const all = await this.records.all();
    return all.filter(([, record]) => isFor(caller, record)).map(([id, record]) => stateOf(id, record));
  }

  async change(caller: Caller, id: string, change: { budget?: number; revoked?: boolean }): Promise<ModelState> {
    await this.requireOwn(caller, id);
    const record = await this.records.update(id, (old) => ({ ...old, ...change }));
    if (!record) throw notFound("model");
    return stateOf(id, record);
  }

  async record(caller: Caller, id: string): Promise<ModelRecord> {
    const record = await this.records.get(id);
    if (!record || !isFor(caller, record)) throw notFound("model");
    return record;
  }

  async requireOwn({ tenant }: Caller, id: string): Promise<ModelRecord> {
    const record = await this.records.get(id);
    if (record?.owner !== tenant) throw notFound("model");
    return record;
  }

  /** Takes a job's diagnosis from the budget, once. @throws Refusal where none is left, or the owner revoked or deleted the model */
  async spend(id: string, job: string): Promise<void> {
    let refusal: Refusal | undefined;
    const record = await this.records.update(id, (old) => {
      refusal = undefined;
      const now = this.now();
      const charged = old.charged.filter(({ at }) => now - at < CHARGE_MS);
      if (old.revoked) refusal = new Refusal("forbidden", "the owner revoked this model", "ask its owner");
      else if (charged.some((each) => each.job === job)) return old;
      else if (old.used >= old.budget) {
        const what = `all ${old.budget} diagnoses of this model are used`;
        refusal = new Refusal("budget-spent", what, "ask its owner for more");
      } else return { ...old, used: old.used + 1, charged: [...charged.slice(1 - MOST_CHARGES), { job, at: now }] };
      return old;
    });
    if (!record) throw notFound("model");
    if (refusal) throw refusal;
  }

  /** Of a job that gave no result, and whose failure was not the image's. */
  async refund(id: string, job: string): Promise<void> {
    await this.records.update(id, (old) => {
      const charged = old.charged.filter((each) => each.job !== job);
      return { ...old, used: Math.max(0, old.used - 1), charged };
    });
  }

  async delete(id: string): Promise<void> {
    const record = await this.records.get(id);
    if (!record) return; // somebody was faster
    await this.records.delete(id);
    this.parts.engine.forget(id);
    const left = (await this.records.all()).some(
      ([, { owner, blob }]) => owner === record.owner && blob === record.blob,
    );
    if (!left) await this.parts.blobs.delete(record.owner, record.blob);
  }

  async ofKey(key: string): Promise<string[]> {
    return (await this.records.all()).filter(([, record]) => record.key === key).map(([id]) => id);
  }
}

function isFor({ scope, tenant }: Caller, { owner, hospital }: ModelRecord): boolean {
  return scope === "owner" ? owner === tenant : scope === "hospital" && hospital === tenant;
}

function stateOf(id: string, record: ModelRecord): ModelState {
  const { name, version, plan, key, fingerprint, blob, bytes, commitment, created, budget, used, revoked } = record;
  const said = { id, owner: record.owner, name, version, plan, key, fingerprint, sha256: blob, bytes };
  return { ...said, commitment, created, budget, used, revoked };
}
