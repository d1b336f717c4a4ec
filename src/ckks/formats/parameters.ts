import type { ByteReader } from "../../bytes/reader.js";
import type { ByteWriter } from "../../bytes/writer.js";
import type { ParameterLiteral } from "../parameter-literal.js";

/** Of what an adversary can do: see SECURITY.md. A number is never used again for something else. */
const CLASSICAL_TERNARY = 1;

/** In place of the primes in a digit: they are said level by level. */
const BY_LEVEL = 0;

/** More than any parameters have: they are read before they can be judged. */
const MOST_LEVELS = 256;
const MOST_PRIMES = 512;

/** What parameters say of themselves. */
export interface ParameterContent extends Omit<ParameterLiteral, "levels" | "security"> {
  readonly securityBits: number;
  /** All primes of each level, from level 0 on, and its scale. */
  readonly levels: readonly { readonly primes: readonly number[]; readonly scale: number }[];
}

/**
 * The canonical bytes of parameters: equal for equal ones, in any file.
 *
 *     1  logN
 *     2  bits of security, 0 for none, and 1 the attack model: 1 is classical, uniform ternary secret
 *     4  levels, and for each, from level 0 on: its primes (4, then 4 each) and its scale (8, a double)
 *        primes of P, as a list
 *     4  primes in a digit, or 0 where gadgets differ by level: then for each level 2 special primes, 2 primes in a digit
 *     8  log2 of the scale at level 0, a double
 *
 * Each level says all of its primes, so that chains that are not nested can be said in this format, too.
 */
export function putParameters(writer: ByteWriter, content: ParameterContent): void {
  const { logN, securityBits, levels, special, digitPrimes, gadgets, baseScaleBits } = content;
  writer.u8(logN).u16(securityBits).u8(CLASSICAL_TERNARY).u32(levels.length);
  for (const { primes, scale } of levels) {
    putPrimes(writer, primes);
    writer.f64(scale);
  }
  putPrimes(writer, special);
  writer.u32(gadgets ? BY_LEVEL : digitPrimes);
  for (const gadget of gadgets ?? []) writer.u16(gadget.specialPrimes).u16(gadget.digitPrimes);
  writer.f64(baseScaleBits);
}

/** @throws FormatError for what is cut off, or of an attack model that this version does not know */
export function takeParameters(reader: ByteReader): ParameterContent {
  const logN = reader.u8();
  const securityBits = reader.u16();
  if (reader.u8() !== CLASSICAL_TERNARY) throw reader.error("is for an attack model that this version does not know");
  const levels = Array.from({ length: reader.count(MOST_LEVELS) }, () => ({
    primes: takePrimes(reader),
    scale: reader.f64(),
  }));
  const special = takePrimes(reader);
  const digits = takeDigits(reader, levels.length);
  return { logN, securityBits, levels, special, ...digits, baseScaleBits: reader.f64() };
}

function takeDigits(reader: ByteReader, levels: number): Pick<ParameterContent, "digitPrimes" | "gadgets"> {
  const digitPrimes = reader.u32();
  if (digitPrimes !== BY_LEVEL) return { digitPrimes };
  if (levels === 0) throw reader.error("has no level");
  const gadgets = Array.from({ length: levels }, () => ({ specialPrimes: reader.u16(), digitPrimes: reader.u16() }));
  return { digitPrimes: gadgets[levels - 1].digitPrimes, gadgets };
}

export function putPrimes(writer: ByteWriter, primes: readonly number[]): void {
  writer.u32(primes.length);
  for (const prime of primes) writer.u32(prime);
}

export function takePrimes(reader: ByteReader): number[] {
  return Array.from({ length: reader.count(MOST_PRIMES) }, () => reader.u32());
}

/** @throws FormatError for other primes than expected: a list that is another ring's would be read as other numbers */
export function requirePrimes(reader: ByteReader, expected: readonly number[]): void {
  const primes = takePrimes(reader);
  if (primes.length === expected.length && primes.every((p, i) => p === expected[i])) return;
  throw reader.error("has other primes than its parameters");
}

/** Two engines' powers of two may differ in their last bit; nothing else may. */
export function requireScale(reader: ByteReader, expected: number): void {
  const scale = reader.f64();
  if (!(Math.abs(scale / expected - 1) < 2 ** -48)) throw reader.error(`has the scale ${scale}, not ${expected}`);
}
