import { createHash, type Hash } from "node:crypto";
import { type Kind, readPrefix } from "../bytes/header.js";
import { CHUNK_BYTES, chunkBytes, chunksOf } from "../protocol/limits.js";
import type { BlobKind } from "../protocol/messages.js";
import type { BlobState } from "../protocol/schemas.js";
import { notFound, Refusal } from "./failures.js";
import { Locks } from "./locks.js";
import { Recent } from "./recent.js";
import type { Records } from "./records.js";
import type { Vault } from "./vault.js";

/** What is kept of a blob beside its chunks. */
export interface BlobRecord {
  readonly tenant: string;
  readonly sha256: string;
  readonly kind: BlobKind;
  readonly bytes: number;
  readonly complete: boolean;
  /** When it was announced. */
  readonly created: number;
}

const DAY_MS = 86_400_000;
const RESUMED_MS = 3_600_000;

/** Of one tenant, keys, models and images that wait. */
const MOST_BLOBS = 4096;

/** A digest that goes along while chunks come in their order. */
interface Running {
  readonly hash: Hash;
  next: number;
}

/** Files of the library in chunks, by their digests, each tenant's its own: the same bytes of another are another blob. */
export class Blobs {
  private readonly running = new Map<string, Running>();
  /** Last time that somebody wrote to one or used it, since this process began. */
  private readonly touched = new Map<string, number>();
  private readonly locks = new Locks();
  private readonly recent: Recent;
  private readonly begun: number;

  constructor(
    readonly records: Records<BlobRecord>,
    private readonly vault: Vault,
    private readonly quotaBytes: number,
    private readonly now: () => number,
    /** Whether this process answers requests, and so deletes what nobody came back for. */
    private readonly sweeps = true,
    /** For images that were just sent, and are computed on in this process: they need not be read again. */
    recentBytes = 0,
  ) {
    this.begun = now();
    this.recent = new Recent(recentBytes);
  }

  /**
   * @throws Refusal for other bytes or another kind than were announced before, for more than the tenant's quota, and for a whole
   *   that is there and does not fit its digest, which is then gone
   */
  async announce(tenant: string, sha256: string, kind: BlobKind, bytes: number): Promise<BlobState> {
    const key = keyOf(tenant, sha256);
    // Within the tenant's turn: two announcements at once would both find the quota free.
    return this.locks.alone(tenant, async () => {
      const there = await this.records.get(key);
      if (there) {
        this.touch(key);
        if (there.kind !== kind || there.bytes !== bytes) {
          const what = `this blob was announced with ${there.bytes} bytes, of the kind "${there.kind}"`;
          throw new Refusal("conflict", what, "announce it with the length and kind of the file");
        }
        return this.locks.alone(key, () => this.finished(tenant, sha256));
      }
      const all = await this.ofTenant(tenant);
      const used = all.reduce((sum, each) => sum + each.bytes, 0);
      if (used + bytes > this.quotaBytes || all.length >= MOST_BLOBS) {
        const what = `${bytes} bytes more than the ${used} in ${all.length} files that are there exceed the quota`;
        throw new Refusal(
          "over-quota",
          what,
          "delete keys and models that are not needed any more, or ask the operator",
        );
      }
      // It lasts when it is complete.
      await this.records.create(key, { tenant, sha256, kind, bytes, complete: false, created: this.now() }, false);
      return this.state(tenant, sha256);
    });
  }

  async state(tenant: string, sha256: string): Promise<BlobState> {
    const { bytes, complete } = await this.record(tenant, sha256);
    if (complete) return { sha256, bytes, missing: [] };
    const there = new Set(await this.vault.list(tenant, folderOf(sha256)));
    const missing = Array.from({ length: chunksOf(bytes) }, (_, n) => n).filter((n) => !there.has(`${n}`));
    return { sha256, bytes, missing };
  }

  /**
   * Stores chunk n. With the last one that was missing the whole is held against its digest.
   * @throws Refusal for a chunk of another length, a number that there is not, a first chunk that is no file of the announced
   *   kind, and a whole that does not fit its digest, which is then gone
   */
  async put(tenant: string, sha256: string, n: number, chunk: Uint8Array): Promise<void> {
    const key = keyOf(tenant, sha256);
    await this.locks.alone(key, async () => {
      const record = await this.record(tenant, sha256);
      if (record.complete) return;
      const count = chunksOf(record.bytes);
      if (n >= count) throw new Refusal("bad-request", `chunk ${n} of ${count}`, "number chunks from 0");
      const wanted = chunkBytes(record.bytes, n);
      if (chunk.length !== wanted) {
        const fix = `cut the file every ${CHUNK_BYTES} bytes`;
        throw new Refusal("bad-request", `chunk ${n} has ${chunk.length} bytes, not ${wanted}`, fix);
      }
      if (n === 0) readPrefix(chunk, [record.kind as Kind]);
      this.touch(key);
      const stored = this.vault.put(tenant, `${folderOf(sha256)}/${n}`, chunk);
      this.follow(key, n, chunk); // while the disk is at work
      await stored;
      if (record.kind === "encrypted image") this.recent.put(`${key}/${n}`, chunk);
      await this.finished(tenant, sha256);
    });
  }

