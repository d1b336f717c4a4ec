import type { KernelName, KernelRows, Limb } from "../ntt/kernels.js";
import { OwnedLimbs, type Ring } from "./limbs.js";
import { residueBits } from "./packing.js";
import { refuseJson } from "./storage.js";

export type { Ring } from "./limbs.js";

/**
 * A polynomial by its residues: one limb for each prime, as NTT values unless a function says otherwise.
 * What the functions below compute from a secret is a secret too, until somebody says `publish`.
 */
export class RnsPolynomial extends OwnedLimbs {
  constructor(
    ring: Ring,
    readonly primes: readonly number[],
    limbs: readonly Limb[],
    secret = false,
  ) {
    super(ring, limbs, secret);
  }

  static allocate(ring: Ring, primes: readonly number[], secret = false): RnsPolynomial {
    return new RnsPolynomial(ring, primes, ring.device.allocate(ring.logN, primes.length), secret);
  }

  /** The limb of one of the primes. @throws TypeError after `dispose`. */
  limb(prime: number): Limb {
    const index = this.primes.indexOf(prime);
    if (index < 0) throw new RangeError(`this polynomial has no residues modulo ${prime}`);
    return this.limbs[index];
  }

  /** Bytes in the device's memory. */
  get bytes(): number {
    return this.primes.length * 4 * 2 ** this.ring.logN;
  }

  /** Bytes when packed to each prime's bits. */
  get packedBytes(): number {
    return this.primes.reduce((bytes, p) => bytes + packedLimbBytes(p, this.ring.logN), 0);
  }

  /** @throws FormatError always: see there. */
  toJSON(): never {
    return refuseJson();
  }

  /** The same limbs under a new handle, which outlives the scope of this one; this one is left as by `dispose`. */
  move(): RnsPolynomial {
    const { limbs, secret } = this.surrender();
    return new RnsPolynomial(this.ring, this.primes, limbs, secret);
  }

  /** `move`, and a secret no more: for what is masked by now, or was drawn for everybody to see. */
  publish(): RnsPolynomial {
    return new RnsPolynomial(this.ring, this.primes, this.surrender().limbs);
  }
}

/** Bytes of N residues at the prime's own width. */
export function packedLimbBytes(prime: number, logN: number): number {
  return (2 ** logN * residueBits(prime)) / 8;
}

/** Queues a kernel, one row for each prime of `primes`. */
export function launchEach<K extends KernelName>(
  ring: Ring,
  kernel: K,
  primes: readonly number[],
  row: (prime: number) => KernelRows[K],
): void {
  if (primes.length > 0) ring.device.launch(kernel, ring.logN, primes.map(row));
}

/** A new polynomial over `primes`, filled by one kernel. `secret`: whether an operand is. */
export function compute<K extends KernelName>(
  ring: Ring,
  kernel: K,
  primes: readonly number[],
  row: (out: Limb, prime: number) => KernelRows[K],
  secret = false,
): RnsPolynomial {
  return filled(RnsPolynomial.allocate(ring, primes, secret), ({ limbs }) => {
    if (primes.length === 0) return;
    ring.device.launch(
      kernel,
      ring.logN,
      primes.map((prime, i) => row(limbs[i], prime)),
    );
  });
}

/** A polynomial that nobody else knows yet, after `fill`; disposed of if that throws. */
export function filled(poly: RnsPolynomial, fill: (poly: RnsPolynomial) => void): RnsPolynomial {
  try {
    fill(poly);
    return poly;
  } catch (error) {
    poly[Symbol.dispose]();
    throw error;
  }
}

/** a + b over the primes given (those of `a` if absent). */
export function add(a: RnsPolynomial, b: RnsPolynomial, primes = a.primes): RnsPolynomial {
  const secret = a.secret || b.secret;
  return compute(a.ring, "add", primes, (out, p) => [out, a.limb(p), b.limb(p), p], secret);
}

export function subtract(a: RnsPolynomial, b: RnsPolynomial, primes = a.primes): RnsPolynomial {
  const secret = a.secret || b.secret;
  return compute(a.ring, "subtract", primes, (out, p) => [out, a.limb(p), b.limb(p), p], secret);
}

export function negate(a: RnsPolynomial): RnsPolynomial {
  return compute(a.ring, "negate", a.primes, (out, p) => [out, a.limb(p), p], a.secret);
}

/** a += b over the primes of `a`. */
export function addInto(a: RnsPolynomial, b: RnsPolynomial): void {
  a.inherit(b);
  launchEach(a.ring, "add", a.primes, (p) => [a.limb(p), a.limb(p), b.limb(p), p]);
}

/** a·b·2^−32. */
export function multiply(a: RnsPolynomial, b: RnsPolynomial, primes = a.primes): RnsPolynomial {
  const secret = a.secret || b.secret;
  return compute(a.ring, "multiply", primes, (out, p) => [out, a.limb(p), b.limb(p), p], secret);
}

/** a times the integer `factor`, given by its residue for each prime. */
export function scale(a: RnsPolynomial, factor: (prime: number) => number, primes = a.primes): RnsPolynomial {
  return compute(a.ring, "multiplyScalar", primes, (out, p) => [out, a.limb(p), p, factor(p)], a.secret);
}

/** a += b·factor over the primes given (those of `a` if absent). */
export function addScaled(
  a: RnsPolynomial,
  b: RnsPolynomial,
  factor: (prime: number) => number,
  primes = a.primes,
): void {
  a.inherit(b);
  launchEach(a.ring, "multiplyScalarAdd", primes, (p) => [a.limb(p), b.limb(p), p, factor(p)]);
}

/** a under X → X^galois. */
export function permute(a: RnsPolynomial, galois: number): RnsPolynomial {
  return compute(a.ring, "permute", a.primes, (out, p) => [out, a.limb(p), galois], a.secret);
}

export function copy(a: RnsPolynomial, primes = a.primes): RnsPolynomial {
  return compute(a.ring, "copy", primes, (out, p) => [out, a.limb(p)], a.secret);
}

/** Coefficients to NTT values, in place. */
export function transform(a: RnsPolynomial): void {
  launchEach(a.ring, "ntt", a.primes, (p) => [a.limb(p), a.limb(p), p]);
}

/**
 * Integer coefficients |v| < 2^63, given in doubles without a fraction, as coefficients modulo each prime.
 * `transform` makes NTT values of them. `secret`: whether they are, like a message.
 */
export function fromIntegers(
  ring: Ring,
  integers: Float64Array,
  primes: readonly number[],
  secret = false,
): RnsPolynomial {
  const [low, high] = wordsFor(integers.length);
  try {
    for (let i = 0; i < integers.length; i++) {
      const h = Math.floor(integers[i] / 2 ** 32);
      high[i] = h;
      low[i] = integers[i] - h * 2 ** 32; // exact: both are multiples of the last bit of integers[i]
    }
    using words = new OwnedLimbs(ring, ring.device.allocate(ring.logN, 2), secret);
    const [l, h] = words.limbs;
    ring.device.write(ring.logN, l, low);
    ring.device.write(ring.logN, h, high);
    return compute(ring, "reduce", primes, (out, p) => [out, l, h, p], secret);
  } finally {
    low.fill(0);
    high.fill(0);
  }
}

const wordsCache = new Map<number, readonly [low: Uint32Array, high: Int32Array]>();

/** Two vectors to split integers into: new ones cost more page faults than the splitting takes. */
function wordsFor(length: number): readonly [Uint32Array, Int32Array] {
  let words = wordsCache.get(length);
  if (!words) wordsCache.set(length, (words = [new Uint32Array(length), new Int32Array(length)]));
  return words;
}
