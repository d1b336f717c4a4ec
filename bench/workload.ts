/** The values that both sides compute with, and what every operation should make of them. */
import { mulberry32 } from "../src/data/mulberry32.js";

/** Primitives in the order of the table. A side without one leaves its column empty. */
export const OPERATION_NAMES = [
  "encode",
  "encode + encrypt, public key",
  "encode + encrypt, secret key",
  "decrypt + decode",
  "add",
  "multiply plain",
  "tensor product",
  "square + relinearize + rescale",
  "relinearize",
  "rescale",
  "multiply + relinearize + rescale",
  "rotate",
  "rotate, hoisted, each of 8",
  "keys: secret, public, relinearization, one rotation",
  "linear transform, 16 diagonals",
  "write a ciphertext",
  "read a ciphertext",
  "write keys: relinearization, one rotation",
  "read keys: relinearization, one rotation",
] as const;
export type OperationName = (typeof OPERATION_NAMES)[number];

/** Measured at every level too. */
export const LEVEL_OPERATION_NAMES = ["multiply + relinearize + rescale", "rotate"] as const;
export type LevelOperationName = (typeof LEVEL_OPERATION_NAMES)[number];

/** What is sent or stored. */
export const SIZE_NAMES = [
  "ciphertext",
  "ciphertext from the secret key",
  "public key",
  "relinearization key",
  "rotation key",
] as const;
export type SizeName = (typeof SIZE_NAMES)[number];

/** Steps of the hoisted rotations. */
export const HOISTED_STEPS: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8];
/** Baby steps 0..3 and giant steps 0, 4, 8, 12. */
export const BABY_STEPS = 4;
const DIAGONALS = 16;
/** Rotations of the transform, besides 0. */
export const TRANSFORM_STEPS: readonly number[] = [1, 2, 3, 4, 8, 12];

export interface Workload {
  readonly slots: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Diagonal d of the transform: y[j] = Σ_d diagonals[d][j]·x[j + d]. */
  readonly diagonals: readonly Float64Array[];
}

/** Uniform values in [−1, 1), the same in every run; diagonals so small that the transform stays in that range. */
export function makeWorkload(slots: number): Workload {
  const word = mulberry32(0x5eed);
  const next = () => word() / 2 ** 32;
  const vector = (bound: number) => Float64Array.from({ length: slots }, () => (2 * next() - 1) * bound);
  return {
    slots,
    x: vector(1),
    y: vector(1),
    diagonals: Array.from({ length: DIAGONALS }, () => vector(1 / DIAGONALS)),
  };
}

/** What the slots should hold after an operation. The hoisted rotations one after the other. */
export function expectedOf(name: OperationName, { x, y, diagonals }: Workload): Float64Array {
  const product = () => x.map((value, j) => value * y[j]);
  switch (name) {
    case "add":
      return x.map((value, j) => value + y[j]);
    case "multiply plain":
    case "tensor product":
    case "relinearize":
    case "rescale":
    case "multiply + relinearize + rescale":
      return product();
    case "square + relinearize + rescale":
      return x.map((value) => value * value);
    case "rotate":
      return rotated(x, 1);
    case "rotate, hoisted, each of 8":
      return concatenate(HOISTED_STEPS.map((steps) => rotated(x, steps)));
    case "keys: secret, public, relinearization, one rotation":
    case "write keys: relinearization, one rotation":
    case "read keys: relinearization, one rotation":
      return rotated(product(), 1);
    case "linear transform, 16 diagonals":
      return x.map((_, j) => diagonals.reduce((sum, diagonal, d) => sum + diagonal[j] * x[(j + d) % x.length], 0));
    default:
      return x;
  }
}

/** Slot j of the result holds slot j + steps. */
export function rotated(values: Float64Array, steps: number): Float64Array {
  const { length } = values;
  return values.map((_, j) => values[(((j + steps) % length) + length) % length]);
}

export function concatenate(vectors: readonly Float64Array[]): Float64Array {
  return Float64Array.from(vectors.flatMap((vector) => [...vector]));
}
