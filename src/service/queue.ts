import type { JobRecord } from "./job-record.js";
import type { Watchers } from "./watchers.js";

/** Brings jobs to whoever computes them. What they are stands in their records; here they are names. */
export interface JobQueue {
  /** Who waits for jobs to change. */
  readonly watchers: Watchers;
  /** Durable when it is fulfilled. Nothing happens for one that is there. */
  add(name: string, job: JobRecord): Promise<void>;
  /** Takes out a job that has ended, or is gone; ends its run. */
  remove(name: string, job: JobRecord): Promise<void>;
  /** Steps that are computed of a job that runs. */
  steps(name: string): number;
  /** Jobs that wait or run. */
  open(): Promise<number>;
  /** When no job of the tenant runs any more. */
  settled(tenant: string): Promise<void>;
  /** Why no jobs are taken; undefined while all is well. */
  problem(): string | undefined;
  /** Ends the runs that are this process's: the next one begins them again. */
  close(): Promise<void>;
}
