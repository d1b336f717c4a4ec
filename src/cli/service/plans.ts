import { HospitalClient } from "../../client/index.js";
import { UsageError } from "../failure.js";
import { requireNew, writeWhole } from "../roles/files.js";
import { inGroups } from "../roles/key-id.js";
import { openTerminal } from "../terminal.js";
import { connectionTo } from "./connection.js";

export interface PlansOptions {
  readonly service: string;
  readonly get?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** `blindsight plans`: the plans that a service runs, or one of them as a file. */
export async function plans(options: PlansOptions): Promise<void> {
  const terminal = openTerminal(options);
  const hospital = new HospitalClient(connectionTo(options.service));
  const { get, out } = options;
  if ((get === undefined) !== (out === undefined)) {
    throw new UsageError(
      "a plan's file takes both --get and --out",
      "name the plan's id, or the beginning of it, and a file",
    );
  }
  const all = await hospital.plans();
  if (get === undefined || out === undefined) {
    if (terminal.json) return terminal.object({ plans: all });
    for (const { id, name, obsoleteBy } of all) {
      terminal.say(`${name}${obsoleteBy ? `, obsolete: take ${obsoleteBy.slice(0, 8)}…` : ""}\n  ${inGroups(id)}`);
    }
    return;
  }
  await requireNew(out);
  const found = all.filter(({ id }) => get.length >= 4 && id.startsWith(get.replace(/\s/g, "").toLowerCase()));
  if (found.length !== 1) {
    throw new UsageError(`--get ${get} is the beginning of ${found.length} plans`, "see their ids with `plans`");
  }
  const plan = await hospital.plan(found[0].id);
  const bytes = await writeWhole(out, await plan.toBytes());
  if (terminal.json) return terminal.object({ file: out, bytes, plan: plan.identity, name: plan.card.name });
  terminal.say(`${out}: ${plan.card.name}, the plan ${inGroups(plan.identity)}`);
}
