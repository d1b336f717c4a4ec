// Mean, deviation and correlation of two columns that the computer never sees.
import { openDevice } from "blindsight";
import { Evaluator, innerProduct, KeyHolder, meanSlots, Parameters, sumRotations } from "blindsight/ckks";
import { readTable } from "./table.js";

const table = readTable(process.argv[2]);
const columns = [0, 1].map((j) => table.map(({ features }) => features[j])); // mean radius, mean texture
const slots = 1024; // a power of two; what is behind the patients is zero and changes no sum

const device = await openDevice("auto");
const parameters = Parameters.choose({ depth: 3, slots });
using holder = await KeyHolder.create(device, parameters);
using keys = holder.evaluationKeys({ rotations: sumRotations(slots) });
const he = new Evaluator(device, parameters, keys);

/** Means are over slots: over patients they are slots/patients times as large. */
const share = slots / table.length;
// The bound is public. It decides nothing but what `explain` says of the noise.
const [x, y] = columns.map((column) => holder.encrypt(column, { slots, bound: 64 }));
const [meanX, meanY] = [x, y].map((values) => he.multiply(meanSlots(he, values), share));

/** mean(a·b) − mean(a)·mean(b). Sums of squares fit: level 0 holds 2^27. */
const covariance = (a: typeof x, b: typeof x, means: readonly [typeof x, typeof x]) =>
  he.subtract(he.multiply(innerProduct(he, a, b), 1 / table.length), he.multiply(...means));
const results = [
  meanX,
  meanY,
  covariance(x, x, [meanX, meanX]),
  covariance(y, y, [meanY, meanY]),
  covariance(x, y, [meanX, meanY]),
];
const [mean, meanTexture, variance, varianceTexture, shared] = await Promise.all(
  results.map(async (result) => (await holder.decrypt(result, 1))[0]),
);
console.log(`patients ${table.length}, ${parameters.describe()}`);
console.log(`radius: mean ${mean.toFixed(3)}, deviation ${Math.sqrt(variance).toFixed(3)}`);
console.log(`texture: mean ${meanTexture.toFixed(3)}, deviation ${Math.sqrt(varianceTexture).toFixed(3)}`);
console.log(`correlation ${(shared / Math.sqrt(variance * varianceTexture)).toFixed(3)}`);
