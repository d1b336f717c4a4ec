// Logistic regression: trained in the clear, its weights and all patients encrypted, 128 patients scored at once.
import { openDevice } from "blindsight";
import {
  Evaluator,
  evaluatePolynomial,
  fitPolynomial,
  innerProduct,
  KeyHolder,
  Parameters,
  sumRotations,
} from "blindsight/ckks";
import { readTable, split } from "./table.js";

const { train, test } = split(readTable(process.argv[2]));
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
/** A constant joins the features: its weight is the bias. */
const row = ({ features }: (typeof train)[number]) => [...features, 1];
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);

let weights = row(train[0]).map(() => 0);
for (let epoch = 0; epoch < 300; epoch++) {
  const gradient = weights.map((w) => 0.02 * w); // so that they stay small
  for (const patient of train) {
    const error = sigmoid(dot(weights, row(patient))) - Number(patient.malignant);
    for (const [j, x] of row(patient).entries()) gradient[j] += (error * x) / train.length;
  }
  weights = weights.map((w, j) => w - 0.5 * gradient[j]);
}

/** Scores lie within it, by the training set: a calibration that the model's owner makes public. */
const range = 2 ** Math.ceil(Math.log2(Math.max(...train.map((patient) => Math.abs(dot(weights, row(patient)))))));
const { polynomial, maximumError: error } = fitPolynomial((u) => sigmoid(range * u), { interval: [-1, 1], degree: 31 });

const width = 32; // slots of a patient
const parameters = Parameters.choose({ depth: 1 + 5, slots: 4096 });
const device = await openDevice("auto");
using holder = await KeyHolder.create(device, parameters);
const sum = { count: width };
using keys = holder.evaluationKeys({ rotations: sumRotations(parameters.slots, sum) });
const he = new Evaluator(device, parameters, keys);

/** One row after the other, `width` slots each. */
const packed = (rows: readonly (readonly number[])[]) => {
  const slots = new Float64Array(parameters.slots);
  for (const [i, values] of rows.entries()) slots.set(values, i * width);
  return slots;
};
const patients = test.slice(0, parameters.slots / width);
using encrypted = holder.encrypt(packed(patients.map(row)), { bound: 3 });
using model = holder.encrypt(packed(patients.map(() => weights.map((w) => w / range))));

const begin = performance.now();
using scores = innerProduct(he, encrypted, model, sum); // slot i·width holds the score of patient i, divided by the range
using probabilities = evaluatePolynomial(he, scores, polynomial);
const slots = await holder.decrypt(probabilities);
const seconds = (performance.now() - begin) / 1000;

const found = patients.map((_, i) => slots[i * width] > 0.5);
const clear = patients.map((patient) => dot(weights, row(patient)) > 0);
const share = (answers: readonly boolean[]) => answers.filter(Boolean).length / answers.length;
const accuracy = (answers: readonly boolean[]) => share(answers.map((answer, i) => answer === patients[i].malignant));
const far = Math.max(...patients.map((p, i) => Math.abs(slots[i * width] - sigmoid(dot(weights, row(p))))));
console.log(`${parameters.describe()}`);
console.log(`${patients.length} patients in ${seconds.toFixed(2)} s, scores within ±${range}`);
console.log(`accuracy encrypted ${accuracy(found).toFixed(4)}, in the clear ${accuracy(clear).toFixed(4)}`);
console.log(`the same verdict ${share(found.map((answer, i) => answer === clear[i])).toFixed(4)}`);
console.log(`largest difference ${far.toFixed(4)}, of which the sigmoid's polynomial may have ${error.toFixed(4)}`);
