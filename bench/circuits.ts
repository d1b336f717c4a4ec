/** Rows of `--circuits`: what is built of the primitives. node-seal has none of it, so there is no peer. */
import {
  type Ciphertext,
  Evaluator,
  evaluatePolynomial,
  fitPolynomial,
  type MatrixPlan,
  matrixTransform,
  multiplyMatrix,
  type PolynomialOptions,
  planMatrix,
  polynomialCost,
  replicate,
  sumRotations,
  sumSlots,
} from "../src/ckks/index.js";
import { ciphertextRecipe, type Kitchen, type Recipe } from "./recipes.js";

export const CIRCUIT_NAMES = [
  "polynomial, degree 7, in 3 levels",
  "polynomial, degree 63, in 6 levels",
  "polynomial, degree 63, in 7 levels",
  "sum of all slots",
  "replicate one slot",
  "matrix · vector, 64 × 256",
  "matrix · vector, 64 × 256, encrypted",
] as const;
export type CircuitName = (typeof CIRCUIT_NAMES)[number];

export interface Circuit {
  readonly recipe: Recipe<unknown>;
  readonly expected: Float64Array;
}

/** Another slot than the first, whose replication takes every rotation. */
const REPLICATED = 5;
const ROWS = 64;
const COLUMNS = 256;

/** Those that the levels of these parameters allow, with keys of their own; operands are at the highest level. */
export function makeCircuits(kitchen: Kitchen): Partial<Record<CircuitName, Circuit>> {
  const { device, parameters, holder, workload } = kitchen;
  const { x, y, slots } = workload;
  const shape = { rows: ROWS, columns: COLUMNS, slots: COLUMNS };
  const [plan, encryptedPlan] = [planMatrix(parameters, shape), planMatrix(parameters, { ...shape, encrypted: true })];
  const rotations = [...sumRotations(slots), ...plan.rotations, ...encryptedPlan.rotations];
  const he = new Evaluator(device, parameters, holder.evaluationKeys({ rotations }));

  const a = holder.encrypt(x);
  const one = (make: () => Ciphertext, expected: Float64Array): Circuit => ({
    recipe: ciphertextRecipe(holder, make),
    expected,
  });
  const everywhere = (value: number) => new Float64Array(slots).fill(value);

  // No symmetry, which would save products: all coefficients count.
  const polynomial = (degree: number, options?: PolynomialOptions): Circuit | undefined => {
    const fit = fitPolynomial((u) => 1 / (1 + Math.exp(-(20 * u + 3))), { interval: [-1, 1], degree });
    if (polynomialCost(fit.polynomial, options).levels > parameters.maxLevel) return undefined;
    const expected = x.map((value) => fit.polynomial.at(value));
    return one(() => evaluatePolynomial(he, a, fit.polynomial, options), expected);
  };

  const vector = x.slice(0, COLUMNS);
  const short = holder.encrypt(vector, { slots: COLUMNS });
  const matrix = Float64Array.from({ length: ROWS * COLUMNS }, (_, i) => y[i % y.length] / 16);
  const product = Float64Array.from({ length: ROWS }, (_, row) =>
    vector.reduce((sum, value, column) => sum + matrix[row * COLUMNS + column] * value, 0),
  );
  const outputs = ({ outputSlots, period }: MatrixPlan) =>
    Float64Array.from({ length: outputSlots }, (_, j) => product[j % period]);
  const level = parameters.maxLevel;
  const plain = matrixTransform(plan, matrix, (d) => he.encoder.encode(d, level, plan.outputSlots));
  const secret = matrixTransform(encryptedPlan, matrix, (d) => holder.encrypt(d, { slots: encryptedPlan.outputSlots }));

  const circuits: Record<CircuitName, Circuit | undefined> = {
    "polynomial, degree 7, in 3 levels": polynomial(7),
    "polynomial, degree 63, in 6 levels": polynomial(63),
    "polynomial, degree 63, in 7 levels": polynomial(63, { prefer: "products" }),
    "sum of all slots": one(() => sumSlots(he, a), everywhere(x.reduce((sum, value) => sum + value, 0))),
    "replicate one slot": one(() => replicate(he, a, { index: REPLICATED }), everywhere(x[REPLICATED])),
    "matrix · vector, 64 × 256": one(() => multiplyMatrix(he, short, plan, plain), outputs(plan)),
    "matrix · vector, 64 × 256, encrypted": one(
      () => multiplyMatrix(he, short, encryptedPlan, secret),
      outputs(encryptedPlan),
    ),
  };
  return Object.fromEntries(Object.entries(circuits).filter(([, circuit]) => circuit));
}
