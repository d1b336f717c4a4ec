import type { ConversionTarget, Limb } from "../ntt/kernels.js";
import { inverseModulo, multiplyModulo, productModulo, toMontgomery } from "../ntt/modulus.js";
import { compute, filled, launchEach, RnsPolynomial, transform } from "./polynomial.js";

const TWO_32 = 2 ** 32;

/** What a value still carries from products of two unscaled operands: nothing, or one factor 2^−32. */
export type Carry = 0 | -1;

/** Removes the carry: 1 or 2^32 modulo p. */
export function carryFactor(carry: Carry, p: number): number {
  return carry === 0 ? 1 : TWO_32 % p;
}

/**
 * Coefficients x_i = [x·(D/d_i)^−1] mod d_i of NTT values modulo the primes `source`, ready for `baseConvert`.
 */
export function toConversionCoefficients(poly: RnsPolynomial, source: readonly number[], carry: Carry): RnsPolynomial {
  const factors = remember(`${source.join()}/${carry}`, () =>
    source.map((p) => {
      const others = source.filter((q) => q !== p);
      return multiplyModulo(inverseModulo(productModulo(others, p), p), carryFactor(carry, p), p);
    }),
  );
  let i = 0;
  return compute(poly.ring, "intt", source, (out, p) => [out, poly.limb(p), p, factors[i++]], poly.secret);
}

/**
 * Converts coefficients from `toConversionCoefficients` to other primes: x centred in about [−D/2, D/2).
 * `carry` −1 leaves the result times 2^−32, to be subtracted from a value that carries as much.
 */
export function convertBasis(coefficients: RnsPolynomial, primes: readonly number[], carry: Carry): RnsPolynomial {
  const { ring } = coefficients;
  return filled(RnsPolynomial.allocate(ring, primes, coefficients.secret), ({ limbs }) => {
    if (primes.length === 0) return;
    const { fractions, targets } = conversion(coefficients.primes, primes, carry);
    ring.device.launch("baseConvert", ring.logN, [
      {
        sources: coefficients.limbs,
        fractions,
        targets: targets.map((target, i) => ({ ...target, out: limbs[i] })),
      },
    ]);
  });
}

interface Conversion {
  readonly fractions: readonly number[];
  readonly targets: readonly Omit<ConversionTarget, "out">[];
}

const conversions = new Map<string, Conversion>();

/** The same object for the same primes: devices remember what they make of its arrays. */
function conversion(source: readonly number[], primes: readonly number[], carry: Carry): Conversion {
  const key = `${source.join()}>${primes.join()}/${carry}`;
  let known = conversions.get(key);
  if (!known) {
    const targets = primes.map((prime) => conversionTarget(source, prime, carry));
    conversions.set(key, (known = { fractions: source.map(fractionWord), targets }));
  }
  return known;
}

function fractionWord(q: number): number {
  return Math.floor(2 ** 56 / q); // exact: q does not divide a power of two, and 2^56/q < 2^53
}

/** Constants by what they depend on: primes of parameters, a few kilobytes for each. */
const constantsCache = new Map<string, readonly number[]>();

function remember(key: string, make: () => number[]): readonly number[] {
  let constants = constantsCache.get(key);
  if (!constants) constantsCache.set(key, (constants = make()));
  return constants;
}

function conversionTarget(source: readonly number[], prime: number, carry: Carry): Omit<ConversionTarget, "out"> {
  // The kernel's product takes 2^−32 away: constants carry 2^32 unless that is wanted.
  const lift = (x: number) => (carry === 0 ? toMontgomery(x, prime) : x);
  const rest = (q: number) => source.filter((other) => other !== q);
  const constants = source.map((q) => lift(productModulo(rest(q), prime)));
  return { prime, constants, quotientConstant: lift((prime - productModulo(source, prime)) % prime) };
}

/**
 * Divides by the product D of the primes `dropped` and rounds: modDown, rescale, and both at once.
 * Every part keeps its other primes; the rounding error of each coefficient is at most about 1/2.
 * Costs `dropped` + kept NTTs for each part.
 */
export function drop(parts: readonly RnsPolynomial[], dropped: readonly number[], carry: Carry = 0): RnsPolynomial[] {
  return parts.map((part) => {
    using coefficients = toConversionCoefficients(part, dropped, carry);
    const kept = part.primes.filter((p) => !dropped.includes(p));
    using remainder = convertBasis(coefficients, kept, carry);
    return divide(part, remainder, dropped, carry);
  });
}

/**
 * (part + summand) / d, rounded, for one prime d; `summand` by its coefficients. It goes with the remainder through
 * one transform, and costs none of its own.
 */
export function dropSum(part: RnsPolynomial, summand: RnsPolynomial, d: number): RnsPolynomial {
  using coefficients = toConversionCoefficients(part, [d], 0);
  coefficients.inherit(summand);
  launchEach(part.ring, "add", [d], () => [coefficients.limb(d), coefficients.limb(d), summand.limb(d), d]);
  const kept = part.primes.filter((p) => p !== d);
  using remainder = convertBasis(coefficients, kept, 0);
  launchEach(part.ring, "subtract", kept, (p) => [remainder.limb(p), remainder.limb(p), summand.limb(p), p]);
  return divide(part, remainder, [d], 0);
}

/** (part − remainder) / D over the primes of `remainder`, which is given by its coefficients and transformed in place. */
function divide(
  part: RnsPolynomial,
  remainder: RnsPolynomial,
  dropped: readonly number[],
  carry: Carry,
): RnsPolynomial {
  const kept = remainder.primes;
  const inverses = remember(`${kept.join()}<${dropped.join()}/${carry}`, () =>
    kept.map((p) => multiplyModulo(inverseModulo(productModulo(dropped, p), p), carryFactor(carry, p), p)),
  );
  transform(remainder);
  let i = 0;
  const row = (out: Limb, p: number) => [out, part.limb(p), remainder.limb(p), p, inverses[i++]] as const;
  return compute(part.ring, "dropAndScale", kept, row, part.secret || remainder.secret);
}
