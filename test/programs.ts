import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether a program of the system is there: tests that need one are skipped without, and say so. */
export function hasProgram(name: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  const there = folders.some((folder) => existsSync(join(folder, name)));
  if (!there) console.log(`skipped: there is no ${name} (Debian's package has it)`);
  return there;
}
