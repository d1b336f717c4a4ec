import { BlindsightError } from "../src/errors.js";

/** Options that make no sense, files that are no records, a result that is wrong. */
export class BenchError extends BlindsightError {}

/** A bench's whole run: what it throws is a line and an exit code. */
export async function runBench(main: (args: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    const { line, exitCode } = failureOf(error);
    process.stderr.write(`${line}\n`);
    process.exitCode = exitCode;
  }
}

/** One line for stderr, and the exit code: 2 for what the caller can put right, 1 for what should not happen. */
export function failureOf(error: unknown): { readonly line: string; readonly exitCode: number } {
  const known = error instanceof BlindsightError;
  const text = known ? `${error.message} — ${error.fix}` : `unexpected ${String(error)} — please report it`;
  return { line: `bench: ${text.replace(/[\s\p{Cc}]+/gu, " ").trim()}`, exitCode: known ? 2 : 1 };
}
