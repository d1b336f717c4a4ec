import type { ConversionTarget, Limb } from "../ntt/kernels.js";
import { inverseModulo, multiplyModulo, productModulo } from "../ntt/modulus.js";
import { COEFFICIENTS, type Form, powerOfWord, requireDomain, requireSameForm, VALUES } from "./form.js";
import { allOrNothing } from "./limbs.js";
import { compute, filled, launchEach, RnsPolynomial } from "./polynomial.js";

/**
 * Coefficients x_i = [x·(D/d_i)^−1] mod d_i modulo the primes `source`, ready for `convertBasis`, of x given by its NTT
 * values; any power of 2^32 is taken away.
 */
export function toConversionCoefficients(poly: RnsPolynomial, source: readonly number[]): RnsPolynomial {
  requireDomain("values", poly.form);
  const factors = conversionFactors(source, poly.form.power);
  let i = 0;
  const row = (out: Limb, p: number) => [out, poly.limb(p), p, factors[i++]] as const;
  return compute(poly.ring, "intt", source, COEFFICIENTS, row, poly.secret);
}

function conversionFactors(source: readonly number[], power: number): readonly number[] {
  return remember(`${source.join()}/${power}`, () =>
    source.map((p) => {
      const others = source.filter((q) => q !== p);
      return multiplyModulo(inverseModulo(productModulo(others, p), p), powerOfWord(-power, p), p);
    }),
  );
}

/**
 * Converts what `toConversionCoefficients` made to other primes: the coefficients of x, centred in about [−D/2, D/2),
 * times 2^(32·power).
 */
export function convertBasis(coefficients: RnsPolynomial, primes: readonly number[], power: number): RnsPolynomial {
  const { ring, secret } = coefficients;
  const form = { domain: "coefficients", power } as const;
  return filled(RnsPolynomial.allocate(ring, primes, form, secret), ({ limbs }) => {
    if (primes.length === 0) return;
    const { fractions, targets } = conversion(coefficients.primes, primes, power);
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
function conversion(source: readonly number[], primes: readonly number[], power: number): Conversion {
  const key = `${source.join()}>${primes.join()}/${power}`;
  let known = conversions.get(key);
  if (!known) {
    const targets = primes.map((prime) => conversionTarget(source, prime, power));
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

function conversionTarget(source: readonly number[], prime: number, power: number): Omit<ConversionTarget, "out"> {
  // The kernel's product takes 2^−32 away.
  const lift = (x: number) => multiplyModulo(x, powerOfWord(power + 1, prime), prime);
  const rest = (q: number) => source.filter((other) => other !== q);
  const constants = source.map((q) => lift(productModulo(rest(q), prime)));
  return { prime, constants, quotientConstant: lift((prime - productModulo(source, prime)) % prime) };
}

/**
 * Divides by the product D of the primes `dropped` and rounds: modDown, rescale, and both at once. Parts are of one form and the same
 * primes, and keep the others; the rounding error of each coefficient is at most about 1/2. Costs `dropped` + kept NTTs for each
 * part, and four launches for all, so that the rows of each keep many threads busy.
 */
export function drop(parts: readonly RnsPolynomial[], dropped: readonly number[]): RnsPolynomial[] {
  if (parts.length === 0) return [];
  const [{ ring, form, primes }] = parts;
  for (const part of parts) requireSameForm(form, part.form);
  requireDomain("values", form);
  const { device, logN } = ring;
  const kept = primes.filter((p) => !dropped.includes(p));
  return allOrNothing((keep) => {
    const allocate = (primes: readonly number[], form: Form) =>
      parts.map((part) => keep(RnsPolynomial.allocate(ring, primes, form, part.secret)));
    const results = allocate(kept, VALUES);
    const coefficients = allocate(dropped, COEFFICIENTS);
    // Not in the results' place: a GPU puts the last division into the transform only where what it divides goes elsewhere.
    const remainders = allocate(kept, COEFFICIENTS);
    const { power } = form;
    const factors = conversionFactors(dropped, power);
    const each = <T>(primes: readonly number[], row: (part: number, p: number, i: number) => T): T[] =>
      parts.flatMap((_, k) => primes.map((p, i) => row(k, p, i)));
    const intt = each(dropped, (k, p, i) => [coefficients[k].limbs[i], parts[k].limb(p), p, factors[i]] as const);
    device.launch("intt", logN, intt);
    if (kept.length > 0) {
      const { fractions, targets } = conversion(dropped, kept, power);
      const conversions = coefficients.map(({ limbs: sources }, k) => {
        return {
          sources,
          fractions,
          targets: targets.map((target, i) => ({ ...target, out: remainders[k].limbs[i] })),
        };
      });
      device.launch("baseConvert", logN, conversions);
      const [outs, limbs] = [results, remainders].map((list) => list.map((each) => each.limbs));
      device.launch(
        "ntt",
        logN,
        each(kept, (k, p, i) => [limbs[k][i], limbs[k][i], p] as const),
      );
      const inverses = quotientFactors(kept, dropped, power);
      const divided = each(kept, (k, p, i) => [outs[k][i], parts[k].limb(p), limbs[k][i], p, inverses[i]] as const);
      device.launch("dropAndScale", logN, divided);
    }
    for (const part of [...coefficients, ...remainders]) part[Symbol.dispose]();
    return results;
  });
}

/**
 * (part + summand) / d, rounded, for one prime d; `summand` by its coefficients. It goes with the remainder through
 * one transform, and costs none of its own.
 */
export function dropSum(part: RnsPolynomial, summand: RnsPolynomial, d: number): RnsPolynomial {
  requireSameForm(summand.form, COEFFICIENTS);
  requireSameForm(part.form, VALUES);
  // With one prime to convert from, these are the coefficients themselves.
  using coefficients = toConversionCoefficients(part, [d]);
  coefficients.inherit(summand);
  launchEach(part.ring, "add", [d], () => [coefficients.limb(d), coefficients.limb(d), summand.limb(d), d]);
  const kept = part.primes.filter((p) => p !== d);
  using remainder = convertBasis(coefficients, kept, 0);
  launchEach(part.ring, "subtract", kept, (p) => [remainder.limb(p), remainder.limb(p), summand.limb(p), p]);
  return divide(part, remainder, [d]);
}

/**
 * (part − remainder) / D over the primes of `remainder`, which is given by its coefficients and transformed in place;
 * without the power of 2^32 that both carry.
 */
function divide(part: RnsPolynomial, remainder: RnsPolynomial, dropped: readonly number[]): RnsPolynomial {
  const kept = remainder.primes;
  const { power } = part.form;
  const inverses = quotientFactors(kept, dropped, power);
  remainder.transform();
  requireSameForm(part.form, remainder.form);
  let i = 0;
  const row = (out: Limb, p: number) => [out, part.limb(p), remainder.limb(p), p, inverses[i++]] as const;
  return compute(part.ring, "dropAndScale", kept, VALUES, row, part.secret || remainder.secret);
}

/** 1/D for the product D of the primes `dropped`, and without the power of 2^32. */
function quotientFactors(kept: readonly number[], dropped: readonly number[], power: number): readonly number[] {
  return remember(`${kept.join()}<${dropped.join()}/${power}`, () =>
    kept.map((p) => multiplyModulo(inverseModulo(productModulo(dropped, p), p), powerOfWord(-power, p), p)),
  );
}
