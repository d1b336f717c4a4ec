import type { KernelName, KernelRows, Limb } from "../ntt/kernels.js";
import { multiplyModulo } from "../ntt/modulus.js";
import { COEFFICIENTS, type Form, OPERAND, powerOfWord, productForm, requireDomain, requireSameForm } from "./form.js";
import { OwnedLimbs } from "./limbs.js";
import { residueBits } from "./packing.js";
import type { StoredLimbs } from "./paging/store.js";
import type { Ring } from "./ring.js";
import { refuseJson } from "./storage.js";

/**
 * A polynomial by its residues, one limb for each prime, in the form that it says.
 * What the functions below compute from a secret is a secret too, until somebody says `publish`.
 */
export class RnsPolynomial extends OwnedLimbs {
  private currentForm: Form;

  constructor(
    ring: Ring,
    readonly primes: readonly number[],
    limbs: readonly Limb[],
    form: Form,
    secret = false,
  ) {
    super(ring, limbs, secret);
    this.currentForm = form;
  }

  static allocate(ring: Ring, primes: readonly number[], form: Form, secret = false): RnsPolynomial {
    return new RnsPolynomial(ring, primes, ring.device.allocate(ring.logN, primes.length), form, secret);
  }

  /** One polynomial of parts over primes of their own, all in `form`, which it takes over. */
  static join(ring: Ring, parts: readonly RnsPolynomial[], form: Form): RnsPolynomial {
    const primes = parts.flatMap((part) => part.primes);
    const given = parts.map((part) => part.surrender());
    const limbs = given.flatMap((holding) => holding.limbs);
    return new RnsPolynomial(
      ring,
      primes,
      limbs,
      form,
      given.some(({ secret }) => secret),
    );
  }

  get form(): Form {
    return this.currentForm;
  }

  /** Queues the transform of its coefficients to NTT values, in place. */
  transform(): void {
    requireDomain("coefficients", this.form);
    launchEach(this.ring, "ntt", this.primes, (p) => [this.limb(p), this.limb(p), p]);
    this.currentForm = { domain: "values", power: this.form.power };
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

  /** Its packed words, where it is paged and lives as such outside of the device's memory. */
  get stored(): StoredLimbs | undefined {
    return undefined;
  }

  /** @throws FormatError always: see there. */
  toJSON(): never {
    return refuseJson();
  }

  /** The same limbs under a new handle, which outlives the scope of this one; this one is left as by `dispose`. */
  move(): RnsPolynomial {
    const { limbs, secret } = this.surrender();
    return new RnsPolynomial(this.ring, this.primes, limbs, this.form, secret);
  }

  /** `move`, and a secret no more: for what is masked by now, or was drawn for everybody to see. */
  publish(): RnsPolynomial {
    return new RnsPolynomial(this.ring, this.primes, this.surrender().limbs, this.form);
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

/** A new polynomial over `primes`, in `form`, filled by one kernel. `secret`: whether an operand is. */
export function compute<K extends KernelName>(
  ring: Ring,
  kernel: K,
  primes: readonly number[],
  form: Form,
  row: (out: Limb, prime: number) => KernelRows[K],
  secret = false,
): RnsPolynomial {
  return filled(RnsPolynomial.allocate(ring, primes, form, secret), ({ limbs }) => {
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
  requireSameForm(a.form, b.form);
  const secret = a.secret || b.secret;
  return compute(a.ring, "add", primes, a.form, (out, p) => [out, a.limb(p), b.limb(p), p], secret);
}

export function subtract(a: RnsPolynomial, b: RnsPolynomial, primes = a.primes): RnsPolynomial {
  requireSameForm(a.form, b.form);
  const secret = a.secret || b.secret;
  return compute(a.ring, "subtract", primes, a.form, (out, p) => [out, a.limb(p), b.limb(p), p], secret);
}

export function negate(a: RnsPolynomial): RnsPolynomial {
  return compute(a.ring, "negate", a.primes, a.form, (out, p) => [out, a.limb(p), p], a.secret);
}

/** a += b over the primes of `a`. */
export function addInto(a: RnsPolynomial, b: RnsPolynomial): void {
  requireSameForm(a.form, b.form);
  a.inherit(b);
  launchEach(a.ring, "add", a.primes, (p) => [a.limb(p), a.limb(p), b.limb(p), p]);
}

/** a·b, both by their NTT values. */
export function multiply(a: RnsPolynomial, b: RnsPolynomial, primes = a.primes): RnsPolynomial {
  const form = productForm(a.form, b.form);
  const secret = a.secret || b.secret;
  return compute(a.ring, "multiply", primes, form, (out, p) => [out, a.limb(p), b.limb(p), p], secret);
}

/** a times the integer `factor`, given by its residue for each prime, in the form of `a` but for `power` of 2^32. */
export function scale(
  a: RnsPolynomial,
  factor: (prime: number) => number,
  primes = a.primes,
  power = a.form.power,
): RnsPolynomial {
  const form = { domain: a.form.domain, power };
  const residue = (p: number) => multiplyModulo(factor(p), powerOfWord(power - a.form.power, p), p);
  return compute(a.ring, "multiplyScalar", primes, form, (out, p) => [out, a.limb(p), p, residue(p)], a.secret);
}

/** The same polynomial, ready to be multiplied by. */
export function toOperand(a: RnsPolynomial): RnsPolynomial {
  return scale(a, () => 1, a.primes, OPERAND.power);
}

/** a += b·factor over the primes given (those of `a` if absent), whatever powers of 2^32 they carry. */
export function addScaled(
  a: RnsPolynomial,
  b: RnsPolynomial,
  factor: (prime: number) => number,
  primes = a.primes,
): void {
  requireDomain(a.form.domain, b.form);
  a.inherit(b);
  const residue = (p: number) => multiplyModulo(factor(p), powerOfWord(a.form.power - b.form.power, p), p);
  launchEach(a.ring, "multiplyScalarAdd", primes, (p) => [a.limb(p), b.limb(p), p, residue(p)]);
}

/** a under X → X^galois, by its NTT values. */
export function permute(a: RnsPolynomial, galois: number): RnsPolynomial {
  requireDomain("values", a.form);
  return compute(a.ring, "permute", a.primes, a.form, (out, p) => [out, a.limb(p), galois], a.secret);
}

/** The coefficients of a, without the power of 2^32 that it carries. */
export function toCoefficients(a: RnsPolynomial, primes = a.primes): RnsPolynomial {
  requireDomain("values", a.form);
  const factor = (p: number) => powerOfWord(-a.form.power, p);
  return compute(a.ring, "intt", primes, COEFFICIENTS, (out, p) => [out, a.limb(p), p, factor(p)], a.secret);
}

export function copy(a: RnsPolynomial, primes = a.primes): RnsPolynomial {
  return compute(a.ring, "copy", primes, a.form, (out, p) => [out, a.limb(p)], a.secret);
}

/**
 * Integer coefficients |v| < 2^63, given in doubles without a fraction, modulo each prime.
 * `secret`: whether they are, like a message.
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
    return compute(ring, "reduce", primes, COEFFICIENTS, (out, p) => [out, l, h, p], secret);
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
