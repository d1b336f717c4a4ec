import { ByteWriter } from "../../../src/bytes/writer.js";
import { partsOf, sealed } from "./sealed.js";

export const PASSPHRASE = "correct horse";
const SALT_BYTES = 16;
const NONCE_BYTES = 12;

/** A file of a secret key, wrapped as the library does it, but with one iteration: a thousand of them take a second. */
export async function wrapped(secretFile: Uint8Array): Promise<Uint8Array> {
  const { fields, blocks } = partsOf(secretFile);
  const [salt, nonce] = [new Uint8Array(SALT_BYTES).fill(3), new Uint8Array(NONCE_BYTES).fill(5)];
  const all = new ByteWriter().run(fields).u32(1).run(salt).run(nonce).finish();
  const material = await crypto.subtle.importKey("raw", new TextEncoder().encode(PASSPHRASE), "PBKDF2", false, [
    "deriveKey",
  ]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations: 1 };
  const key = await crypto.subtle.deriveKey(derivation, material, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const cipher = { name: "AES-GCM", iv: nonce, additionalData: all };
  const block = new Uint8Array(await crypto.subtle.encrypt(cipher, key, new Uint8Array(blocks[0])));
  return sealed({ kind: "wrapped secret key", fields: all, blocks: [block] });
}

/** The same file where it asks for few iterations, for none, or for more than a file may: all others only take their time. */
export function iterationsBelow(file: Uint8Array, most: number): Uint8Array {
  if (file.length < 64) return file;
  const view = new DataView(file.buffer, file.byteOffset);
  const at = 16 + view.getUint32(12, true) - 4 - SALT_BYTES - NONCE_BYTES;
  if (at < 16 || at + 4 > file.length) return file;
  const asked = view.getUint32(at, true);
  if (asked <= most || asked > 10_000_000) return file;
  const copy = new Uint8Array(file);
  new DataView(copy.buffer).setUint32(at, most, true);
  return copy;
}
