// Means, deviations and correlations of a table that whoever computes them cannot read: one ciphertext a column.
import { openDevice } from "blindsight";
import {
  type Ciphertext,
  Evaluator,
  innerProduct,
  KeyHolder,
  Parameters,
  sumRotations,
  sumSlots,
} from "blindsight/ckks";
import { readTable } from "./table.js";

// Public: which columns there are, and what no value of theirs exceeds. In units of it all are equally precise.
const COLUMNS = [
  { name: "radius", index: 0, bound: 32 },
  { name: "texture", index: 1, bound: 64 },
  { name: "smoothness", index: 4, bound: 0.25 },
  { name: "concavity", index: 6, bound: 0.5 },
];
const { source, rows } = readTable();
const slots = 2 ** Math.ceil(Math.log2(rows.length)); // few slots: few rotations to sum them
console.log(`${rows.length} rows of ${source}`);

const device = await openDevice("auto");
const parameters = Parameters.choose({ depth: 3, slots }); // one level each: the mean, the mask, the product
using alice = await KeyHolder.create(device, parameters);
using keys = alice.evaluationKeys({ rotations: sumRotations(slots) });
const columns = COLUMNS.map(({ index, bound }) => {
  const values = rows.map((row) => row[index] / bound);
  return alice.encrypt(values, { slots, bound: 1 }); // a value beyond its bound is refused
});

// The server knows how many rows there are, and no number in them.
const he = new Evaluator(device, parameters, keys);
const isRow = Float64Array.from({ length: slots }, (_, i) => (i < rows.length ? 1 : 0));
const encryptedSums = columns.map((column) => sumSlots(he, column)); // in every slot
const deviations = columns.map((column, c) => deviationsOf(column, encryptedSums[c]));
const encryptedProducts = deviations.map((a, i) => deviations.slice(i).map((b) => innerProduct(he, a, b)));

/** x − mean; 0 behind the last row. Sums of its products keep the digits that Σx² − (Σx)²/n would cancel. */
function deviationsOf(column: Ciphertext, sum: Ciphertext): Ciphertext {
  using mean = he.multiply(sum, 1 / rows.length);
  using difference = he.subtract(column, mean);
  return he.multiply(difference, isRow);
}

// Quotients and roots take levels and digits; whoever decrypts has them for nothing.
const sums = await Promise.all(encryptedSums.map((sum) => alice.decrypt(sum, 1)));
const products = await Promise.all(
  encryptedProducts.map((row) => Promise.all(row.map((product) => alice.decrypt(product, 1)))),
);
const covariance = (i: number, j: number) =>
  (products[i][j - i][0] * COLUMNS[i].bound * COLUMNS[j].bound) / (rows.length - 1);
for (const [i, { name, bound }] of COLUMNS.entries()) {
  const mean = (sums[i][0] / rows.length) * bound;
  const deviation = Math.sqrt(covariance(i, i));
  console.log(`${name}: mean ${mean.toPrecision(6)}, standard deviation ${deviation.toPrecision(6)}`);
  for (let j = i + 1; j < COLUMNS.length; j++) {
    const correlation = covariance(i, j) / Math.sqrt(covariance(i, i) * covariance(j, j));
    console.log(`${name} and ${COLUMNS[j].name}: correlation ${correlation.toFixed(5)}`);
  }
}
