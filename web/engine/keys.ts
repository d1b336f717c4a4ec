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

  /** @param onEnd called when the browser ends the connection */
  static async open(onEnd: () => void): Promise<KeyShelf> {
    return new KeyShelf(
      await openDB<Schema>("blindsight", 1, {
        upgrade: (database) => void database.createObjectStore("keys", { keyPath: "fingerprint" }),
        // A tab of a later version wants to change it.
        blocking: (_now, _later, event) => (event.target as IDBDatabase | null)?.close(),
        terminated: onEnd,
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

  /** In one transaction: a key that another tab removed meanwhile does not come back. */
  async markSaved(fingerprint: string): Promise<void> {
    const transaction = this.database.transaction("keys", "readwrite");
    const kept = await transaction.store.get(fingerprint);
    if (kept) await transaction.store.put({ ...kept, saved: true });
    await transaction.done;
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
