import { describe, expect, it } from "vitest";
import { convertBasis, drop, toConversionCoefficients } from "../../src/ckks/basis.js";
import { RnsPolynomial } from "../../src/ckks/polynomial.js";
import { Randomness } from "../../src/ckks/randomness.js";
import { Ring } from "../../src/ckks/ring.js";
import { fromMontgomery, residue } from "../../src/ntt/modulus.js";
import { choosePrimes } from "../../src/ntt/primes.js";
import { coefficients, lift } from "./phase.js";
import { testDevice, unsafe } from "./settings.js";

const device = await testDevice();
const ring = Ring.of(device, unsafe(10, [1], { digitPrimes: 1, specials: 2 }));
const n = 2 ** ring.logN;

/** Coefficients with given residues, then with the extremes of the centred range and its neighbours. */
function integers(primes: readonly number[], seed: number): bigint[] {
  const q = primes.reduce((product, p) => product * BigInt(p), 1n);
  const words = Randomness.seededUnsafe(seed).words(n * primes.length);
  const random = lift(
    primes.map((p, j) => words.subarray(j * n, (j + 1) * n).map((word) => word % p)),
    primes,
  );
  const edges = [0n, 1n, -1n, q / 2n, -(q / 2n), q / 2n - 1n, q / 4n, -(q / 4n)];
  return [...edges, ...random.slice(edges.length)];
}

function polynomial(values: readonly bigint[], primes: readonly number[], power: 0 | -1 = 0): RnsPolynomial {
  const result = RnsPolynomial.allocate(ring, primes, { domain: "coefficients", power });
  const store = power === 0 ? (x: number) => x : fromMontgomery;
  primes.forEach((p, i) => {
    device.write(
      ring.logN,
      result.limbs[i],
      Uint32Array.from(values, (x) => store(residue(x, p), p)),
    );
  });
  result.transform();
  return result;
}

/** |a·divisor − b| / divisor, largest over all coefficients, in doubles after an exact difference. */
function worst(quotients: readonly bigint[], values: readonly bigint[], divisor: bigint, modulus: bigint): number {
  return quotients.reduce((max, quotient, i) => {
    let difference = (quotient * divisor - values[i]) % (modulus * divisor);
    // The exact quotient may lie just beyond the centred range's end: the same residue.
    if (2n * difference > modulus * divisor) difference -= modulus * divisor;
    if (2n * difference < -modulus * divisor) difference += modulus * divisor;
    return Math.max(max, Math.abs(Number((difference * 2n ** 40n) / divisor) / 2 ** 40));
  }, 0);
}

const [a, b, c, d, e, f, g] = choosePrimes(7, 30);
const small = choosePrimes(3, 25);
const CASES: Readonly<Record<string, [kept: number[], dropped: number[]]>> = {
  "one prime": [[a, b, c], [d]],
  "a level of two": [
    [a, b],
    [c, d],
  ],
  "four special primes": [
    [a, b, c],
    [d, e, f, g],
  ],
  "special primes and a level at once": [
    [a, b],
    [...small, c],
  ],
  "all but one": [[a], [b, c, d, e, f, g]],
  "small primes": [[a, b], small],
};

describe("drop", () => {
  for (const [what, [kept, dropped]] of Object.entries(CASES)) {
    const primes = [...kept, ...dropped];
    const divisor = dropped.reduce((product, p) => product * BigInt(p), 1n);
    const modulus = kept.reduce((product, p) => product * BigInt(p), 1n);
    // Each source's share of the integer estimate is floored twice: 1.25·2^−24 at most.
    const bound = 0.5 + 1.25 * dropped.length * 2 ** -24;

    it(`|drop(x) − x/D| ≤ 1/2 a coefficient, ${what}`, async () => {
      const values = integers(primes, 1);
      using poly = polynomial(values, primes);
      const [result] = drop([poly], dropped);
      expect(result.primes).toEqual(kept);
      expect(worst(await coefficients(result, kept), values, divisor, modulus)).toBeLessThanOrEqual(bound);
      result[Symbol.dispose]();
    });

    it(`the same for a value that carries 2^−32, ${what}`, async () => {
      const values = integers(primes, 2);
      using poly = polynomial(values, primes, -1);
      const [result] = drop([poly], dropped);
      expect(worst(await coefficients(result, kept), values, divisor, modulus)).toBeLessThanOrEqual(bound);
      result[Symbol.dispose]();
    });

    it(`multiples of D divide exactly, ${what}`, async () => {
      const quotients = integers(kept, 3);
      using poly = polynomial(
        quotients.map((x) => x * divisor),
        primes,
      );
      const [result] = drop([poly], dropped);
      expect(worst(await coefficients(result, kept), quotients, 1n, modulus)).toBe(0);
      result[Symbol.dispose]();
    });

    it(`the rounding has no bias, ${what}`, async () => {
      const values = integers(primes, 4);
      using poly = polynomial(values, primes);
      const [result] = drop([poly], dropped);
      const quotients = await coefficients(result, kept);
      const errors = values
        .slice(8)
        .map((x, i) => Number(((quotients[i + 8] * divisor - x) * 2n ** 30n) / divisor) / 2 ** 30);
      // Uniform in ±1/2: a mean of 1016 values has a deviation of 0.009.
      expect(Math.abs(errors.reduce((x, y) => x + y, 0) / errors.length)).toBeLessThan(0.045);
      result[Symbol.dispose]();
    });
  }
});

describe("convertBasis", () => {
  it("the centred integer in other primes, off by one multiple of D only at the border", async () => {
    const [from, to] = [
      [a, b, c],
      [d, e],
    ];
    const values = integers(from, 5).filter((_, i) => ![3, 4, 5].includes(i));
    values.push(7n, 8n, 9n);
    using poly = polynomial(values, from);
    using coefficientsOf = toConversionCoefficients(poly, from);
    using converted = convertBasis(coefficientsOf, to, 0);
    const words = await device.read(ring.logN, converted.limbs);
    for (const [j, p] of to.entries()) expect([...words[j]]).toEqual(values.map((x) => residue(x, p)));
  });
});
