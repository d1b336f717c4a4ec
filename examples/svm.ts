// A support vector machine with a cubic kernel, trained in the clear; patients are scored encrypted, one by one.
import { openDevice } from "blindsight";
import {
  Evaluator,
  KeyHolder,
  matrixTransform,
  multiplyMatrix,
  Parameters,
  planMatrix,
  sumRotations,
  sumSlots,
} from "blindsight/ckks";
import { LARGEST_FEATURE, readTable, splitTable } from "./table.js";

const table = readTable();
const { training, heldOut } = splitTable(table);
const sign = (label: boolean) => (label ? 1 : -1);
const inner = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, j) => sum + x * b[j], 1) / 31;
const kernel = (a: readonly number[], b: readonly number[]) => inner(a, b) ** 3;

// The dual by coordinate descent, 0 ≤ α_i ≤ C; the kernel's 1 is the bias. C leaves 127 support vectors, which 128 slots hold.
const C = 3;
const kernels = training.rows.map((a) => training.rows.map((b) => kernel(a, b)));
const alphas = training.rows.map(() => 0);
const decisions = training.rows.map(() => 0);
for (let pass = 0; pass < 200; pass++) {
  for (const [i, row] of kernels.entries()) {
    const y = sign(training.malignant[i]);
    const alpha = Math.min(C, Math.max(0, alphas[i] + (1 - y * decisions[i]) / row[i]));
    const change = (alpha - alphas[i]) * y;
    for (let k = 0; k < row.length; k++) decisions[k] += change * row[k];
    alphas[i] = alpha;
  }
}
const support = alphas.flatMap((alpha, i) => (alpha > 0 ? [i] : []));
const decide = (row: readonly number[]) =>
  support.reduce((sum, i) => sum + sign(training.malignant[i]) * alphas[i] * kernel(training.rows[i], row), 0);

// α·y·k³ = (∛(α·y)·k)³: each support vector takes its factor along, and all of them are one matrix.
const matrix = support.flatMap((i) => {
  const factor = Math.cbrt(sign(training.malignant[i]) * alphas[i]) / 31;
  return [...training.rows[i], 1].map((x) => x * factor);
});

const device = await openDevice("auto");
const parameters = Parameters.choose({ depth: 3 }); // the matrix, and two products for the cube
const plan = planMatrix(parameters, { rows: support.length, columns: 31, slots: 32 });
using hospital = await KeyHolder.create(device, parameters);
using keys = hospital.evaluationKeys({ rotations: [...plan.rotations, ...sumRotations(plan.outputSlots)] });
const he = new Evaluator(device, parameters, keys);
const transform = matrixTransform(plan, matrix, (d) => he.encoder.encode(d, parameters.maxLevel, plan.outputSlots));

const encrypted: number[] = [];
for (const row of heldOut.rows) {
  using patient = hospital.encrypt([...row, 1], { slots: plan.slots, bound: LARGEST_FEATURE });
  // The server: one slot a support vector.
  using roots = multiplyMatrix(he, patient, plan, transform);
  using squares = he.square(roots);
  using cubes = he.multiply(squares, roots);
  using decision = sumSlots(he, cubes); // in every slot: the hospital sees no single support vector
  encrypted.push((await hospital.decrypt(decision, 1))[0]);
}

const clear = heldOut.rows.map(decide);
const right = (values: number[]) => heldOut.malignant.filter((label, i) => values[i] > 0 === label).length;
const accuracy = (values: number[]) => (right(values) / values.length).toFixed(4);
const equal = clear.filter((value, i) => value > 0 === encrypted[i] > 0).length;
const largest = Math.max(...clear.map((value, i) => Math.abs(value - encrypted[i])));
console.log(`${table.source}: ${support.length} support vectors, tested on ${clear.length} other patients`);
console.log(`accuracy in the clear ${accuracy(clear)}`);
console.log(`accuracy encrypted    ${accuracy(encrypted)}, ${equal} of ${clear.length} verdicts equal`);
console.log(`first decisions ${encrypted.slice(0, 5).map((value) => value.toFixed(4))}`);
console.log(
  `largest error ${largest.toExponential(1)}, of decisions up to ${Math.max(...clear.map(Math.abs)).toFixed(1)}`,
);
