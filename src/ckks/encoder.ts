import { ParameterError } from "../errors.js";
import { inverseModulo, multiplyModulo } from "../ntt/modulus.js";
import { Plaintext } from "./ciphertext.js";
import { kindOf, refuseForeign } from "./copies.js";
import { type ComplexVector, Embedding, wipe } from "./embedding.js";
import { fromWholeNumbers } from "./integers.js";
import { DEFAULT_BOUND, requireBound } from "./noise.js";
import type { Parameters } from "./parameters.js";
import { toOperand } from "./polynomial.js";
import { type Ring, requireIsRing } from "./ring.js";
import { isPowerOfTwo } from "./slots.js";

/** Real values, or complex ones by their parts. */
export type SlotValues =
  | ArrayLike<number>
  | { readonly real: ArrayLike<number>; readonly imaginary: ArrayLike<number> };

/**
 * What an encryption adds to a coefficient is less: an error of 6·3.2, and with a public key what the drop of its extra prime
 * rounds, r·s with a deviation of √(N/18) ≤ 60.4; this is 17 of them. Without the room a value would come back negated.
 */
const FRESH_NOISE = 2 ** 10;

const NOT_VALUES = "an array of numbers, or { real, imaginary } of two, was expected, not";

/** Slot values to polynomials and back. Fewer slots than N/2 repeat: n slots are a power of two, shorter input is padded with zeros. */
export class Encoder {
  constructor(readonly ring: Ring) {
    requireIsRing(ring);
  }

  get parameters(): Parameters {
    return this.ring.parameters;
  }

  /**
   * Encodes at the canonical scale of `level`, for products and sums with ciphertexts of that level.
   * Costs an FFT over the slots and one NTT for each prime.
   * `bound`: see `EncryptOptions.bound`.
   * @throws ParameterError for a value that is not finite, does not fit the modulus (see `headroomAt`), or the bound.
   */
  encode(
    values: SlotValues,
    level = this.parameters.maxLevel,
    slots = this.parameters.slots,
    bound?: number,
  ): Plaintext {
    const primes = this.parameters.primesAt(level);
    const scaleFactor = this.parameters.scaleAt(level);
    using coefficients = fromWholeNumbers(this.ring, this.coefficients(values, level, slots, bound), primes);
    const poly = toOperand(coefficients);
    poly.transform();
    const noise = this.ring.noise.encoded(bound ?? DEFAULT_BOUND, level, slots);
    return new Plaintext(poly, level, scaleFactor, slots, noise);
  }

  /** The rounded integer coefficients of `values` at the scale of `level`, below Q/2: from 2^53 on with 53 bits each. */
  coefficients(values: SlotValues, level: number, slots = this.parameters.slots, bound?: number): Float64Array {
    if (bound !== undefined) requireBound(bound);
    const n = 2 ** this.ring.logN;
    if (!(isPowerOfTwo(slots) && slots <= this.parameters.slots)) {
      throw new RangeError(`${slots} slots: a power of two up to ${this.parameters.slots} was expected`);
    }
    const result = new Float64Array(n);
    // A full vector is transformed where its coefficients will lie.
    const full = slots === n / 2;
    const vector = full
      ? { real: result.subarray(0, slots), imaginary: result.subarray(slots) }
      : { real: new Float64Array(slots), imaginary: new Float64Array(slots) };
    try {
      this.fill(vector, values, slots);
      if (bound !== undefined) requireWithin(vector, bound);
      Embedding.of(slots).toCoefficients(vector);
      this.round(vector, level, result);
      return result;
    } catch (error) {
      result.fill(0);
      throw error;
    } finally {
      if (!full) wipe(vector); // it may have been a secret message
    }
  }

  /** Coefficients times the scale of `level`, rounded, to their places in `result`, which may be where they lie. */
  private round({ real, imaginary }: ComplexVector, level: number, result: Float64Array): void {
    const factor = this.parameters.scaleAt(level);
    // Below Q/2, however that was rounded, and with the noise of a fresh encryption.
    const bound = this.parameters.headroomAt(level) * factor * (1 - 2 ** -50) - FRESH_NOISE;
    const half = result.length / 2;
    const gap = half / real.length;
    let largest = 0;
    for (const [part, first] of [
      [real, 0],
      [imaginary, half],
    ] as const) {
      for (let i = 0; i < part.length; i++) {
        const coefficient = Math.round(part[i] * factor);
        largest = Math.max(largest, Math.abs(coefficient)); // NaN stays
        result[first + i * gap] = coefficient;
      }
    }
    if (!(largest < bound)) {
      throw new ParameterError(
        `a value is too large for level ${level}: at most ${(bound / factor).toPrecision(3)} fits`,
        "scale the values down, or use a higher level, which holds more (parameters.headroomAt(level))",
      );
    }
  }

  /**
   * Slot values of a polynomial given by its coefficients' residues at `level`. Every prime counts: a value
   * decodes right as long as it stayed below the headroom of its level.
   */
  decode(residues: readonly Uint32Array[], level: number, scaleFactor: number, slots: number): ComplexVector {
    const n = 2 ** this.ring.logN;
    const gap = n / 2 / slots;
    const lift = shortLift(this.parameters.primesAt(level));
    const real = new Float64Array(slots);
    const imaginary = new Float64Array(slots);
    for (let i = 0; i < slots; i++) {
      real[i] = lift(residues, i * gap) / scaleFactor;
      imaginary[i] = lift(residues, n / 2 + i * gap) / scaleFactor;
      if (!Number.isFinite(real[i]) || !Number.isFinite(imaginary[i])) {
        wipe({ real, imaginary });
        const fix = "bring the ciphertext to a lower level first (toLevel)";
        throw new ParameterError("a coefficient is too large for a double", fix);
      }
    }
    Embedding.of(slots).toSlots({ real, imaginary });
    return { real, imaginary };
  }

