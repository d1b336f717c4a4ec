import { createHash } from "node:crypto";
import {
  type Ciphertext,
  type ComplexVector,
  Encryptor,
  Evaluator,
  KeyHolder,
  type ParameterLiteral,
  Parameters,
  Randomness,
} from "../../src/ckks/index.js";
import { type Device, openDevice } from "../../src/index.js";
import { choosePrimes } from "../../src/ntt/primes.js";

/** The parameter sets that the scheme's tests loop over: every kind of level, digit and ring that differs in code. */
const LITERALS: Readonly<Record<string, () => Parameters>> = {
  "one-prime levels, one digit, 128 bits": () => Parameters.choose({ depth: 2, wideBase: false }),
  "two-prime levels, 128 bits": () => Parameters.choose({ depth: 1, precision: "high", wideBase: false }),
  "a digit for every prime, N = 2^10": () => unsafe(10, [1, 1, 1, 1], { digitPrimes: 1, specials: 2 }),
  "digits of 2, 2 and 1 primes, a base of two": () =>
    unsafe(11, [2, 1, 1, 1], { digitPrimes: 2, specials: 3, baseScaleBits: 30 }),
  "gadgets by level": () => unsafe(11, [2, 1, 1, 1], { ...BY_LEVEL, baseScaleBits: 30 }),
};

/** Below the highest level all of a polynomial is one digit, for which P is larger in the middle and smaller at the end. */
export const BY_LEVEL = {
  digitPrimes: 2,
  specials: 5,
  gadgets: [[3, 2], [4, 3], [5, 4], [3, 2]].map(([specialPrimes, digitPrimes]) => ({ specialPrimes, digitPrimes })), // biome-ignore format: a table
};

export const SETTINGS: readonly (readonly [name: string, parameters: Parameters])[] = Object.entries(LITERALS).map(
  ([name, make]) => [name, make()],
);

/** Small parameters for which no security is claimed; `widths` are primes a level. */
export function unsafe(logN: number, widths: readonly number[], options: UnsafeOptions): Parameters {
  return Parameters.of(unsafeLiteral(logN, widths, options));
}

export function unsafeLiteral(
  logN: number,
  widths: readonly number[],
  { digitPrimes, specials, gadgets, baseScaleBits = 24, specialBits = 30 }: UnsafeOptions,
): ParameterLiteral {
  const primes = choosePrimes(
    widths.reduce((a, b) => a + b),
    30,
  );
  let taken = 0;
  const levels = widths.map((width) => primes.slice(taken, (taken += width)));
  const special = choosePrimes(specials, specialBits, primes);
  return { logN, levels, special, digitPrimes, ...(gadgets && { gadgets }), baseScaleBits, security: "none" };
}

interface UnsafeOptions {
  readonly digitPrimes: number;
  readonly specials: number;
  readonly gadgets?: ParameterLiteral["gadgets"];
  readonly baseScaleBits?: number;
  readonly specialBits?: number;
}

let device: Promise<Device> | undefined;

/** One CPU device for a test file. */
export function testDevice(): Promise<Device> {
  device ??= openDevice("cpu");
  return device;
}

/** A key holder, an evaluator with keys for every test rotation, a public-key encryptor, and a source of test values. */
export interface Instance {
  readonly device: Device;
  readonly parameters: Parameters;
  readonly alice: KeyHolder;
  readonly he: Evaluator;
  readonly encryptor: Encryptor;
  readonly values: Values;
}

export const ROTATIONS = [1, 2, 3, -1, 5, 16] as const;

export async function instance(parameters: Parameters, seed = 1): Promise<Instance> {
  const device = await testDevice();
  const alice = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(seed));
  const he = new Evaluator(device, parameters, alice.evaluationKeys({ rotations: ROTATIONS, conjugate: true }));
  const encryptor = new Encryptor(alice.publicKey, Randomness.seededUnsafe(1000 + seed));
  return { device, parameters, alice, he, encryptor, values: new Values(2000 + seed) };
}

/** Levels of some parameters, the highest first. */
export function levelsOf(parameters: Parameters, lowest = 0): number[] {
  return Array.from({ length: parameters.maxLevel - lowest + 1 }, (_, i) => parameters.maxLevel - i);
}

/** Seeded test values, uniform in the square |Re|, |Im| < 1/√2, so that |z| < 1. */
export class Values {
  private readonly randomness: Randomness;

  constructor(seed: number) {
    this.randomness = Randomness.seededUnsafe(seed);
  }

  real(count: number, bound = 1): Float64Array {
    return Float64Array.from(this.randomness.words(count), (word) => (word / 2 ** 31 - 1) * bound);
  }

  complex(count: number): ComplexVector {
    return { real: this.real(count, Math.SQRT1_2), imaginary: this.real(count, Math.SQRT1_2) };
  }
}

/** Complex vectors in doubles: the one oracle of the scheme. */
export const clear = {
  map2(a: ComplexVector, b: ComplexVector, f: (ar: number, ai: number, br: number, bi: number) => [number, number]) {
    const real = new Float64Array(a.real.length);
    const imaginary = new Float64Array(a.real.length);
    for (let i = 0; i < real.length; i++) {
      [real[i], imaginary[i]] = f(a.real[i], a.imaginary[i], b.real[i], b.imaginary[i]);
    }
    return { real, imaginary };
  },
  add: (a: ComplexVector, b: ComplexVector) => clear.map2(a, b, (ar, ai, br, bi) => [ar + br, ai + bi]),
  subtract: (a: ComplexVector, b: ComplexVector) => clear.map2(a, b, (ar, ai, br, bi) => [ar - br, ai - bi]),
  multiply: (a: ComplexVector, b: ComplexVector) =>
    clear.map2(a, b, (ar, ai, br, bi) => [ar * br - ai * bi, ar * bi + ai * br]),
  scale: (a: ComplexVector, factor: number) => clear.map2(a, a, (r, i) => [r * factor, i * factor]),
  conjugate: (a: ComplexVector) => clear.map2(a, a, (r, i) => [r, -i]),
  rotate(a: ComplexVector, steps: number): ComplexVector {
    const n = a.real.length;
    const turn = (part: Float64Array) => part.map((_, j) => part[(((j + steps) % n) + n) % n]);
    return { real: turn(a.real), imaginary: turn(a.imaginary) };
  },
  constant: (count: number, value: number): ComplexVector => ({
    real: new Float64Array(count).fill(value),
    imaginary: new Float64Array(count),
  }),
};

/** log2 of the largest slot error, real or imaginary. */
export async function errorBits(
  { alice }: Pick<Instance, "alice">,
  ct: Ciphertext,
  expected: ComplexVector,
): Promise<number> {
  const { real, imaginary } = await alice.precision(ct, expected);
  return Math.max(real.max, imaginary.max);
}

/** A digest of a polynomial's residues: equal for equal ones, and quicker to compare. */
export async function digest(part: Ciphertext["parts"][0]): Promise<string> {
  const { device, logN } = part.ring;
  const hash = createHash("sha256");
  for (const words of await device.read(logN, part.limbs)) hash.update(words);
  return hash.digest("hex");
}
