// A logistic regression, trained in the clear on other patients; its weights and the patients are both encrypted.
import { openDevice } from "blindsight";
import {
  Evaluator,
  evaluatePolynomial,
  fitPolynomial,
  innerProduct,
  KeyHolder,
  Parameters,
  polynomialCost,
  sumRotations,
} from "blindsight/ckks";
import { LARGEST_FEATURE, readTable, splitTable } from "./table.js";

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, j) => sum + x * b[j], 0);
const table = readTable();
const { training, heldOut } = splitTable(table);
const known = training.rows.map((row) => [...row, 1]); // the weight of the 1 is the bias
const patients = heldOut.rows.map((row) => [...row, 1]);

// Gradient descent on the mean log loss + λ/2·|w|², whose minimum is one point: small weights keep scores small.
let weights = known[0].map(() => 0);
for (let step = 0; step < 1000; step++) {
  const gradient = weights.map((w, j) => (j < 30 ? 0.1 * w : 0));
  for (const [i, row] of known.entries()) {
    const error = (sigmoid(dot(row, weights)) - Number(training.malignant[i])) / known.length;
    for (const [j, x] of row.entries()) gradient[j] += error * x;
  }
  weights = weights.map((w, j) => w - 0.4 * gradient[j]);
}

// No score is larger, whoever the patient is, since features have a bound: beyond the interval a polynomial's value would be
// nonsense, and nobody could see it. Weights are divided by that range: on [−1, 1] a polynomial takes no level for its interval.
const range = Math.ceil(weights.reduce((sum, w, j) => sum + Math.abs(w) * (j < 30 ? LARGEST_FEATURE : 1), 0));
const fit = fitPolynomial((u) => sigmoid(range * u), { interval: [-1, 1], degree: 63 });

const device = await openDevice("auto");
const parameters = Parameters.choose({ depth: 1 + polynomialCost(fit.polynomial).levels });
const sum = { count: 32 }; // slots of a patient: 256 patients in a ciphertext of N = 2^14
using hospital = await KeyHolder.create(device, parameters);
using keys = hospital.evaluationKeys({ rotations: sumRotations(parameters.slots, sum) });
const packed = (rows: number[][]) => rows.flatMap((row) => [...row, 0]);
using encryptedPatients = hospital.encrypt(packed(patients), { bound: LARGEST_FEATURE });
const shares = weights.map((w) => w / range);
using model = hospital.encrypt(packed(patients.map(() => shares))); // a stranger would take new Encryptor(publicKey, …)

// The server sees neither.
const he = new Evaluator(device, parameters, keys);
using scores = innerProduct(he, encryptedPatients, model, sum); // of patient i, over the range, in slot 32·i
using encrypted = evaluatePolynomial(he, scores, fit.polynomial);

const slots = await hospital.decrypt(encrypted);
const probabilities = patients.map((_, i) => slots[sum.count * i]);
const clear = patients.map((row) => sigmoid(dot(row, weights)));
const right = (ps: number[]) => heldOut.malignant.filter((label, i) => ps[i] > 0.5 === label).length / ps.length;
const equal = clear.filter((p, i) => p > 0.5 === probabilities[i] > 0.5).length;
const largest = Math.max(...clear.map((p, i) => Math.abs(p - probabilities[i])));
const first = probabilities.slice(0, 5).map((p) => p.toFixed(4));
console.log(`${table.source}: trained on ${known.length} patients, tested on ${clear.length} others`);
console.log(`accuracy in the clear ${right(clear).toFixed(4)}`);
console.log(`accuracy encrypted    ${right(probabilities).toFixed(4)}, ${equal} of ${clear.length} verdicts equal`);
console.log(`first probabilities ${first.join(", ")}`);
console.log(`largest error ${largest.toFixed(5)}, of the sigmoid's fit on ±${range} ${fit.maximumError.toFixed(5)}`);