  /** The whole, a chunk at a time. @throws Refusal unless it is there, complete and of the kind */
  async open(tenant: string, sha256: string, kind: BlobKind): Promise<AsyncIterable<Uint8Array>> {
    const record = await this.requireComplete(tenant, sha256, kind);
    return this.chunks(record);
  }

  async requireComplete(tenant: string, sha256: string, kind: BlobKind): Promise<BlobRecord> {
    const record = await this.record(tenant, sha256);
    if (record.kind !== kind) {
      throw new Refusal("unacceptable", `this blob is of the kind "${record.kind}", not "${kind}"`, "name another");
    }
    if (!record.complete) {
      throw new Refusal("unacceptable", `this ${kind} was not sent to its end`, "send the chunks that are missing");
    }
    this.touch(keyOf(tenant, sha256));
    return record;
  }

  async delete(tenant: string, sha256: string): Promise<void> {
    await this.locks.alone(keyOf(tenant, sha256), () => this.drop(tenant, sha256));
  }

  /** Deletes what nobody wrote to or used since a time, nor needs: both are looked at once more, in the blob's turn. */
  async deleteUntouched(time: number, isNeeded: (tenant: string, sha256: string) => boolean): Promise<void> {
    const all = await this.records.all();
    const known = new Set(all.map(([key]) => key));
    for (const key of this.touched.keys()) if (!known.has(key)) this.touched.delete(key);
    for (const [key, record] of all) {
      const { tenant, sha256 } = record;
      const old = () => this.lastUsed(key, record) < time && !isNeeded(tenant, sha256);
      if (!old()) continue;
      await this.locks.alone(key, async () => {
        if (old()) await this.drop(tenant, sha256);
      });
    }
  }

  async ofTenant(tenant: string): Promise<BlobRecord[]> {
    return (await this.records.all(tenant)).map(([, record]) => record);
  }

  /** Chunks whose record is gone: of a sender that was still at it when its blob was deleted. */
  async removeStrays(tenant: string): Promise<void> {
    for (const sha256 of await this.vault.list(tenant, "blobs")) {
      const key = keyOf(tenant, sha256);
      await this.locks.alone(key, async () => {
        if (!(await this.records.get(key))) await this.drop(tenant, sha256);
      });
    }
  }

  private async record(tenant: string, sha256: string): Promise<BlobRecord> {
    const record = await this.records.get(keyOf(tenant, sha256));
    if (!record) throw notFound("blob");
    return record;
  }

  private touch(key: string): void {
    if (this.sweeps) this.touched.set(key, this.now());
  }

  /** Where it is not known as if it were an hour from its day: an upload may have been under way when this process began. */
  private lastUsed(key: string, { created }: BlobRecord): number {
    return this.touched.get(key) ?? Math.max(created, this.begun - DAY_MS + RESUMED_MS);
  }

  private follow(key: string, n: number, chunk: Uint8Array): void {
    if (n === 0) this.running.set(key, { hash: createHash("sha256"), next: 0 });
    const running = this.running.get(key);
    if (running?.next !== n) {
      this.running.delete(key); // out of order, or once more: it is read again at the end
      return;
    }
    running.hash.update(chunk);
    running.next++;
  }

  /** Holds the whole against its digest where that was not done yet: a process may have ended just before. In the blob's turn. */
  private async finished(tenant: string, sha256: string): Promise<BlobState> {
    const record = await this.record(tenant, sha256);
    const state = await this.state(tenant, sha256);
    if (record.complete || state.missing.length > 0) return state;
    const key = keyOf(tenant, sha256);
    const running = this.running.get(key);
    this.running.delete(key);
    let { hash } = running?.next === chunksOf(record.bytes) ? running : { hash: undefined };
    if (!hash) {
      hash = createHash("sha256");
      for await (const chunk of this.chunks(record)) hash.update(chunk);
    }
    if (hash.digest("hex") === sha256) {
      await this.records.update(key, (old) => ({ ...old, complete: true }));
      return state;
    }
    await this.drop(tenant, sha256);
    const fix = "announce it and send it again; its address is the SHA-256 of the whole file";
    throw new Refusal("unacceptable", "what was sent is not what its digest says, and was thrown away", fix);
  }

  private async drop(tenant: string, sha256: string): Promise<void> {
    const key = keyOf(tenant, sha256);
    this.running.delete(key);
    this.touched.delete(key);
    this.recent.forget(`${key}/`);
    await this.records.delete(key);
    await this.vault.remove(tenant, folderOf(sha256));
  }

  private async *chunks({ tenant, sha256, bytes }: BlobRecord): AsyncGenerator<Uint8Array, void, undefined> {
    for (let n = 0; n < chunksOf(bytes); n++) {
      const held = this.recent.take(`${keyOf(tenant, sha256)}/${n}`);
      const chunk = held ?? (await this.vault.get(tenant, `${folderOf(sha256)}/${n}`));
      if (!chunk) {
        await this.record(tenant, sha256); // deleted meanwhile
        throw new Error(`chunk ${n} of a blob that is complete is gone`);
      }
      yield chunk;
    }
  }
}

function keyOf(tenant: string, sha256: string): string {
  return `${tenant}_${sha256}`;
}

function folderOf(sha256: string): string {
  return `blobs/${sha256}`;
}
