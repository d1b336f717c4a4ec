import { ParameterError } from "../../errors.js";
import type { Ciphertext } from "../ciphertext.js";
import type { ComplexVector } from "../embedding.js";
import { partsOf, type SlotValues } from "../encoder.js";
import type { Evaluator } from "../evaluator.js";
import { isPowerOfTwo } from "../slots.js";

/**
 * SEAL's slot i is the value of the polynomial at ζ^(3^i), ours at ζ^(5^i), ζ = e^(πi/N); of each pair of conjugate roots
 * either has one. So a ciphertext holds the same values for both, in another order, and the conjugates of those where
 * 3^i ≡ −5^j (every odd i). Real values are only permuted.
 *
 * Slotwise operations do not notice. A rotation does: SEAL's by k is the automorphism X → X^(3^k), see `rotationOf`.
 *
 * @returns the vector that SEAL has for these values, all N/2 of them: for its encoder, or from a ciphertext of ours
 * @throws RangeError unless there are N/2 values, for an N of 4 to 2^17
 */
export function toSealOrder(values: SlotValues): ComplexVector {
  return move(values, (places, ours, seal, flip) => {
    for (let i = 0; i < places.length; i++) {
      seal.real[i] = ours.real[places[i]];
      seal.imaginary[i] = flip(i) * ours.imaginary[places[i]];
    }
  });
}

/** The other way: a vector in SEAL's order as our encoder takes it, or as our decryption gives it. */
export function fromSealOrder(values: SlotValues): ComplexVector {
  return move(values, (places, seal, ours, flip) => {
    for (let i = 0; i < places.length; i++) {
      ours.real[places[i]] = seal.real[i];
      ours.imaginary[places[i]] = flip(i) * seal.imaginary[i];
    }
  });
}

/** A rotation of SEAL's in our terms. */
export interface SealRotation {
  /** X → X^galois. */
  readonly galois: number;
  /** For `Evaluator.rotate`. */
  readonly steps: number;
  /** Whether `Evaluator.conjugate` belongs to it, too: for odd k. On real values it changes nothing and may be left out. */
  readonly conjugate: boolean;
}

/**
 * What SEAL's `rotate_vector` by k (to the left; negative: to the right) is here: the automorphism X → X^(3^k), which is
 * X → X^(±5^steps).
 * @param slots N/2
 */
export function rotationOf(k: number, slots: number): SealRotation {
  if (!Number.isSafeInteger(k)) throw new RangeError(`k ${k} is not a whole number`);
  const places = placesOf(slots);
  const index = ((k % slots) + slots) % slots;
  let galois = 1;
  for (let i = 0; i < index; i++) galois = (3 * galois) % (4 * slots);
  return { galois, steps: places[index], conjugate: index % 2 === 1 };
}

/**
 * Rotates the slots in SEAL's order by k to the left, as SEAL's `rotate_vector` does: with the key of the element 3^k, which
 * SEAL's keys for k are, and `evaluationKeys({ elements: [rotationOf(k, slots).galois] })`. Costs one key switch.
 * @throws MissingKeyError without it; ParameterError for a ciphertext of fewer slots than N/2, which repeat in our order only
 */
export function rotateInSealOrder(evaluator: Evaluator, ciphertext: Ciphertext, k: number): Ciphertext {
  evaluator.check(ciphertext);
  const { slots } = evaluator.parameters;
  if (ciphertext.slots !== slots) {
    throw new ParameterError(
      `a ciphertext of ${ciphertext.slots} slots is in our order only`,
      "encrypt without `slots`",
    );
  }
  const [rotated] = evaluator.switcher.permuteSlots(ciphertext, [rotationOf(k, slots).galois]);
  return rotated;
}

type Fill = (places: Uint32Array, from: Vector, to: ComplexVector, flip: (i: number) => number) => void;
interface Vector {
  readonly real: ArrayLike<number>;
  readonly imaginary: ArrayLike<number>;
}

function move(values: SlotValues, fill: Fill): ComplexVector {
  const { real, imaginary } = partsOf(values);
  const places = placesOf(real.length);
  const result = { real: new Float64Array(real.length), imaginary: new Float64Array(real.length) };
  const zeros = imaginary.length === 0 ? new Float64Array(real.length) : imaginary;
  if (zeros.length !== real.length)
    throw new RangeError(`${real.length} real parts stand beside ${zeros.length} imaginary`);
  // 3^i is 5^j for even i and −5^j for odd ones: 5^j is 1 modulo 4, and 3 is −1.
  fill(places, { real, imaginary: zeros }, result, (i) => (i % 2 === 0 ? 1 : -1));
  return result;
}

const known = new Map<number, Uint32Array>();

/** Our slot for each of SEAL's. */
function placesOf(slots: number): Uint32Array {
  let places = known.get(slots);
  if (places) return places;
  if (!(isPowerOfTwo(slots) && slots >= 2 && slots <= 2 ** 16)) {
    throw new RangeError(`${slots} values: all N/2 slots were expected, a power of two`);
  }
  const order = 4 * slots;
  const ours = new Map<number, number>();
  for (let j = 0, power = 1; j < slots; j++, power = (5 * power) % order) ours.set(power, j);
  places = new Uint32Array(slots);
  for (let i = 0, power = 1; i < slots; i++, power = (3 * power) % order) {
    places[i] = ours.get(i % 2 === 0 ? power : order - power) as number;
  }
  known.set(slots, places);
  return places;
}
