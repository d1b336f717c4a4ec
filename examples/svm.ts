// A support vector machine with a quadratic kernel: trained in the clear, support vectors and patients encrypted.
import { openDevice } from "blindsight";
import { Evaluator, innerProduct, KeyHolder, Parameters, sumRotations, sumSlots } from "blindsight/ckks";
import { readTable, split } from "./table.js";

const { train, test } = split(readTable(process.argv[2]));
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const gamma = 1 / 64;
/** It holds a constant, so that no bias is needed. */
const kernel = (a: readonly number[], b: readonly number[]) => (gamma * dot(a, b) + 1) ** 2;
const sign = ({ malignant }: { malignant: boolean }) => (malignant ? 1 : -1);

// Dual coordinate descent: 0 ≤ alpha ≤ 1.
const matrix = train.map((a) => train.map((b) => kernel(a.features, b.features)));
const alpha = train.map(() => 0);
const margins = train.map(() => 0);
for (let pass = 0; pass < 30; pass++) {
  for (const [i, patient] of train.entries()) {
    const wanted = alpha[i] + (1 - sign(patient) * margins[i]) / matrix[i][i];
    const change = Math.max(0, Math.min(1, wanted)) - alpha[i];
    alpha[i] += change;
    for (const j of margins.keys()) margins[j] += change * sign(patient) * matrix[i][j];
  }
}
const support = train
  .map((patient, i) => ({ ...patient, weight: alpha[i] * sign(patient) }))
  .filter(({ weight }) => weight !== 0);
const decision = (features: readonly number[]) =>
  support.reduce((sum, v) => sum + v.weight * kernel(v.features, features), 0);

const width = 32; // slots of a vector
const parameters = Parameters.choose({ depth: 3, slots: 4096 });
const most = parameters.slots / width;
if (support.length > most) throw new Error(`${support.length} support vectors: ${most} fit`);
const device = await openDevice("auto");
using holder = await KeyHolder.create(device, parameters);
const sum = { count: width };
using keys = holder.evaluationKeys({
  rotations: [...sumRotations(parameters.slots, sum), ...sumRotations(parameters.slots, { stride: width })],
});
const he = new Evaluator(device, parameters, keys);

/** A vector every `width` slots. */
const packed = (vectors: readonly (readonly number[])[]) => {
  const slots = new Float64Array(parameters.slots);
  for (const [i, vector] of vectors.entries()) slots.set(vector, i * width);
  return slots;
};
using vectors = holder.encrypt(packed(support.map(({ features }) => features.map((x) => gamma * x))));
// Zero between the first slots: what the sums across vectors left there goes.
using weights = holder.encrypt(packed(support.map(({ weight }) => [weight])), { level: 1 });

const patients = test.slice(0, 40);
let [right, same, far] = [0, 0, 0];
const begin = performance.now();
for (const { features, malignant } of patients) {
  using patient = holder.encrypt(packed(Array(most).fill(features)), { bound: 3 });
  using products = innerProduct(he, patient, vectors, sum);
  using shifted = he.add(products, 1);
  using kernels = he.square(shifted);
  using weighted = he.multiply(kernels, weights);
  using total = sumSlots(he, weighted, { stride: width });
  const [found] = await holder.decrypt(total, 1);
  const clear = decision(features);
  far = Math.max(far, Math.abs(found - clear));
  same += Number(found > 0 === clear > 0);
  right += Number(found > 0 === malignant);
}
const each = (performance.now() - begin) / patients.length;
const clearRight = patients.filter(({ features, malignant }) => decision(features) > 0 === malignant).length;
console.log(`${parameters.describe()}`);
console.log(`${support.length} support vectors of ${train.length} patients; ${each.toFixed(0)} ms a patient`);
console.log(
  `accuracy encrypted ${(right / patients.length).toFixed(4)}, in the clear ${(clearRight / patients.length).toFixed(4)}`,
);
console.log(`the same verdict ${(same / patients.length).toFixed(4)}, largest difference ${far.toFixed(5)}`);
