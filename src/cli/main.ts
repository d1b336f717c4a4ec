#!/usr/bin/env node
import { failureOf } from "./failure.js";
import { buildProgram } from "./program.js";

// Node's own warnings (experimental, deprecated) are for developers: stderr is for ours.
process.removeAllListeners("warning");
// `blindsight … | head` closes the pipe early.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const args = process.argv.slice(2);
const program = buildProgram(args.length === 0);
try {
  await program.parseAsync(args, { from: "user" });
} catch (error) {
  const { line, exitCode } = failureOf(
    error,
    args,
    program.commands.map((command) => command.name()),
  );
  if (line) process.stderr.write(`${line}\n`);
  if (exitCode !== 0 && process.env["BLINDSIGHT_DEBUG"]) console.error(error);
  process.exitCode = exitCode;
}
