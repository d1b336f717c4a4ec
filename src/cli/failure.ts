import { CommanderError } from "commander";
import { BlindsightError } from "../errors.js";

/** Options or operands that do not make sense, or do not fit together. */
export class UsageError extends BlindsightError {
  override get name(): string {
    return "UsageError";
  }
}

/** The user, or the system, ended a command before it was done. */
export class Interrupted extends BlindsightError {
  override get name(): string {
    return "Interrupted";
  }
}

export interface Failure {
  /** One line for stderr; absent when nothing went wrong (--help, --version). */
  readonly line?: string;
  /** 0 after --help; 2 for bad input; 130 after Ctrl-C; 1 for what should not happen. */
  readonly exitCode: number;
}

/** What the command line says of an error: one line that names it and the way out, and the exit code. */
export function failureOf(error: unknown, args: readonly string[], commands: readonly string[]): Failure {
  if (error instanceof CommanderError) return ofCommander(error, args, commands);
  if (error instanceof BlindsightError) {
    const exitCode = error instanceof Interrupted ? 130 : 2;
    return { line: oneLine(`${error.message} — ${error.fix}`), exitCode };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const fix = "set BLINDSIGHT_DEBUG=1 for the stack, and report it";
  return { line: oneLine(`unexpected ${message} — ${fix}`), exitCode: 1 };
}

/**
 * The same error, with what it is about in front: readers of bytes do not know the file's name.
 * Errors that are not blindsight's own become a `fallback`.
 */
export function about<E extends BlindsightError>(
  what: string,
  cause: unknown,
  fallback: new (message: string, fix: string, options?: ErrorOptions) => E,
  fix: string,
): BlindsightError {
  if (!(cause instanceof BlindsightError)) return new fallback(`${what}: ${(cause as Error).message}`, fix, { cause });
  const Kind = cause.constructor as typeof BlindsightError;
  return new Kind(`${what}: ${cause.message}`, cause.fix, { cause });
}

function ofCommander(error: CommanderError, args: readonly string[], commands: readonly string[]): Failure {
  if (error.exitCode === 0) return { exitCode: 0 };
  const [first] = args;
  // An unknown word goes to the default command, which takes none.
  if (error.code === "commander.excessArguments" && first && !first.startsWith("-") && !commands.includes(first)) {
    return { line: oneLine(`unknown command "${first}" — the commands are ${commands.join(", ")}`), exitCode: 2 };
  }
  const command = first && commands.includes(first) ? `${first} ` : "";
  const message = error.message.replace(/^error: /, "");
  return { line: oneLine(`${message} — see blindsight ${command}--help`), exitCode: 2 };
}

/** File names and model cards are other people's text: no line break and no escape sequence of theirs gets through. */
function oneLine(text: string): string {
  return `blindsight: ${text.replace(/[\s\p{Cc}]+/gu, " ").trim()}`;
}
