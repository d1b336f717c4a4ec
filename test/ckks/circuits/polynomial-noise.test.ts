import { describe, expect, test } from "vitest";
import { Evaluator, evaluatePolynomial, KeyHolder, Parameters, Polynomial } from "../../../src/ckks/index.js";
import { testDevice, Values } from "../settings.js";

/**
 * Powers and sums are declared to be what a variable in the interval makes of them. By the sums of their terms' bounds T_32
 * could be 2·10^12, and nothing could be said of its noise.
 */
describe("what a polynomial's result says of its noise", () => {
  test.each([
    ["chebyshev", 7],
    ["chebyshev", 15],
    ["chebyshev", 31],
    ["monomial", 7],
    ["monomial", 15],
  ] as const)("%s, degree %i: rms within 3 bits of measured, and no slot beyond the bound", async (basis, degree) => {
    const device = await testDevice();
    const parameters = Parameters.choose({ depth: Math.ceil(Math.log2(degree + 1)), slots: 2048 });
    using holder = await KeyHolder.create(device, parameters);
    using keys = holder.evaluationKeys();
    const he = new Evaluator(device, parameters, keys);
    const xs = new Values(degree).real(parameters.slots);
    const coefficients = [...new Values(degree + 100).real(degree + 1)].map((c, i) => c / (i + 1));
    const polynomial = Polynomial[basis](coefficients);
    using x = holder.encrypt(xs);
    using y = evaluatePolynomial(he, x, polynomial);
    const found = await holder.decrypt(y);
    const errors = xs.map((value, i) => Math.abs(found[i] - polynomial.at(value)));
    const { bound, noise } = he.explain(y);
    const rms = Math.log2(Math.hypot(...errors) / Math.sqrt(errors.length));
    expect(Math.abs(noise.rmsBits - rms), `said ${noise.rmsBits}, measured ${rms}`).toBeLessThan(3);
    expect(Math.log2(Math.max(...errors))).toBeLessThan(noise.worstBits);
    expect(Math.max(...xs.map((value) => Math.abs(polynomial.at(value))))).toBeLessThan(bound);
  });
});
