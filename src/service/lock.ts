import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../errors.js";

/**
 * Takes a folder for this process: records are in memory, and two processes would not see each other's.
 * @returns what gives it back
 * @throws DataError where another process that lives has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, "lock");
  for (;;) {
    const file = await open(path, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return undefined;
      throw error;
    });
    if (file) {
      await file.writeFile(`${process.pid}`);
      await file.close();
      return () => rm(path, { force: true });
    }
    const pid = Number(await readFile(path, "utf8").catch(() => "0"));
    if (isAlive(pid)) throw new DataError(`process ${pid} serves ${folder}`, "end it first, or take another folder");
    await rm(path, { force: true }); // of a process that was killed
  }
}

/** In a container each start has the same number: one's own is an earlier start's. */
function isAlive(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
