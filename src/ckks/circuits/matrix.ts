import { LevelError, ParameterError } from "../../errors.js";
import { Ciphertext, type Plaintext, stateOf } from "../ciphertext.js";
import type { Evaluator } from "../evaluator.js";
import type { Parameters } from "../parameters.js";
import { isPowerOfTwo } from "../slots.js";
import { type LinearTransform, linearTransform } from "./linear-transform.js";
import { sumRotations } from "./sums.js";

/** A matrix of `rows` × `columns`, and how it is to be multiplied. */
export interface MatrixShape {
  /** Length of the result. */
  readonly rows: number;
  /** Length of the vector. */
  readonly columns: number;
  /**
   * Slots of the vector's ciphertext, which holds its values in the first `columns` of them. What the others hold meets zeros,
   * whose noise it multiplies: it may be anything about as small as the values.
   * The fewest slots that hold it, `encrypt(v, { slots: 2^⌈log2 columns⌉ })`, cost least.
   */
  readonly slots: number;
  /** Whether the matrix will be encrypted: giant steps then cost twice as much, and fewer are taken. Default false. */
  readonly encrypted?: boolean;
}

/** How a product of a matrix and a vector is taken: public, from its shape alone. */
export interface MatrixPlan extends Required<MatrixShape> {
  /** Slot s of the result holds output s mod `period`: all of them, several times; zeros from `rows` on. A power of two. */
  readonly period: number;
  /** Slots of the result and of the matrix's diagonals: the vector's, or `period` where that is more. */
  readonly outputSlots: number;
  /** The diagonals by their steps, giant + baby. */
  readonly groups: readonly { readonly giant: number; readonly babies: readonly number[] }[];
  /** Rotations that complete each sum, in order. */
  readonly folds: readonly number[];
  /** Steps to ask keys for: `evaluationKeys({ rotations: plan.rotations })`, at the level of the vector. */
  readonly rotations: readonly number[];
}

/** Costs in key switches: a hoisted rotation, a giant step, and the relinearisation that an encrypted one takes, too. */
const BABY = 0.5;
const GIANT = 1;

/**
 * Hybrid diagonals: with m = 2^⌈log2 rows⌉ outputs, product d holds W[s mod m, s + d] for the value at slot s + d, so that
 * m products (2^⌈log2 columns⌉ where that is less) see every pair of an output and a value once; log2(slots/m) rotations
 * sum the slots of one output. Baby-step giant-step: about √m rotations more.
 * @throws ParameterError for a shape that does not fit the ring; RangeError for one that is none.
 * Sources: Juvekar, Vaikuntanathan, Chandrakasan, "GAZELLE: a low latency framework for secure neural network inference",
 * USENIX Security 2018, section 4.3 (hybrid); Halevi and Shoup, CRYPTO 2018 (baby steps, giant steps).
 */
export function planMatrix(parameters: Parameters, shape: MatrixShape): MatrixPlan {
  const { rows, columns, slots, encrypted = false } = shape;
  for (const [name, value] of Object.entries({ rows, columns })) {
    if (!(Number.isInteger(value) && value >= 1))
      throw new RangeError(`${name} ${value} is not a positive whole number`);
  }
  if (!isPowerOfTwo(slots)) throw new RangeError(`slots ${slots} is not a power of two`);
  const period = 2 ** Math.ceil(Math.log2(rows));
  if (columns > slots || Math.max(slots, period) > parameters.slots) {
    const message = `a matrix of ${rows} × ${columns} does not fit ${slots} slots of ${parameters.slots}`;
    throw new ParameterError(message, "take more slots, a larger ring, or parts of the matrix");
  }
  const diagonals = Array.from({ length: Math.min(period, slots) }, (_, d) => d).filter((d) =>
    isOccupied(d, Math.min(period, slots), rows, columns),
  );
  const groups = groupsOf(diagonals, encrypted ? 2 * GIANT : GIANT);
  const folds = period < slots ? sumRotations(slots, { stride: period }) : [];
  const steps = [...groups.flatMap(({ giant, babies }) => [giant, ...babies]), ...folds];
  const rotations = [...new Set(steps)].filter((step) => step !== 0).sort((a, b) => a - b);
  return { rows, columns, slots, encrypted, period, outputSlots: Math.max(slots, period), groups, folds, rotations };
}

