import type { FileReader } from "../../bytes/blocks.js";
import { SEND_AGAIN } from "../../bytes/reader.js";
import { Ciphertext, Plaintext } from "../../ckks/ciphertext.js";
import {
  ciphertextBlockBytes,
  ciphertextBlocks,
  type ListedCiphertext,
  takeCiphertext,
} from "../../ckks/formats/ciphertext.js";
import { plaintextBlockBytes, plaintextBlocks, takePlaintext } from "../../ckks/formats/plaintext.js";
import type { Keep } from "../../ckks/limbs.js";
import type { Residency } from "../../ckks/paging/residency.js";
import type { Ring } from "../../ckks/ring.js";
import { FormatError } from "../../errors.js";

/**
 * Ciphertexts and plaintexts inside of the files of networks: each as its own file would have it, the header's fields as one
 * block and a block for each limb.
 */
export async function* valueBlocks(
  values: Iterable<Ciphertext | Plaintext> | AsyncIterable<Ciphertext | Plaintext>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const value of values) {
    yield* value instanceof Ciphertext ? ciphertextBlocks(value) : plaintextBlocks(value);
  }
}

/** Lengths of those blocks. */
export function valueBlockBytes(values: readonly (Ciphertext | Plaintext)[]): number[] {
  return values.flatMap((value) =>
    value instanceof Ciphertext ? ciphertextBlockBytes(value) : plaintextBlockBytes(value),
  );
}

/** What a value of a file must be. */
export interface ExpectedValue {
  /** For messages. */
  readonly what: string;
  readonly level: number;
  readonly slots: number;
}

/** Where values come from, and where they are to live. */
export interface ValueReading {
  readonly file: FileReader;
  readonly ring: Ring;
  readonly keep: Keep;
  readonly residency?: Residency | undefined;
}

/**
 * The next value of a file, fresh or rescaled, in two parts.
 * @param fingerprint of the key that it is to be under; any if absent
 * @throws FormatError for anything else, before its limbs are read
 */
export async function readCiphertextValue(
  { file, ring, ...options }: ValueReading,
  expected: ExpectedValue,
  fingerprint?: string,
): Promise<Ciphertext> {
  const { what } = expected;
  const accept = (listed: ListedCiphertext) => {
    requireExpected(listed, expected);
    if (listed.state !== "canonical") throw new FormatError(`${what} is a product that was not rescaled`, SEND_AGAIN);
    if (fingerprint === undefined || listed.fingerprint === fingerprint) return;
    throw new FormatError(`${what} is under another key than the rest`, SEND_AGAIN);
  };
  const { parts, ...state } = await takeCiphertext(file, ring, { ...options, what, accept });
  return new Ciphertext(parts, state);
}

/** The next value of a file, encoded. @throws as `readCiphertextValue` */
export async function readPlaintextValue(
  { file, ring, ...options }: ValueReading,
  expected: ExpectedValue,
): Promise<Plaintext> {
  const { what } = expected;
  const accept = (listed: { level: number; slots: number }) => requireExpected(listed, expected);
  const content = await takePlaintext(file, ring, { ...options, what, accept });
  return new Plaintext(content.polynomial, content.level, content.scale, content.slots);
}

function requireExpected(listed: { level: number; slots: number }, { what, level, slots }: ExpectedValue): void {
  if (listed.level === level && listed.slots === slots) return;
  const found = `is at level ${listed.level} with ${listed.slots} slots`;
  throw new FormatError(`${what} ${found}, where the plan has level ${level} and ${slots}`, SEND_AGAIN);
}
