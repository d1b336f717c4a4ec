import { Plan } from "../nn/index.js";
import type { PlanState } from "../protocol/messages.js";
import { notFound, Refusal } from "./failures.js";
import type { Records } from "./records.js";
import { type ObjectStore, PLANS } from "./store.js";
import type { Caller } from "./tokens.js";

/** What is kept of a plan beside its file. */
export interface PlanRecord {
  readonly name: string;
  readonly bytes: number;
  readonly created: number;
  /** Those that give models for it: who registered it. The operator's are for every owner. */
  readonly owners: readonly string[] | "all";
  readonly obsoleteBy?: string;
}

/** Of one owner, and of the operator. */
const MOST_PLANS = 64;

/** The plans that the service runs. Only operator and owners register them: a hospital's own could make a result of the weights. */
export class Plans {
  private readonly read = new Map<string, Plan>();

  constructor(
    private readonly records: Records<PlanRecord>,
    /** Files as they are: they are public. */
    private readonly objects: ObjectStore,
    private readonly now: () => number,
  ) {}

  /** @throws Refusal for a plan of another identity than `id`, or of a plain model; FormatError, ParameterError for none */
  async register({ scope, tenant }: Caller, id: string, file: Uint8Array): Promise<PlanState> {
    const plan = await Plan.fromBytes(file);
    if (plan.identity !== id) {
      throw new Refusal("unacceptable", `this plan's identity is ${plan.identity}`, "put it under that");
    }
    if (plan.model !== "encrypted") {
      const fix = 'compile with model: "encrypted": the service holds other people\'s models, and must not read them';
      throw new Refusal("unacceptable", "the plan is for a model in the clear", fix);
    }
    const owners = scope === "operator" ? "all" : [tenant];
    const own = (await this.records.all()).filter(([, record]) => isAmong(record.owners, tenant)).length;
    if (own >= MOST_PLANS) throw new Refusal("over-quota", `${own} plans are yours`, "ask the operator");
    await this.objects.put(`${PLANS}/${id}`, [file]);
    const made = await this.records.create(id, {
      name: plan.card.name,
      bytes: file.length,
      created: this.now(),
      owners,
    });
    if (!made) await this.records.update(id, (old) => ({ ...old, owners: joined(old.owners, owners) }));
    return this.state(id);
  }

  /** Jobs, keys and models of it are refused from then on, with the name of the new one. */
  async obsolete(caller: Caller, id: string, by: string): Promise<PlanState> {
    const record = await this.record(id);
    const alone = Array.isArray(record.owners) && record.owners.length === 1 && record.owners[0] === caller.tenant;
    if (caller.scope !== "operator" && !alone) {
      const fix = "ask the operator";
      throw new Refusal("forbidden", "an owner makes a plan obsolete that no other owner registered", fix);
    }
    if (by === id) throw new Refusal("bad-request", "a plan cannot take its own place", "name another");
    await this.requireCurrent(by);
    await this.records.update(id, (old) => ({ ...old, obsoleteBy: by }));
    return this.state(id);
  }

  async state(id: string): Promise<PlanState> {
    return stateOf(id, await this.record(id));
  }

  async all(): Promise<PlanState[]> {
    return (await this.records.all()).map(([id, record]) => stateOf(id, record));
  }

  async file(id: string): Promise<Uint8Array> {
    await this.record(id);
    const file = await this.objects.get(`${PLANS}/${id}`);
    if (!file) throw new Error(`the file of plan ${id} is gone`);
    return file;
  }

  async plan(id: string): Promise<Plan> {
    const known = this.read.get(id);
    if (known) return known;
    const plan = await Plan.fromBytes(await this.file(id));
    this.read.set(id, plan);
    return plan;
  }

  /** Whether an owner gives models for it. */
  async isFor(owner: string, id: string): Promise<boolean> {
    const record = await this.records.get(id);
    return record !== undefined && isAmong(record.owners, owner);
  }

  /** A name that is nobody's any more. */
  async forgetOwner(tenant: string): Promise<void> {
    const without = (owners: PlanRecord["owners"]) =>
      owners === "all" ? owners : owners.filter((name) => name !== tenant);
    for (const [id] of await this.records.all())
      await this.records.update(id, (old) => ({ ...old, owners: without(old.owners) }));
  }

  /** @throws Refusal 410 with the new plan's name for an obsolete one */
  async requireCurrent(id: string): Promise<void> {
    const { obsoleteBy: by } = await this.record(id);
    if (by) throw new Refusal("obsolete", "this plan is obsolete", `make keys and models for plan ${by}`, { by });
  }

  private async record(id: string): Promise<PlanRecord> {
    const record = await this.records.get(id);
    if (!record) throw notFound("plan");
    return record;
  }
}

function isAmong(owners: PlanRecord["owners"], tenant: string): boolean {
  return owners === "all" || owners.includes(tenant);
}

function joined(a: PlanRecord["owners"], b: PlanRecord["owners"]): PlanRecord["owners"] {
  return a === "all" || b === "all" ? "all" : [...new Set([...a, ...b])];
}

function stateOf(id: string, { name, bytes, created, obsoleteBy }: PlanRecord): PlanState {
  return { id, name, bytes, created, ...(obsoleteBy && { obsoleteBy }) };
}
