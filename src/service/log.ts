import { pino } from "pino";
import type { AuditLine } from "./audit.js";
import type { Settings } from "./options.js";

/** What is written: one JSON object a line. */
export interface Log {
  readonly audit: (line: AuditLine) => void;
  /** @param job whose run failed */
  readonly error: (error: unknown, job?: { readonly id: string }) => void;
}

export function openLog({ log, logLevel }: Settings): Log {
  const out = pino({ level: logLevel }, log);
  return {
    audit: ({ time, ...line }) => out.info({ at: time, ...line }, "audit"),
    error: (error, job) =>
      job
        ? out.error({ job: job.id, error: describe(error) }, "a job failed")
        : out.error({ error: describe(error) }, "failed"),
  };
}

/** Of errors only what the code says: other fields may hold what was sent. */
function describe(error: unknown): { name: string; message: string; stack: string | undefined; cause?: string } {
  const { name, message, stack, cause } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack, ...(cause instanceof Error && { cause: `${cause.name}: ${cause.message}` }) };
}
