import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { readPrefix } from "../bytes/header.js";
import { SecurityError } from "../errors.js";
import { CHUNK_BYTES, chunkBytes, chunksOf } from "../protocol/limits.js";
import type { BlobKind } from "../protocol/messages.js";
import * as schemas from "../protocol/schemas.js";
import type { Upload, UploadOptions } from "./sending.js";
import type { Transport } from "./transport.js";

/**
 * Sends a file in chunks, those only that the service does not have.
 * @returns its SHA-256, which is its address
 * @throws SecurityError for a secret key, before anything is sent
 */
export async function upload(transport: Transport, file: Upload, options: UploadOptions = {}): Promise<string> {
  const { kind, bytes } = file;
  const digest = await digestOf(file);
  const { signal, onProgress } = options;
  const announce = { method: "POST", path: `/blobs/${digest}`, json: { kind, bytes } } as const;
  const { missing } = await transport.json({ ...announce, ...(signal && { signal }) }, schemas.BlobState);
  const wanted = new Set(missing);
  let sent = bytes - missing.reduce((sum, n) => sum + chunkBytes(bytes, n), 0);
  onProgress?.(sent, bytes);
  if (wanted.size === 0) return digest;
  let n = 0;
  for await (const chunk of cut(file)) {
    if (wanted.has(n)) {
      await transport.nothing({
        method: "PUT",
        path: `/blobs/${digest}/${n}`,
        bytes: chunk,
        ...(signal && { signal }),
      });
      sent += chunk.length;
      onProgress?.(sent, bytes);
    }
    n++;
  }
  return digest;
}

/** Looks at how a file begins. @throws SecurityError where that is not how a file of its kind does */
export async function requireBeginning({ kind, chunks }: Upload): Promise<void> {
  for await (const chunk of chunks()) {
    requireKind(chunk, kind);
    return;
  }
}

/** @throws SecurityError where the file begins as a secret key's does */
async function digestOf({ kind, chunks, bytes }: Upload): Promise<string> {
  const hash = sha256.create();
  let seen = 0;
  for await (const chunk of chunks()) {
    if (seen === 0) requireKind(chunk, kind);
    hash.update(chunk);
    seen += chunk.length;
  }
  if (seen !== bytes) throw new RangeError(`a file of ${bytes} bytes has ${seen}`);
  return bytesToHex(hash.digest());
}

function requireKind(chunk: Uint8Array, kind: BlobKind): void {
  try {
    readPrefix(chunk, [kind]);
  } catch (cause) {
    const fix = "send public keys, evaluation keys, models and images only; a secret key never leaves its holder";
    throw new SecurityError(`what was to be sent is no file of the kind "${kind}"`, fix, { cause });
  }
}

/** The file every CHUNK_BYTES. */
async function* cut({ chunks, bytes }: Upload): AsyncGenerator<Uint8Array, void, undefined> {
  let [n, used] = [0, 0];
  let buffer = new Uint8Array(chunksOf(bytes) > 0 ? chunkBytes(bytes, 0) : 0);
  for await (const chunk of chunks()) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + buffer.length - used);
      buffer.set(part, used);
      used += part.length;
      at += part.length;
      if (used < buffer.length) continue;
      yield buffer;
      n++;
      used = 0;
      buffer = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(0, bytes - n * CHUNK_BYTES)));
      if (buffer.length === 0 && at < chunk.length) throw new RangeError(`a file of ${bytes} bytes has more`);
    }
  }
}
