import type { FileReader } from "../../bytes/blocks.js";
import type { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { SecurityError } from "../../errors.js";

/**
 * Bytes under a passphrase: a header's fields end in
 *
 *     4  iterations of PBKDF2-SHA-256
 *     16 its salt
 *     12 the nonce of AES-256-GCM
 *
 * and the one block behind them is the ciphertext with its tag of 16 bytes. All fields are authenticated.
 * Source: RFC 8018 and NIST SP 800-38D; the number of iterations is OWASP's of 2023.
 */
const ITERATIONS = 600_000;
/** Seconds of a computer's time: what a file may ask for. */
const MOST_ITERATIONS = 10_000_000;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What a header's fields end in. */
export const PASSPHRASE_BYTES = 4 + SALT_BYTES + NONCE_BYTES;

/** @throws SecurityError for a passphrase that is none, and where the platform has no WebCrypto */
export async function wrap(
  content: Uint8Array<ArrayBuffer>,
  passphrase: string,
  fields: Uint8Array,
): Promise<{ fields: Uint8Array<ArrayBuffer>; block: Uint8Array<ArrayBuffer> }> {
  const [salt, nonce] = [SALT_BYTES, NONCE_BYTES].map((length) => crypto.getRandomValues(new Uint8Array(length)));
  const all = new ByteWriter().run(fields).u32(ITERATIONS).run(salt).run(nonce).finish();
  const key = await keyOf(passphrase, salt, ITERATIONS);
  const block = await subtle().encrypt({ name: "AES-GCM", iv: nonce, additionalData: all }, key, content);
  return { fields: all, block: new Uint8Array(block) };
}

/**
 * The content that was wrapped. Whoever asks overwrites it.
 * @param wrapped the header's fields, and a reader of them that has come to the iterations
 * @throws SecurityError for another passphrase, which cannot be told from changed bytes
 */
export async function unwrap(
  file: FileReader,
  wrapped: { reader: ByteReader; fields: Uint8Array; passphrase: string; length: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const { reader, fields, passphrase, length } = wrapped;
  const iterations = reader.u32();
  if (iterations < 1 || iterations > MOST_ITERATIONS) throw reader.error(`asks for ${iterations} iterations`);
  const [salt, nonce] = [SALT_BYTES, NONCE_BYTES].map((bytes) => new Uint8Array(reader.run(bytes)));
  reader.end();
  const block = new Uint8Array(await file.next("the wrapped key", { length: length + TAG_BYTES }));
  const key = await keyOf(passphrase, salt, iterations);
  const additionalData = new Uint8Array(fields);
  try {
    return new Uint8Array(await subtle().decrypt({ name: "AES-GCM", iv: nonce, additionalData }, key, block));
  } catch (cause) {
    throw new SecurityError(
      "the passphrase does not open this key, or the file was changed",
      "try another passphrase",
      {
        cause,
      },
    );
  }
}

async function keyOf(passphrase: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<CryptoKey> {
  if (typeof passphrase !== "string" || passphrase === "") {
    throw new SecurityError("a key is wrapped with a passphrase, and none was given", "give one of several words");
  }
  const encoded = new TextEncoder().encode(passphrase.normalize("NFC"));
  try {
    const material = await subtle().importKey("raw", encoded, "PBKDF2", false, ["deriveKey"]);
    const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
    return await subtle().deriveKey(derivation, material, { name: "AES-GCM", length: 256 }, false, [
      "encrypt",
      "decrypt",
    ]);
  } finally {
    encoded.fill(0);
  }
}

function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle;
  if (found) return found;
  throw new SecurityError("this page has no WebCrypto", "serve it by https, or from localhost");
}
