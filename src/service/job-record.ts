import type { Failure, JobState } from "../protocol/messages.js";
import type { Refusal } from "./failures.js";
import type { Records } from "./records.js";

/** One diagnosis. It names a model, never a plan. */
export interface JobRecord {
  readonly id: string;
  /** Random: ids are the hospital's, and may be given again when a job is gone. A run's end is for its own job only. */
  readonly nonce: string;
  readonly tenant: string;
  readonly model: string;
  readonly image: string;
  readonly plan: string;
  readonly key: string;
  /** Of the model, for the result to state. */
  readonly of: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly steps: number;
  readonly state: JobState["state"];
  /** How often it was begun: a run that takes its process down is not repeated for ever. */
  readonly attempts: number;
  readonly created: number;
  readonly ended?: number;
  /** Gone once the hospital has it. */
  readonly result?: {
    readonly sha256: string;
    readonly bytes: number;
    /** Which of its runs gave it. */
    readonly run: string;
  };
  readonly error?: Failure;
}

/** How a job ends. */
export type Outcome = Pick<JobRecord, "state" | "result" | "error">;

export function failed({ code, message, fix }: Refusal): Outcome {
  return { state: "failed", error: { code, message, fix } };
}

/**
 * Ends a job. A job may run more than once, on several machines: the first end holds.
 * @returns whether this was the first, of this very job, which is still there
 */
export async function endJob(
  records: Records<JobRecord>,
  { tenant, id, nonce }: JobRecord,
  outcome: Outcome,
  now: number,
): Promise<boolean> {
  let first = false;
  await records.update(jobName(tenant, id), (old) => {
    first = old.ended === undefined && old.nonce === nonce;
    return first ? { ...old, ...outcome, ended: now } : old;
  });
  return first;
}

/** A tenant's name has no underscore. */
export function jobName(tenant: string, id: string): string {
  return `${tenant}_${id}`;
}

/** Of a job's name. */
export function tenantOf(name: string): string {
  return name.slice(0, name.indexOf("_"));
}

/** Where a job's results lie: one for each run that came to its end. */
export function resultsOf(id: string): string {
  return `results/${id}`;
}
