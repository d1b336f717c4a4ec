import type { Failure, JobState } from "../protocol/messages.js";

/** One diagnosis. It names a model, never a plan. */
export interface JobRecord {
  readonly id: string;
  readonly tenant: string;
  readonly model: string;
  readonly image: string;
  readonly plan: string;
  readonly key: string;
  /** Of the model, for the result to state. */
  readonly of: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly steps: number;
  readonly state: JobState["state"];
  /** How often it was begun: a run that takes the service down is not repeated for ever. */
  readonly attempts: number;
  readonly created: number;
  readonly ended?: number;
  /** Gone once the hospital has it. */
  readonly result?: { readonly sha256: string; readonly bytes: number };
  readonly error?: Failure;
}

/** A tenant's name has no underscore. */
export function jobName(tenant: string, id: string): string {
  return `${tenant}_${id}`;
}

/** Of a job's name. */
export function tenantOf(name: string): string {
  return name.slice(0, name.indexOf("_"));
}

/** Where a job's result lies. */
export function resultOf(id: string): string {
  return `results/${id}`;
}
