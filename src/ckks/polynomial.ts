import type { Device } from "../ntt/device.js";
import type { KernelName, KernelRows, Limb } from "../ntt/kernels.js";
import { residueBits } from "./packing.js";
import { gave, lost, took } from "./pressure.js";

/** Polynomials modulo X^N + 1, N = 2^logN, on one device. */
export interface Ring {
  readonly device: Device;
  readonly logN: number;
}

const abandoned = new FinalizationRegistry<{ ring: Ring; limbs: readonly Limb[] }>(({ ring, limbs }) => {
  ring.device.free(ring.logN, limbs);
  lost(limbBytes(ring, limbs.length));
});

/**
 * A polynomial by its residues: one limb for each prime, as NTT values unless a function says otherwise.
 * Owns its limbs; `dispose` gives them back, and the garbage collector does where that was forgotten.
 */
export class RnsPolynomial implements Disposable {
  private disposed = false;

  constructor(
    readonly ring: Ring,
    readonly primes: readonly number[],
    private readonly owned: readonly Limb[],
  ) {
    took(limbBytes(ring, owned.length));
    abandoned.register(this, { ring, limbs: owned }, this);
  }

  /** One for each prime. @throws TypeError after `dispose`. */
  get limbs(): readonly Limb[] {
    this.requireAlive();
    return this.owned;
  }

  /** @throws TypeError after `dispose`. */
  requireAlive(): void {
    if (this.disposed) throw new TypeError("a ciphertext, plaintext or key was used after it was disposed of");
  }

  static allocate(ring: Ring, primes: readonly number[]): RnsPolynomial {
    return new RnsPolynomial(ring, primes, ring.device.allocate(ring.logN, primes.length));
  }

  /**
   * The limb of one of the primes.
   * @throws TypeError after `dispose`: the limb may be somebody else's by now, and a wiped secret would encrypt nothing.
   */
  limb(prime: number): Limb {
    const index = this.primes.indexOf(prime);
    if (index < 0) throw new RangeError(`this polynomial has no residues modulo ${prime}`);
    return this.limbs[index];
  }

  /** Bytes in the device's memory. */
  get bytes(): number {
    return limbBytes(this.ring, this.primes.length);
  }

  /** Bytes when packed to each prime's bits. */
  get packedBytes(): number {
    return this.primes.reduce((bytes, p) => bytes + packedLimbBytes(p, this.ring.logN), 0);
  }

  /** Overwrites the residues with zeros, then frees them: for secrets. */
  wipe(): void {
    if (this.disposed) return;
    // x − x = 0 for any word.
    launchEach(this.ring, "subtract", this.primes, (p) => [this.limb(p), this.limb(p), this.limb(p), p]);
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.disposed) return;
    this.disposed = true;
    abandoned.unregister(this);
    gave(limbBytes(this.ring, this.owned.length));
    this.ring.device.free(this.ring.logN, this.owned);
  }
}

function limbBytes({ logN }: Ring, limbs: number): number {
  return limbs * 4 * 2 ** logN;
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

/** A new polynomial over `primes`, filled by one kernel. */
export function compute<K extends KernelName>(
  ring: Ring,
  kernel: K,
  primes: readonly number[],
  row: (out: Limb, prime: number) => KernelRows[K],
): RnsPolynomial {
  const result = RnsPolynomial.allocate(ring, primes);
  if (primes.length > 0)
    ring.device.launch(
      kernel,
      ring.logN,
      primes.map((prime, i) => row(result.limbs[i], prime)),
    );
  return result;
}

/** a + b over the primes given (those of `a` if absent). */
export function add(a: RnsPolynomial, b: RnsPolynomial, primes = a.primes): RnsPolynomial {
  return compute(a.ring, "add", primes, (out, p) => [out, a.limb(p), b.limb(p), p]);
}

export function subtract(a: RnsPolynomial, b: RnsPolynomial, primes = a.primes): RnsPolynomial {
  return compute(a.ring, "subtract", primes, (out, p) => [out, a.limb(p), b.limb(p), p]);
}

export function negate(a: RnsPolynomial): RnsPolynomial {
  return compute(a.ring, "negate", a.primes, (out, p) => [out, a.limb(p), p]);
}

/** a += b over the primes of `a`. */
export function addInto(a: RnsPolynomial, b: RnsPolynomial): void {
  launchEach(a.ring, "add", a.primes, (p) => [a.limb(p), a.limb(p), b.limb(p), p]);
}

/** a·b·2^−32. */
export function multiply(a: RnsPolynomial, b: RnsPolynomial, primes = a.primes): RnsPolynomial {
  return compute(a.ring, "multiply", primes, (out, p) => [out, a.limb(p), b.limb(p), p]);
}

/** a times the integer `factor`, given by its residue for each prime. */
export function scale(a: RnsPolynomial, factor: (prime: number) => number, primes = a.primes): RnsPolynomial {
  return compute(a.ring, "multiplyScalar", primes, (out, p) => [out, a.limb(p), p, factor(p)]);
}

/** a += b·factor over the primes given (those of `a` if absent). */
export function addScaled(
  a: RnsPolynomial,
  b: RnsPolynomial,
  factor: (prime: number) => number,
  primes = a.primes,
): void {
  launchEach(a.ring, "multiplyScalarAdd", primes, (p) => [a.limb(p), b.limb(p), p, factor(p)]);
}

/** a under X → X^galois. */
export function permute(a: RnsPolynomial, galois: number): RnsPolynomial {
  return compute(a.ring, "permute", a.primes, (out, p) => [out, a.limb(p), galois]);
}

export function copy(a: RnsPolynomial, primes = a.primes): RnsPolynomial {
  return compute(a.ring, "copy", primes, (out, p) => [out, a.limb(p)]);
}

/** Coefficients to NTT values, in place. */
export function transform(a: RnsPolynomial): void {
  launchEach(a.ring, "ntt", a.primes, (p) => [a.limb(p), a.limb(p), p]);
}

/**
 * Integer coefficients |v| < 2^63, given in doubles without a fraction, as coefficients modulo each prime.
 * `transform` makes NTT values of them.
 */
export function fromIntegers(ring: Ring, integers: Float64Array, primes: readonly number[]): RnsPolynomial {
  const [low, high] = wordsFor(integers.length);
  for (let i = 0; i < integers.length; i++) {
    const h = Math.floor(integers[i] / 2 ** 32);
    high[i] = h;
    low[i] = integers[i] - h * 2 ** 32; // exact: both are multiples of the last bit of integers[i]
  }
  const [l, h] = ring.device.allocate(ring.logN, 2);
  ring.device.write(ring.logN, l, low);
  ring.device.write(ring.logN, h, high);
  const result = compute(ring, "reduce", primes, (out, p) => [out, l, h, p]);
  // What passed here may have been a secret or its noise.
  low.fill(0);
  high.fill(0);
  const [p] = primes;
  ring.device.launch("subtract", ring.logN, [
    [l, l, l, p],
    [h, h, h, p],
  ]);
  ring.device.free(ring.logN, [l, h]);
  return result;
}

const wordsCache = new Map<number, readonly [low: Uint32Array, high: Int32Array]>();

/** Two vectors to split integers into: new ones cost more page faults than the splitting takes. */
function wordsFor(length: number): readonly [Uint32Array, Int32Array] {
  let words = wordsCache.get(length);
  if (!words) wordsCache.set(length, (words = [new Uint32Array(length), new Int32Array(length)]));
  return words;
}
