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

/** What the code says, and where: messages of the system hold paths, and so tenants' names. */
function describe(error: unknown): { name: string; message: string; stack: string; cause?: string } {
  const { name, message, stack = "", cause } = error instanceof Error ? error : new Error(String(error));
  const said = messageOf(error) ?? message;
  const places = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return {
    name,
    message: said,
    stack: places.join("\n"),
    ...(cause instanceof Error && { cause: messageOf(cause) ?? cause.message }),
  };
}

/** Of an error of the system: `EACCES: open`. */
function messageOf(error: unknown): string | undefined {
  if (!(error instanceof Error && "syscall" in error && "code" in error)) return undefined;
  return `${error.code}: ${error.syscall}`;
}
