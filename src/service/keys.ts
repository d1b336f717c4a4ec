import { randomBytes } from "node:crypto";
import { collect } from "../bytes/stream.js";
import type { KeyState } from "../protocol/messages.js";
import type { Blobs } from "./blobs.js";
import type { Engine } from "./engine.js";
import { notFound, Refusal } from "./failures.js";
import type { Plans } from "./plans.js";
import type { Records } from "./records.js";
import type { Caller } from "./tokens.js";

/** A hospital's key for one plan: public key and evaluation keys. The secret one never comes here. */
export interface KeyRecord {
  readonly tenant: string;
  readonly plan: string;
  readonly fingerprint: string;
  /** Digests of the two blobs. */
  readonly publicKey: string;
  readonly evaluationKeys: string;
  readonly created: number;
  readonly lastUsed?: number;
}

export class Keys {
  /** Tenants whose key is looked at: that takes the device, and one at a time is enough. */
  private readonly checking = new Set<string>();

  constructor(
    readonly records: Records<KeyRecord>,
    private readonly parts: { readonly plans: Plans; readonly blobs: Blobs; readonly engine: Engine },
    /** Models under a key. */
    private readonly modelsOf: (key: string) => Promise<number>,
    private readonly now: () => number,
  ) {}

  /**
   * Takes two blobs for a key of a plan. They are read as a job would read them, first.
   * @returns the one that is there already for the same plan and blobs
   */
  async register(
    { tenant }: Caller,
    { plan: id, publicKey, evaluationKeys }: Pick<KeyRecord, "plan" | "publicKey" | "evaluationKeys">,
  ): Promise<KeyState> {
    const { plans, blobs, engine } = this.parts;
    await plans.requireCurrent(id);
    const there = (await this.records.all()).find(
      ([, key]) =>
        key.tenant === tenant &&
        key.plan === id &&
        key.evaluationKeys === evaluationKeys &&
        key.publicKey === publicKey,
    );
    if (there) return this.stateOf(...there);
    if (this.checking.has(tenant)) {
      throw new Refusal("busy", "another key of yours is looked at", "send it again", { retryAfter: 2 });
    }
    this.checking.add(tenant);
    try {
      const opened = await blobs.open(tenant, publicKey, "public key");
      const evaluation = await blobs.open(tenant, evaluationKeys, "evaluation keys");
      const fingerprint = await engine.checkKeys(await plans.plan(id), opened, evaluation);
      for (const sha256 of [publicKey, evaluationKeys]) await blobs.state(tenant, sha256); // nobody deleted them meanwhile
      const key = randomBytes(16).toString("hex");
      const record = { tenant, plan: id, fingerprint, publicKey, evaluationKeys, created: this.now() };
      await this.records.create(key, record);
      return await this.stateOf(key, record);
    } finally {
      this.checking.delete(tenant);
    }
  }

  /** A hospital's own; of an owner those that await a model of a plan of his. */
  async all(caller: Caller): Promise<KeyState[]> {
    const states: KeyState[] = [];
    for (const [id, record] of await this.records.all()) {
      if (await this.isFor(caller, record)) states.push(await this.stateOf(id, record));
    }
    return states;
  }

  async state(caller: Caller, id: string): Promise<KeyState> {
    return this.stateOf(id, await this.record(caller, id));
  }

  /** The file: a few megabytes. */
  async publicKey(caller: Caller, id: string): Promise<Uint8Array> {
    const { tenant, publicKey } = await this.record(caller, id);
    return collect(await this.parts.blobs.open(tenant, publicKey, "public key"));
  }

  /** @throws Refusal 404 for one that is not there, or not for the caller */
  async record(caller: Caller, id: string): Promise<KeyRecord> {
    const record = await this.records.get(id);
    if (!record || !(await this.isFor(caller, record))) throw notFound("key");
    return record;
  }

  /** The caller's own. */
  async requireOwn({ tenant }: Caller, id: string): Promise<KeyRecord> {
    const record = await this.records.get(id);
    if (record?.tenant !== tenant) throw notFound("key");
    return record;
  }

  /** Notes it, to the minute. */
  async used(id: string): Promise<void> {
    const now = this.now();
    const { lastUsed = 0 } = (await this.records.get(id)) ?? {};
    if (now - lastUsed >= 60_000) await this.records.update(id, (old) => ({ ...old, lastUsed: now }));
  }

  /** The record, and blobs that no other key of the tenant has. */
  async delete(id: string): Promise<void> {
    const record = await this.records.get(id);
    if (!record) return; // somebody was faster
    await this.records.delete(id);
    const left = (await this.records.all()).map(([, key]) => key).filter(({ tenant }) => tenant === record.tenant);
    const needed = new Set(left.flatMap(({ publicKey, evaluationKeys }) => [publicKey, evaluationKeys]));
    for (const sha256 of [record.publicKey, record.evaluationKeys]) {
      if (!needed.has(sha256)) await this.parts.blobs.delete(record.tenant, sha256);
    }
  }

  private async isFor({ scope, tenant }: Caller, record: KeyRecord): Promise<boolean> {
    if (scope === "hospital") return record.tenant === tenant;
    return scope === "owner" && (await this.parts.plans.isFor(tenant, record.plan));
  }

  private async stateOf(id: string, record: KeyRecord): Promise<KeyState> {
    const { fingerprint, plan, tenant, created, lastUsed } = record;
    const state = { id, fingerprint, plan, holder: tenant, created, models: await this.modelsOf(id) };
    return lastUsed === undefined ? state : { ...state, lastUsed };
  }
}

/** A fingerprint is 64 digits. */
export function requireFingerprint(found: string | undefined, expected: string): void {
  if (found === expected) return;
  const what = found === undefined ? "the model is not encrypted" : `the model is under key ${found.slice(0, 8)}…`;
  throw new Refusal(
    "unacceptable",
    `${what}, and the key's fingerprint is ${expected.slice(0, 8)}…`,
    "encrypt it for that key",
  );
}