/** Whether some column c of the matrix, c ≡ s + d, meets an output s: modulo what both repeat with. */
function isOccupied(d: number, modulus: number, rows: number, columns: number): boolean {
  for (let c = 0; c < Math.min(columns, modulus); c++) if ((c - d + modulus) % modulus < rows) return true;
  return false;
}

/** Baby steps 0 … b − 1 for the power of two b that makes all rotations cheapest. */
function groupsOf(diagonals: readonly number[], giantCost: number): { giant: number; babies: number[] }[] {
  let best: { cost: number; groups: Map<number, number[]> } | undefined;
  for (let stride = 1; stride < 2 * (diagonals.at(-1)! + 1); stride *= 2) {
    const groups = new Map<number, number[]>();
    for (const d of diagonals) {
      const giant = d - (d % stride);
      if (!groups.has(giant)) groups.set(giant, []);
      groups.get(giant)!.push(d % stride);
    }
    const babies = new Set([...groups.values()].flat()).size;
    const cost = babies * BABY + groups.size * giantCost;
    if (!best || cost < best.cost) best = { cost, groups };
  }
  return [...best!.groups].map(([giant, babies]) => ({ giant, babies }));
}

/**
 * The matrix (row by row) as diagonals, each stored as `store` says: `(d) => encoder.encode(d, level, plan.outputSlots)` or
 * `(d) => encryptor.encrypt(d, { level, slots: plan.outputSlots })` at the level of the vector.
 * @throws RangeError for another count of values; ParameterError for one that is not finite.
 */
export function matrixTransform<D extends Plaintext | Ciphertext>(
  plan: MatrixPlan,
  matrix: ArrayLike<number>,
  store: (diagonal: Float64Array) => D,
): LinearTransform<D> {
  const { rows, columns, slots, period, outputSlots } = plan;
  if (matrix.length !== rows * columns) {
    throw new RangeError(`${matrix.length} values for a matrix of ${rows} × ${columns}`);
  }
  for (let i = 0; i < matrix.length; i++) {
    if (Number.isFinite(matrix[i])) continue;
    const message = `row ${Math.floor(i / columns)}, column ${i % columns} of the matrix is ${matrix[i]}`;
    throw new ParameterError(message, "take finite numbers");
  }
  const stored: D[] = [];
  try {
    const groups = plan.groups.map(({ giant, babies }) => ({
      giant,
      terms: babies.map((baby) => {
        const values = new Float64Array(outputSlots);
        for (let s = 0; s < outputSlots; s++) {
          const [row, column] = [s % period, (s + giant + baby) % slots];
          if (row < rows && column < columns) values[(s + giant) % outputSlots] = matrix[row * columns + column];
        }
        const diagonal = store(values);
        stored.push(diagonal);
        return { baby, diagonal };
      }),
    }));
    return { groups, folds: plan.folds };
  } catch (error) {
    for (const diagonal of stored) diagonal[Symbol.dispose]();
    throw error;
  }
}

/**
 * W·x: slot s of the result holds output s mod `plan.period`. One level. Costs half a key switch for each baby step, one for
 * each giant step (two if encrypted) and one for each fold: see `linearTransform`.
 * @throws ParameterError for a vector of other slots than planned; LevelError, MissingKeyError as `linearTransform`.
 */
export function multiplyMatrix<D extends Plaintext | Ciphertext>(
  evaluator: Evaluator,
  x: Ciphertext,
  plan: MatrixPlan,
  transform: LinearTransform<D>,
): Ciphertext {
  evaluator.check(x);
  if (x.slots !== plan.slots) {
    throw new ParameterError(
      `a vector of ${x.slots} slots meets a plan for ${plan.slots}`,
      "plan with the vector's slots",
    );
  }
  if (x.level < 1) throw new LevelError("a product of a matrix needs a level", "choose parameters with a larger depth");
  if (plan.outputSlots === x.slots) return linearTransform(evaluator, x, transform);
  // Fewer slots repeat: the same ciphertext, read with more of them.
  using wider = new Ciphertext(evaluator.copy(x).parts, { ...stateOf(x), slots: plan.outputSlots });
  return linearTransform(evaluator, wider, transform);
}
