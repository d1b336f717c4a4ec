import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convertBasis, drop, toConversionCoefficients } from "../../src/ckks/basis.js";
import { OPERAND, VALUES } from "../../src/ckks/form.js";
import { Ciphertext, Encoder, EvaluationKeys, Evaluator, Parameters } from "../../src/ckks/index.js";
import { PRODUCT_POWER, type SwitchingKey } from "../../src/ckks/keys/switching-key.js";
import { Accumulator, Digits } from "../../src/ckks/keyswitch.js";
import { compute, type RnsPolynomial, subtract } from "../../src/ckks/polynomial.js";
import { chunks } from "../../src/ckks/primelist.js";
import { Ring } from "../../src/ckks/ring.js";
import { type Device, openDevice } from "../../src/index.js";
import { residue } from "../../src/ntt/modulus.js";
import { choosePrimes } from "../../src/ntt/primes.js";
import { automorphismTable } from "../../src/ntt/roots.js";
import { deviceUnderTest } from "../device-under-test.js";
import { type Residues, residuesOf, stored } from "./engine.js";
import { type Json, readVectors } from "./independent-reader.js";

/**
 * The engine takes N ≥ 2^10. Polynomials in X^gap are closed under all that the scheme does, and are those of the smaller ring: so
 * what is written out for N = 16 is held to the engine at N = 1024, every coefficient, those between as zeros.
 */
const LOG_N = 10;
const N = 2 ** LOG_N;

let device: Device;
beforeAll(async () => {
  device = await openDevice(deviceUnderTest());
});
afterAll(() => device.close());

function spread(residues: Residues): Uint32Array[] {
  return residues.map((limb) => {
    const result = new Uint32Array(N);
    for (let i = 0; i < limb.length; i++) result[(i * N) / limb.length] = limb[i];
    return result;
  });
}

function parametersOf({ levels, special, digitPrimes }: Json, baseScaleBits = 24): Parameters {
  return Parameters.of({ logN: LOG_N, levels, special, digitPrimes, baseScaleBits, security: "none" });
}

/** For what asks for a ring and not for levels. */
function ringOver(primes: readonly number[]): Ring {
  const levels = primes.map((p) => [p]);
  return Ring.of(device, parametersOf({ levels, special: choosePrimes(2, 30, primes), digitPrimes: 1 }));
}

async function expectPolynomial(poly: RnsPolynomial, residues: Residues): Promise<void> {
  using owned = poly;
  expect(await residuesOf(owned)).toEqual(spread(residues));
}

describe("encoding.json", () => {
  const { cases } = readVectors("encoding.json");
  test.each<Json>(cases)("$slots slots, scale $scale: coefficients, residues, and back", async (v) => {
    const [p, q] = v.primes;
    const special = readVectors("operations.json").cases[0].levels.flat().slice(0, 2);
    // A scale that is no power of two is that of level 1.
    const whole = Number.isInteger(Math.log2(v.scale));
    const parameters = parametersOf(
      { levels: whole ? [[p, q]] : [[p], [q]], special, digitPrimes: 1 },
      whole ? Math.log2(v.scale) : 24,
    );
    const encoder = new Encoder(Ring.of(device, parameters));
    const level = parameters.maxLevel;
    expect(parameters.scaleAt(level)).toBe(v.scale);
    const expected = new Float64Array(N);
    v.coefficients.forEach((c: number, i: number) => {
      expected[(i * N) / v.n] = c;
    });
    expect(Array.from(encoder.coefficients(v.values, level, v.slots), (c) => c + 0)).toEqual([...expected]);
    const plain = encoder.encode(v.values, level, v.slots);
    await expectPolynomial(plain.polynomial, v.residues);
    const { real, imaginary } = encoder.decode(spread(v.residues), level, v.scale, v.slots);
    for (let j = 0; j < v.slots; j++) {
      expect(Math.abs(real[j] - v.decoded.real[j])).toBeLessThan(2 ** -45);
      expect(Math.abs(imaginary[j] - v.decoded.imaginary[j])).toBeLessThan(2 ** -45);
    }
  });
});

describe("division.json", () => {
  const { drop: drops, convert } = readVectors("division.json");
  test.each<Json>(drops)("(x − [x]_D)/D without $dropped", async ({ kept, dropped, input, output }) => {
    const primes = [...kept, ...dropped];
    const ring = ringOver(primes);
    using poly = stored(ring, spread(input), primes);
    const [quotient] = drop([poly], dropped);
    expect(quotient.primes).toEqual(kept);
    await expectPolynomial(quotient, output);
  });
  test.each<Json>(convert)("[x]_D from $from to $to", async ({ from, to, input, output }) => {
    const ring = ringOver([...from, ...to]);
    using poly = stored(ring, spread(input), from);
    using coefficients = toConversionCoefficients(poly, from);
    using converted = convertBasis(coefficients, to, 0);
    expect(await device.read(LOG_N, converted.limbs)).toEqual(spread(output));
  });
});

