import { powerModulo } from "../../ntt/modulus.js";
import { kindOf } from "../copies.js";

/** @throws RangeError, which calls them `name`, for steps that are no whole number. */
export function requireSteps(steps: number, name = "steps"): void {
  if (!Number.isSafeInteger(steps)) throw new RangeError(`${name} ${steps} is not a whole number`);
}

/** @throws TypeError for what is no list; each step is looked at where it is taken. */
export function requireStepList(steps: readonly unknown[]): void {
  if (!Array.isArray(steps)) throw new TypeError(`steps: a list of numbers was expected, not ${kindOf(steps)}`);
}

/** The Galois element of a rotation by `steps` slots to the left: 5^steps mod 2N. */
export function rotationElement(steps: number, logN: number): number {
  const order = 2 ** (logN - 1);
  return powerModulo(5, ((steps % order) + order) % order, 4 * order);
}

/** The Galois element of complex conjugation, −1 mod 2N. */
export function conjugationElement(logN: number): number {
  return 2 ** (logN + 1) - 1;
}

/** The element that undoes `galois`: the group of units modulo 2N has exponent N/2. */
export function inverseElement(galois: number, logN: number): number {
  return powerModulo(galois, 2 ** (logN - 1) - 1, 2 ** (logN + 1));
}

/** @throws RangeError for what is no automorphism X → X^element. */
export function requireElement(element: number, logN: number): void {
  if (Number.isInteger(element) && element % 2 === 1 && element > 0 && element < 2 ** (logN + 1)) return;
  throw new RangeError(`elements: ${element} is not an odd number below ${2 ** (logN + 1)}`);
}

/** What a Galois element does, by trying all steps: for messages only. */
export function describeElement(galois: number, logN: number): string {
  if (galois === conjugationElement(logN)) return "conjugation";
  let element = 1;
  for (let steps = 0; steps < 2 ** (logN - 1); steps++) {
    if (element === galois) return `the rotation by ${steps}`;
    if (2 ** (logN + 1) - element === galois) return `the rotation by ${steps} with conjugation (element ${galois})`;
    element = (5 * element) % 2 ** (logN + 1);
  }
  throw new RangeError(`${galois} is no rotation`);
}
