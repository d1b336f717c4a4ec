// Any function of a slot: its polynomial, what that costs, and what is left of the precision.
import { openDevice } from "blindsight";
import { Evaluator, evaluatePolynomial, fitPolynomial, KeyHolder, Parameters, polynomialCost } from "blindsight/ckks";

const f = (x: number) => Math.tanh(2 * x);
const { polynomial, maximumError: error } = fitPolynomial(f, { interval: [-1, 1], degree: 31 });
const { levels, products } = polynomialCost(polynomial);

const device = await openDevice("auto");
const parameters = Parameters.choose({ depth: levels });
using holder = await KeyHolder.create(device, parameters);
using keys = holder.evaluationKeys();
const he = new Evaluator(device, parameters, keys);

const xs = Float64Array.from({ length: parameters.slots }, (_, i) => (2 * i) / parameters.slots - 1);
using x = holder.encrypt(xs);
using y = evaluatePolynomial(he, x, polynomial);
const found = await holder.decrypt(y);
const worst = (exact: (x: number) => number) => Math.max(...xs.map((value, i) => Math.abs(found[i] - exact(value))));
const { precisionBits, noise } = he.explain(y);

console.log(`${parameters.describe()}`);
console.log(`degree 31 in ${levels} levels with ${products} products of ciphertexts`);
console.log(`the polynomial is off by ${error.toExponential(2)} at most`);
console.log(`encrypted it is off by ${worst(f).toExponential(2)} in the worst of ${xs.length} slots`);
console.log(`explain: ${precisionBits.toFixed(1)} bits, no error beyond 2^${noise.worstBits.toFixed(1)}`);