/** A key for digits that carry `power` modulo their own primes, as the engine keeps it. */
function storedKey(
  ring: Ring,
  v: Json,
  digits: Json[],
  element?: number,
  power = element === undefined ? PRODUCT_POWER : 0,
): SwitchingKey {
  const q: number[] = v.levels.flat();
  const primes = [...q, ...v.special];
  const own = chunks(q, v.digitPrimes);
  const half = (residues: Residues, d: number) =>
    stored(ring, spread(residues), primes, OPERAND, { primes: own[d], power });
  const stores = digits.map(({ a, b }, d) => ({ a: half(a, d), b: half(b, d) }));
  return { element, level: v.levels.length - 1, power, digits: stores, seed: undefined };
}

describe("key-switching.json", () => {
  const { cases } = readVectors("key-switching.json");
  test.each<Json>(cases)("digits, and what the key makes of them: dnum $dnum", async (v) => {
    const parameters = parametersOf(v);
    const ring = Ring.of(device, parameters);
    const key = storedKey(ring, v, v.key, 5);
    for (const { level, input, digits, output } of v.switches) {
      const primes = parameters.primesAt(level);
      using poly = stored(ring, spread(input), primes);
      using decomposed = Digits.decompose(poly, level, parameters.gadgetAt(level));
      expect(decomposed.count).toBe(digits.length);
      for (const [d, integers] of digits.entries()) {
        const all = [...primes, ...parameters.special];
        using digit = compute(ring, "copy", all, VALUES, (out, p) => [out, decomposed.limb(d, p)]);
        const expected = all.map((p) => integers.map((x: string) => residue(BigInt(x), p)));
        expect(await residuesOf(digit)).toEqual(spread(expected));
      }
      using zero = subtract(poly, poly);
      using sum = Accumulator.innerProduct(decomposed, key, zero);
      for (const [i, part] of sum.toCiphertextParts().entries()) await expectPolynomial(part, output[i]);
    }
  });
});

describe("operations.json", () => {
  const { cases } = readVectors("operations.json");
  test.each<Json>(cases)("tensor, relinearise, rescale, product, rotations, levels $levels", async (v) => {
    const parameters = parametersOf(v);
    const ring = Ring.of(device, parameters);
    const level = parameters.maxLevel;
    const primes = parameters.primesAt(level);
    const fingerprint = "00";
    // Elements modulo 2N that equal the small ring's: 5^steps and −1.
    const elements = [5, 125, 2 * N - 1];
    const galois = elements.map((g, i) => storedKey(ring, v, v.galois[i].key, g));
    elements.forEach((g, i) => {
      expect(g % (2 * v.n)).toBe(v.galois[i].element);
    });
    const relinearization = storedKey(ring, v, v.product.key);
    const { rotatedProduct } = v;
    const forProducts = storedKey(ring, v, rotatedProduct.key, rotatedProduct.element, PRODUCT_POWER);
    using keys = new EvaluationKeys(ring, fingerprint, [relinearization, ...galois, forProducts]);
    const he = new Evaluator(device, parameters, keys);
    const take = (parts: Residues[]) =>
      new Ciphertext(
        parts.map((part) => stored(ring, spread(part), primes)),
        { level, state: "canonical", slots: N / 2, fingerprint },
      );
    const expectParts = async (ct: Ciphertext, expected: Residues[]) => {
      expect(ct.parts).toHaveLength(expected.length);
      for (const [i, part] of ct.parts.entries()) await expectPolynomial(part, expected[i]);
    };
    using x = take(v.x);
    using y = take(v.y);
    using tensor = he.tensor(x, y);
    using relinearized = he.relinearize(tensor);
    await expectParts(he.rescale(relinearized), v.product.rescaled);
    await expectParts(he.copy(relinearized), v.product.relinearized);
    await expectParts(he.multiply(x, y), v.product.output);
    await expectParts(he.copy(tensor), v.product.tensor);
    await expectParts(he.rotate(x, 1), v.galois[0].output);
    await expectParts(he.rotate(x, 3), v.galois[1].output);
    await expectParts(he.conjugate(x), v.galois[2].output);
    using sum = Accumulator.zero(ring, level);
    he.switcher.addPermutedProduct(sum, tensor, rotatedProduct.element);
    for (const [i, part] of sum.toCiphertextParts().entries()) await expectPolynomial(part, rotatedProduct.output[i]);
    const { element, input, output } = v.permutation;
    expect(Array.from(automorphismTable(element, Math.log2(v.n)), (i) => input[i])).toEqual(output);
  });
});
