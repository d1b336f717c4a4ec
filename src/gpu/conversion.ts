import type { ConversionTarget } from "../ntt/kernels.js";
import { fromMontgomery, inverseModulo, multiplyModulo } from "../ntt/modulus.js";

/** Sources whose products shaders/convert.wgsl sums before it reduces them. */
export const CONVERSION_GROUP = 5;
/** What the shader takes from the halves of each residue, so that they are signed. */
const CENTRE = 2 ** 14;

/** Constants of a conversion to one prime, as shaders/convert.wgsl reads them. */
export interface ConversionConstants {
  readonly quotient: number;
  /** What centring the residues takes away, times 2^−32 as all else. */
  readonly offset: number;
  /** For each group what its sums begin with, low and high. */
  readonly centres: readonly number[];
  readonly halves: readonly number[];
}

interface Known extends ConversionConstants {
  readonly prime: number;
  readonly quotientConstant: number;
}

/** By the array of a target's constants, which the scheme makes once: the same conversion comes again and again. */
const known = new WeakMap<readonly number[], Known>();

export function conversionConstants({ prime, constants, quotientConstant }: ConversionTarget): ConversionConstants {
  const found = known.get(constants);
  if (found?.prime === prime && found.quotientConstant === quotientConstant) return found;
  const made = { ...make(prime, constants, quotientConstant), prime, quotientConstant };
  known.set(constants, made);
  return made;
}

function make(prime: number, constants: readonly number[], quotientConstant: number): ConversionConstants {
  // The shader takes 2^−30 away, and the row means 2^−32.
  const quarter = inverseModulo(4, prime);
  const halved = constants.map((c) => halves(multiplyModulo(c, quarter, prime), prime));
  const centres: number[] = [];
  for (let first = 0; first < constants.length; first += CONVERSION_GROUP) {
    const group = halved.slice(first, first + CONVERSION_GROUP);
    for (const half of [0, 1] as const) centres.push(-CENTRE * group.reduce((sum, pair) => sum + pair[half], 0));
  }
  // Each residue is taken less CENTRE·(2^15 + 1).
  const sum = constants.reduce((total, c) => (total + c) % prime, 0);
  return {
    quotient: packed(halves(multiplyModulo(quotientConstant, quarter, prime), prime)),
    offset: fromMontgomery(multiplyModulo(sum, (CENTRE * (2 ** 15 + 1)) % prime, prime), prime),
    centres,
    halves: halved.map(packed),
  };
}

/** x = high·2^15 + low for the residue in (−p/2, p/2), with low in [−2^14, 2^14) and |high| ≤ 2^14. */
function halves(x: number, p: number): readonly [low: number, high: number] {
  const centred = x > p / 2 ? x - p : x;
  const low = (centred << 17) >> 17;
  return [low, (centred - low) / 2 ** 15];
}

function packed([low, high]: readonly [number, number]): number {
  return ((high << 16) | (low & 0xffff)) >>> 0;
}
