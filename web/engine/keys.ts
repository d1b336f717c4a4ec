/** Keys of this workstation: wrapped, in this browser's IndexedDB. What lies there opens with its passphrase only. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { StoredKey } from "./messages.js";
import { plainText } from "./outcome.js";
import { PageError } from "./page-error.js";

/** A key as it is stored. */
export interface KeptKey extends StoredKey {
  /** What KeyHolder.toWrappedBytes wrote: plan and fingerprint are authenticated in it. */
  readonly wrapped: Uint8Array<ArrayBuffer>;
  /** The plan's file; its identity is computed again when it is read. */
  readonly planFile: Uint8Array<ArrayBuffer>;
}

interface Schema extends DBSchema {
  keys: { key: string; value: KeptKey };
}

export class KeyShelf {
  private constructor(private readonly database: IDBPDatabase<Schema>) {}

  static async open(): Promise<KeyShelf> {
    return new KeyShelf(
      await openDB<Schema>("blindsight", 1, {
        upgrade: (database) => void database.createObjectStore("keys", { keyPath: "fingerprint" }),
      }),
    );
  }

  /** Records that somebody else wrote into the store are left out where they are no keys. */
  async all(): Promise<StoredKey[]> {
    const kept = (await this.database.getAll("keys")).filter(isKey);
    return kept
      .sort((a, b) => b.created - a.created)
      .map(({ fingerprint, plan, name, created, saved }) => ({
        fingerprint,
        plan,
        name: plainText(name),
        created,
        saved,
      }));
  }

  /** @throws Error for a key that is not here */
  async get(fingerprint: string): Promise<KeptKey> {
    const kept = await this.database.get("keys", fingerprint);
    if (kept) return kept;
    throw new PageError("keyGone", "this key is not on this workstation any more");
  }

  async put(key: KeptKey): Promise<void> {
    await this.database.put("keys", key);
  }

  async remove(fingerprint: string): Promise<void> {
    await this.database.delete("keys", fingerprint);
  }
}

function isKey({ fingerprint, plan, name, created, saved }: KeptKey): boolean {
  const isDigest = (text: unknown) => typeof text === "string" && /^[0-9a-f]{64}$/.test(text);
  const isTime = typeof created === "number" && Math.abs(created) < 8e15;
  return isDigest(fingerprint) && isDigest(plan) && typeof name === "string" && isTime && typeof saved === "boolean";
}
