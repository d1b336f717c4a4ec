import { writeFile } from "node:fs/promises";
import { type PhantomCounts, phantomsNpz } from "../data/phantom-set.js";
import { DataError } from "../errors.js";
import { sizeOf } from "./narrate.js";
import { openTerminal } from "./terminal.js";

export interface PhantomsOptions extends PhantomCounts {
  readonly seed: number;
  readonly json?: boolean;
}

/**
 * `blindsight phantoms`: writes phantoms as an npz file with MedMNIST's arrays.
 * @throws DataError when the file exists already or cannot be written.
 */
export async function phantoms(file: string, options: PhantomsOptions): Promise<void> {
  const terminal = openTerminal(options);
  const { seed, train, val, test } = options;
  const bytes = phantomsNpz(seed, { train, val, test });
  await writeFile(file, bytes, { flag: "wx" }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "EEXIST")
      throw new DataError(`${file} exists already`, "name another file, or delete it", { cause });
    throw new DataError(`${file} cannot be written (${cause.code})`, "name a file in a folder that you may write to", {
      cause,
    });
  });
  if (terminal.json) terminal.object({ file, bytes: bytes.length, seed, train, val, test });
  else
    terminal.say(
      `${file}: ${train} + ${val} + ${test} phantoms (train, val, test) of seed ${seed}, ${sizeOf(bytes.length)}`,
    );
}
