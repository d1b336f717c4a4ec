import { hexToBytes } from "@noble/hashes/utils.js";
import { FormatError } from "../errors.js";

/**
 * The seed of a key's uniform halves, which files of ours hold instead of them.
 * @throws FormatError for a key from elsewhere, which has none
 */
export function requireSeed(seed: Uint8Array | undefined, what: string): Uint8Array {
  if (seed) return seed;
  const fix = "write it in the format that it came in: blindsight/seal";
  throw new FormatError(`${what} has no seed of its uniform halves, and format 1 holds no key without one`, fix);
}

/** A fingerprint for sizes, which do not depend on it. */
export const ANY_FINGERPRINT = "0".repeat(64);

/**
 * What a file holds of a fingerprint: 32 bytes.
 * @throws FormatError for a label that is none: whoever reads SEAL's files may take any
 */
export function fingerprintBytes(fingerprint: string): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(fingerprint)) return hexToBytes(fingerprint);
  const fix = "give the reader of SEAL's files the key's fingerprint: 64 digits, as holder.fingerprint has";
  throw new FormatError(
    `"${fingerprint.slice(0, 80)}" is a label, and a file has room for a key's fingerprint only`,
    fix,
  );
}

/**
 * The `toJSON` of whatever holds polynomials: JSON would keep their addresses in a device's memory and lose every number.
 * `structuredClone` refuses them by itself, since a device cannot be cloned.
 * @throws FormatError always.
 */
export function refuseJson(): never {
  throw new FormatError(
    "a ciphertext, plaintext or key cannot be stored as JSON: its numbers lie in the memory of its device",
    "store what its toBytes() gives, a secret key by toWrappedBytes(passphrase), and read it by fromBytes",
  );
}
