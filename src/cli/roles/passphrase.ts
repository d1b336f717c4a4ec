import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UsageError } from "../failure.js";

/** Where a passphrase may come from besides a person: never from the arguments, which other users see. */
const VARIABLE = "BLINDSIGHT_PASSPHRASE";

/**
 * Asks for a passphrase: the environment's variable, a person at a terminal, who does not see what is typed, or the first line of
 * what is piped in.
 * @param twice whether a person is to type it again: for a new one
 * @throws UsageError for none, or two that differ
 */
export async function askPassphrase(what: string, twice: boolean): Promise<string> {
  const told = process.env[VARIABLE];
  if (told) return told;
  const first = await ask(`passphrase for ${what}: `);
  if (!first) throw new UsageError("no passphrase was given", `type one, pipe a line in, or set ${VARIABLE}`);
  if (twice && process.stdin.isTTY && (await ask("the same again: ")) !== first) {
    throw new UsageError("the two passphrases differ", "run the command again");
  }
  return first;
}

/** A line of the input; of a terminal it is not echoed. */
function ask(prompt: string): Promise<string> {
  const terminal = process.stdin.isTTY === true;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal });
  if (terminal) process.stderr.write(prompt);
  return new Promise((resolve, reject) => {
    let line = "";
    lines.once("line", (text) => {
      line = text;
      lines.close();
    });
    lines.once("SIGINT", () => {
      lines.close();
      reject(new UsageError("no passphrase was given", "run the command again"));
    });
    lines.once("close", () => {
      if (terminal) process.stderr.write("\n");
      resolve(line);
    });
  });
}
