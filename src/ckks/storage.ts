import { FormatError } from "../errors.js";

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
