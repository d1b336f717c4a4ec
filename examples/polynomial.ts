// Any function of a number: fitted by a polynomial, evaluated encrypted. What errs more, the fit or the noise?
import { openDevice } from "blindsight";
import { Evaluator, evaluatePolynomial, fitPolynomial, KeyHolder, Parameters, polynomialCost } from "blindsight/ckks";

const softplus = (x: number) => Math.log1p(Math.exp(x));
const interval = [-4, 4] as const; // what lies outside is lost: polynomials grow fast there
const { polynomial, maximumError, leastError } = fitPolynomial(softplus, { interval, degree: 15 });
const cost = polynomialCost(polynomial); // known before anything is encrypted
console.log(`degree ${polynomial.degree}: ${cost.levels} levels, ${cost.products} products of ciphertexts`);
console.log(
  `the fit errs by ${maximumError.toExponential(2)}; no other could by less than ${leastError.toExponential(2)}`,
);

const device = await openDevice("auto");
const parameters = Parameters.choose({ depth: cost.levels });
using alice = await KeyHolder.create(device, parameters);
using keys = alice.evaluationKeys();
const he = new Evaluator(device, parameters, keys);

const xs = Float64Array.from({ length: 1001 }, (_, i) => interval[0] + (i / 1000) * (interval[1] - interval[0]));
using x = alice.encrypt(xs, { bound: 4 }); // refuses an x outside the interval while somebody can still see it
using y = evaluatePolynomial(he, x, polynomial);

const decrypted = await alice.decrypt(y, xs.length);
const largest = (exact: (x: number) => number) =>
  decrypted.reduce((max, value, i) => Math.max(max, Math.abs(value - exact(xs[i]))), 0);
console.log(`softplus(0) = ${decrypted[500].toFixed(5)}, softplus(4) = ${decrypted[1000].toFixed(5)}`);
console.log(`largest error against softplus: ${largest(softplus).toExponential(2)}`);
console.log(`against the polynomial, noise alone: ${largest((x) => polynomial.at(x)).toExponential(2)}`);

const { level, bound, noise, precisionBits } = he.explain(y); // estimated without a key
const below = `2^${noise.rmsBits.toFixed(1)} (rms), 2^${noise.worstBits.toFixed(1)} (bound)`;
console.log(
  `explain: level ${level}, |y| ≤ ${bound.toFixed(2)}, noise ${below}, ${precisionBits.toFixed(1)} bits left`,
);
