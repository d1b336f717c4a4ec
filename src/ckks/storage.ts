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
