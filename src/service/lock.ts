import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { DataError } from "../errors.js";

/** Who has a folder. A number of a process alone says little: after a restart, or in another container, another has it. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When the process began, in the kernel's ticks; empty where it does not say. */
  readonly started: string;
}

const BEAT_MS = 5_000;
/** Of a holder on another host nothing else can be known. */
const DEAD_MS = 30_000;

/**
 * Takes a folder for this process: records are in memory, and two processes would not see each other's.
 * @returns what gives it back
 * @throws DataError where another process that lives has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "lock");
  const own = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(own, JSON.stringify(await holderOf(process.pid)), { mode: 0o600 });
  try {
    for (let attempt = 0; !(await linked(own, path)); attempt++) {
      const holder = await aliveHolder(path);
      if (holder || attempt > 10) {
        const who = holder ? `process ${holder.pid} on ${holder.host}` : "another process";
        throw new DataError(`${who} serves ${folder}`, "end it first, or take another folder");
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
  const beating = setInterval(() => utimes(path, new Date(), new Date()).catch(() => undefined), BEAT_MS);
  beating.unref();
  return async () => {
    clearInterval(beating);
    await rm(path, { force: true });
  };
}

/** A link is made whole or not at all. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function aliveHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder: Holder = JSON.parse(await readFile(path, "utf8"));
    if (typeof holder.host !== "string" || !Number.isInteger(holder.pid)) return undefined;
    if (holder.host !== hostname()) return Date.now() - (await stat(path)).mtimeMs < DEAD_MS ? holder : undefined;
    const now = isAlive(holder.pid) ? await holderOf(holder.pid) : undefined;
    return now?.started === holder.started ? holder : undefined;
  } catch {
    return undefined; // gone meanwhile, or nobody's
  }
}

async function holderOf(pid: number): Promise<Holder> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const started = text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  return { host: hostname(), pid, started };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