  private fill(vector: ComplexVector, values: SlotValues, slots: number): void {
    refuseForeign(values, "the operand"); // its ciphertexts are none of ours, and would be taken for values
    const parts = partsOf(values);
    for (const part of ["real", "imaginary"] as const) {
      const given = parts[part];
      const target = vector[part];
      if (given.length > slots) throw new RangeError(`${given.length} values do not fit ${slots} slots`);
      for (let i = 0; i < given.length; i++) {
        if (!Number.isFinite(given[i])) {
          const what = typeof given[i] === "number" ? given[i] : `of type ${typeof given[i]}`;
          throw new ParameterError(`value ${i} is ${what}`, "encode finite numbers only");
        }
        target[i] = given[i];
      }
    }
  }
}

/** @throws ParameterError for a value beyond the bound that was declared: says which, not what it is. */
function requireWithin({ real, imaginary }: ComplexVector, bound: number): void {
  const most = (bound * (1 + 2 ** -40)) ** 2; // points of a circle are not on it
  for (let i = 0; i < real.length; i++) {
    if (real[i] ** 2 + imaginary[i] ** 2 <= most) continue;
    throw new ParameterError(`value ${i} is beyond the bound ${bound} that was declared`, "declare a larger one");
  }
}

/**
 * Real and imaginary parts of slot values.
 * @throws TypeError for what is neither an array of numbers nor two: a promise, a set or a map would count as zeros.
 */
export function partsOf(values: SlotValues): {
  readonly real: ArrayLike<number>;
  readonly imaginary: ArrayLike<number>;
} {
  if (typeof values !== "object" || values === null) throw new TypeError(`values: ${NOT_VALUES} ${kindOf(values)}`);
  const parts = "real" in values ? values : { real: values, imaginary: [] };
  for (const part of ["real", "imaginary"] as const) {
    const length = parts[part]?.length;
    if (!(Number.isInteger(length) && length >= 0))
      throw new TypeError(`values (${part}): ${NOT_VALUES} ${kindOf(parts[part])}`);
  }
  return parts;
}

/** The integer in (−Q/2, Q/2] with the residues at `index`, rounded to a double once. */
type Lift = (residues: readonly Uint32Array[], index: number) => number;

/** Below this, the second digit times the first prime is an exact double: both factors are below 2^30. */
const SHORT_DIGIT = 2 ** 22;

/**
 * Nearly every coefficient is below 2^52: two primes give it, and the others agree. Where one does not, all of them are
 * put together. A tenth of the time of always doing so.
 */
function shortLift(primes: readonly number[]): Lift {
  const long = centredLift(primes);
  if (primes.length === 1) return long;
  const [q, p] = primes;
  const inverse = inverseModulo(q % p, p);
  const others = primes.slice(2);
  return (residues, index) => {
    const first = residues[0][index];
    const difference = (residues[1][index] - first) % p;
    let digit = multiplyModulo(difference < 0 ? difference + p : difference, inverse, p);
    if (digit > p / 2) digit -= p;
    if (Math.abs(digit) >= SHORT_DIGIT) return long(residues, index);
    const value = first + digit * q;
    for (let j = 0; j < others.length; j++) {
      const other = others[j];
      // The estimate of the quotient may be off by one: the remainder then by ±other.
      const rest = value - Math.floor(value / other) * other - residues[j + 2][index];
      if (rest !== 0 && rest !== other && rest !== -other) return long(residues, index);
    }
    return value;
  };
}

/**
 * Garner's mixed-radix digits. A negative number is lifted through its complement, so that small ones lose nothing to
 * cancellation.
 */
function centredLift(primes: readonly number[]): Lift {
  const inverses = primes.map((p, j) => primes.slice(0, j).map((q) => inverseModulo(q % p, p)));
  const weights = primes.map((_, j) => primes.slice(0, j).reduce((a, b) => a * b, 1));
  const digits = new Float64Array(primes.length);
  const last = primes.length - 1;
  return (residues, index) => {
    for (let j = 0; j <= last; j++) {
      const p = primes[j];
      let x = residues[j][index];
      for (let i = 0; i < j; i++) {
        const difference = x - (digits[i] % p);
        x = multiplyModulo(difference < 0 ? difference + p : difference, inverses[j][i], p);
      }
      digits[j] = x;
    }
    // (Q − 1)/2 has the digits (p_j − 1)/2: the first digit from above that differs decides, the last one alone would be
    // wrong for one in 2p of all numbers.
    let deciding = last;
    while (deciding > 0 && digits[deciding] === (primes[deciding] - 1) / 2) deciding--;
    const negative = digits[deciding] > primes[deciding] / 2;
    let value = negative ? 1 : 0;
    for (let j = last; j >= 0; j--) {
      const digit = negative ? primes[j] - 1 - digits[j] : digits[j];
      if (digit !== 0) value += digit * weights[j]; // a weight beyond the doubles is infinite
    }
    return negative ? -value : value;
  };
}
