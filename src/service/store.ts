import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "./records.js";

/** Objects of a few megabytes by names like `tenant/blob/3`: a directory, or a bucket. */
export interface ObjectStore {
  /** Parts, one behind the other. Durable when it is fulfilled; replaces what was there. */
  put(name: string, parts: readonly Uint8Array[]): Promise<void>;
  get(name: string): Promise<Uint8Array | undefined>;
  /** The object of that name, or everything whose name begins with it and a slash. */
  remove(folder: string): Promise<void>;
  /** Names of what lies directly in a folder, objects and folders. */
  list(folder: string): Promise<string[]>;
}

/** Where plans lie: a name that no tenant has. */
export const PLANS = "PLANS";

const NAME = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

/** @throws RangeError for what is no name of an object */
export function requireName(name: string): string {
  if (isName(name)) return name;
  throw new RangeError(`${JSON.stringify(name)} is no name of an object`);
}

export class DirectoryStore implements ObjectStore {
  private constructor(private readonly folder: string) {}

  static async open(folder: string): Promise<DirectoryStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new DirectoryStore(folder);
  }

  async put(name: string, parts: readonly Uint8Array[]): Promise<void> {
    const path = this.path(name);
    const partial = `${path}.${randomBytes(6).toString("hex")}.partial`; // two may write the same
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(partial, "w", 0o600);
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    await syncFolder(dirname(path));
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.path(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async remove(folder: string): Promise<void> {
    await rm(this.path(folder), { recursive: true, force: true });
  }

  async list(folder: string): Promise<string[]> {
    const names = await readdir(folder === "" ? this.folder : this.path(folder)).catch(() => []);
    return names.filter(isName); // not what was half written
  }

  private path(name: string): string {
    return join(this.folder, requireName(name));
  }
}
