import { crc32 } from "../../../src/bytes/checksum.js";
import { readTernary, ternaryBytes } from "../../../src/ckks/formats/ternary.js";
import { Ring } from "../../../src/ckks/index.js";
import { type RnsPolynomial, toOperand } from "../../../src/ckks/polynomial.js";
import { parameters } from "../../ckks/formats/stored.js";
import { maker, memoryWords } from "./held.js";
import { type Parts, partsOf } from "./sealed.js";

const STREAM_BYTES = 32;
const ring = Ring.of(maker, parameters);
const primes = [...parameters.primesAt(parameters.maxLevel), ...parameters.special];

/** Looks for the key of a file in the device's memory, for one file of 64: its coefficients, as operands, its NTT values. */
export async function secretLeft(file: Uint8Array): Promise<string | undefined> {
  if (crc32(file) % 64 !== 0) return undefined;
  let parts: Parts;
  try {
    parts = partsOf(file);
  } catch {
    return undefined;
  }
  const [content] = parts.blocks;
  if (content?.length !== STREAM_BYTES + ternaryBytes(ring.logN)) return undefined;
  let coefficients: RnsPolynomial;
  try {
    coefficients = readTernary(ring, primes, content.subarray(STREAM_BYTES));
  } catch {
    return undefined;
  }
  using plain = coefficients;
  using operand = toOperand(plain);
  const forms = [...(await wordsOf(plain)), ...(await wordsOf(operand))];
  operand.transform();
  return found([...forms, ...(await wordsOf(operand))]);
}

function wordsOf({ limbs }: RnsPolynomial): Promise<Uint32Array[]> {
  return maker.read(ring.logN, limbs);
}

/** Whether sixteen words in a row of one of the limbs lie in the device's memory. */
function found(limbs: readonly Uint32Array[]): string | undefined {
  const memory = memoryWords();
  for (const [k, words] of limbs.entries()) {
    const needle = words.slice(64, 80);
    // Of few values there might be anywhere.
    if (new Set(needle).size > 2 && memory.includes(Buffer.from(needle.buffer)))
      return `limb ${k} of the secret is left`;
  }
  return undefined;
}
