import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Locks } from "./locks.js";

/**
 * Objects by their ids, on durable ground: when a promise is fulfilled, what it stands for outlives a crash. Several
 * processes may share an implementation.
 */
export interface Records<T> {
  get(id: string): Promise<T | undefined>;
  /** @param group only ids that begin with it and an underscore */
  all(group?: string): Promise<readonly (readonly [id: string, value: T])[]>;
  /**
   * @param lasting whether it has to outlive the machine's own crash; the process's it does
   * @returns false where there is one with the id already, which stays as it is
   */
  create(id: string, value: T, lasting?: boolean): Promise<boolean>;
  /**
   * Puts what `change` makes of the value in its place, and nobody comes between: `change` may be asked more than once. The value
   * itself leaves it as it is.
   * @returns it; undefined where there is none
   */
  update(id: string, change: (value: T) => T, lasting?: boolean): Promise<T | undefined>;
  /** @returns whether it was there */
  delete(id: string): Promise<boolean>;
}

const NAME = /^[A-Za-z0-9_-]{1,128}$/;

/** One JSON file for each record, in memory as well. For one process. */
export class DirectoryRecords<T> implements Records<T> {
  private readonly values = new Map<string, T>();
  /** Changes of one record wait for one another. */
  private readonly locks = new Locks();

  private constructor(private readonly folder: string) {}

  static async open<T>(folder: string): Promise<DirectoryRecords<T>> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const records = new DirectoryRecords<T>(folder);
    for (const file of await readdir(folder)) {
      if (file.endsWith(".json"))
        records.values.set(file.slice(0, -5), JSON.parse(await readFile(join(folder, file), "utf8")));
      else await rm(join(folder, file), { force: true }); // half written when the process ended
    }
    return records;
  }

  async get(id: string): Promise<T | undefined> {
    return this.values.get(id);
  }

  async all(group?: string): Promise<readonly (readonly [string, T])[]> {
    const all = [...this.values];
    return group === undefined ? all : all.filter(([id]) => id.startsWith(`${group}_`));
  }

  create(id: string, value: T, lasting = true): Promise<boolean> {
    return this.locks.alone(id, async () => {
      if (this.values.has(id)) return false;
      await this.write(id, value, lasting);
      return true;
    });
  }

  update(id: string, change: (value: T) => T, lasting = true): Promise<T | undefined> {
    return this.locks.alone(id, async () => {
      const value = this.values.get(id);
      if (value === undefined) return undefined;
      const changed = change(value);
      if (changed !== value) await this.write(id, changed, lasting);
      return changed;
    });
  }

  delete(id: string): Promise<boolean> {
    return this.locks.alone(id, async () => {
      if (!this.values.has(id)) return false;
      await rm(this.path(id), { force: true });
      await syncFolder(this.folder);
      return this.values.delete(id);
    });
  }

  private async write(id: string, value: T, lasting: boolean): Promise<void> {
    const partial = `${this.path(id)}.partial`;
    const file = await open(partial, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(value));
      await file.datasync(); // always: a name must not come to stand for less than the whole
    } finally {
      await file.close();
    }
    await rename(partial, this.path(id));
    if (lasting) await syncFolder(this.folder);
    this.values.set(id, value);
  }

  private path(id: string): string {
    if (!NAME.test(id)) throw new RangeError(`${JSON.stringify(id)} is no name of a record`);
    return join(this.folder, `${id}.json`);
  }
}

/** A name in a folder outlives a crash once the folder itself was written. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
