import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { DataError } from "../errors.js";
import { notFound, Refusal } from "./failures.js";
import type { Records } from "./records.js";
import { type ObjectStore, PLANS } from "./store.js";

/** A tenant's own key, under the service's: base64. */
export interface TenantKey {
  readonly wrapped: string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const LAST_REQUESTS_MS = 180_000;
/** What binds records and objects, in both of them: a name that no tenant has. */
const BINDING = "MASTER";
/** Of objects that are no tenant's. */
const OWN: readonly string[] = [BINDING, PLANS];

/**
 * Objects under AES-256-GCM, each tenant's under a key of its own, which is kept wrapped by the master key. Without its key what a
 * backup still holds of a tenant is noise. An object is bound to its name: one that was moved does not open.
 */
export class Vault {
  private readonly keys = new Map<string, Buffer>();
  private readonly going = new Set<string>();
  private closed = false;
  private bound = "";

  constructor(
    private readonly objects: ObjectStore,
    private readonly wrapped: Records<TenantKey>,
    private readonly masterKey: Uint8Array,
    /** Whether a tenant who has no key gets one; a worker makes none: it would be for somebody who was deleted. */
    private readonly makesKeys = true,
  ) {
    if (masterKey.length !== KEY_BYTES)
      throw new RangeError(`the master key has ${masterKey.length} bytes, not ${KEY_BYTES}`);
  }

  async put(tenant: string, name: string, bytes: Uint8Array): Promise<void> {
    const full = `${tenant}/${name}`;
    await this.objects.put(full, seal(await this.keyOf(tenant), full, bytes));
  }

  /** @throws Error for one that was changed, or is another's */
  async get(tenant: string, name: string): Promise<Uint8Array | undefined> {
    const full = `${tenant}/${name}`;
    const sealed = await this.objects.get(full);
    return sealed && unseal(await this.keyOf(tenant), full, sealed);
  }

  remove(tenant: string, folder: string): Promise<void> {
    return this.objects.remove(`${tenant}/${folder}`);
  }

  list(tenant: string, folder: string): Promise<string[]> {
    return this.objects.list(folder === "" ? tenant : `${tenant}/${folder}`);
  }

  /** Names of all that have a key. */
  async tenants(): Promise<string[]> {
    return (await this.wrapped.all()).map(([name]) => name).filter((name) => name !== BINDING);
  }

  /**
   * Binds records, objects and master key to one another at the first start, and looks whether they are at each further one: objects
   * of which the records know nothing are deleted, so that records of another service must not come near them.
   * @throws DataError where they do not belong together
   */
  async bind(): Promise<void> {
    const there = await this.wrapped.get(BINDING);
    if (!there && !this.makesKeys) {
      throw new DataError("no service has begun with these records", "start the service before its workers");
    }
    if (!there) {
      if ((await this.objects.list("")).some((name) => name !== BINDING)) {
        const fix = "name the records that belong to it, or an empty store";
        throw new DataError("the store has objects, and the records know nothing of them", fix);
      }
      const text = Buffer.concat(seal(this.masterKey, BINDING, randomBytes(KEY_BYTES)));
      await this.objects.put(BINDING, [text]);
      await this.wrapped.create(BINDING, { wrapped: text.toString("base64") });
    }
    const { wrapped } = (await this.wrapped.get(BINDING))!;
    try {
      unseal(this.masterKey, BINDING, Buffer.from(wrapped, "base64"));
    } catch (cause) {
      throw new DataError("the master key is not the one of this service", "name the file of the right one", { cause });
    }
    this.bound = wrapped;
    const problem = await this.problem();
    if (problem) throw new DataError(problem, "name the store that belongs to these records");
  }

  /** Why records and objects do not belong together any more; undefined while they do. @throws Refusal where one is out of reach */
  async problem(): Promise<string | undefined> {
    if ((await this.wrapped.get(BINDING))?.wrapped !== this.bound) return "the records are others than at the start";
    const object = await this.objects.get(BINDING);
    const same = object && Buffer.from(object).toString("base64") === this.bound;
    return same ? undefined : "the store is another one than that of these records";
  }

  /** From now on nothing of the tenant is taken or read. Its key first: what is left of it anywhere cannot be read from then on. */
  async forget(tenant: string): Promise<void> {
    this.going.add(tenant);
    const key = this.keys.get(tenant);
    this.keys.delete(tenant);
    setImmediate(() => key?.fill(0)); // after whoever was just handed it
    await this.wrapped.delete(tenant);
  }

  /** Overwrites the keys of tenants that another process deleted. */
  async forgetGone(): Promise<void> {
    const there = new Set(await this.tenants());
    for (const [tenant, key] of [...this.keys]) {
      if (there.has(tenant)) continue;
      this.keys.delete(tenant);
      key.fill(0);
    }
  }

  /** The end of `forget`: its objects. When its last requests must have ended, the name may be somebody's again. */
  async forgotten(tenant: string): Promise<void> {
    await this.objects.remove(tenant);
    setTimeout(() => this.going.delete(tenant), LAST_REQUESTS_MS).unref();
  }

  /** Objects of tenants that have no key: of a deletion that was cut off. */
  async removeStrays(): Promise<void> {
    const names = await this.objects.list(""); // before the keys: who has objects had a key first
    const known = new Set([...OWN, ...(await this.tenants())]);
    if (await this.problem()) return;
    for (const name of names) if (!known.has(name)) await this.objects.remove(name);
  }

  /** Overwrites the keys. */
  close(): void {
    this.closed = true;
    for (const key of this.keys.values()) key.fill(0);
    this.keys.clear();
    this.masterKey.fill(0);
  }

  private async keyOf(tenant: string): Promise<Buffer> {
    if (this.closed) throw new Refusal("busy", "the service stops", "send it again", { retryAfter: 5 });
    if (this.going.has(tenant)) throw notFound("tenant");
    const known = this.keys.get(tenant);
    if (known) return known;
    const key = await this.readKey(tenant);
    if (this.going.has(tenant)) throw notFound("tenant");
    this.keys.set(tenant, key);
    return key;
  }

  private async readKey(tenant: string): Promise<Buffer> {
    const about = `key of ${tenant}`;
    if (this.makesKeys) {
      const made = randomBytes(KEY_BYTES);
      const wrapped = Buffer.concat(seal(this.masterKey, about, made)).toString("base64");
      if (await this.wrapped.create(tenant, { wrapped })) return made;
    }
    const stored = await this.wrapped.get(tenant);
    if (!stored) throw notFound("tenant"); // deleted meanwhile
    return unseal(this.masterKey, about, Buffer.from(stored.wrapped, "base64"));
  }
}

/** 12 nonce, the ciphertext, 16 tag: in parts, since megabytes need not be copied once more. */
function seal(key: Uint8Array, about: string, bytes: Uint8Array): Buffer[] {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(about));
  return [nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()];
}

/** @throws Error where the tag does not fit: nothing is given away before it was checked */
function unseal(key: Uint8Array, about: string, sealed: Uint8Array): Buffer {
  const end = sealed.length - TAG_BYTES;
  if (end < NONCE_BYTES) throw new Error(`${about}: ${sealed.length} bytes are no sealed object`);
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(about));
  decipher.setAuthTag(sealed.subarray(end));
  const bytes = decipher.update(sealed.subarray(NONCE_BYTES, end));
  decipher.final(); // of a stream cipher it gives nothing, and throws
  return bytes;
}
