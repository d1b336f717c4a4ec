import { Polynomial } from "../../ckks/circuits/polynomial.js";
import type { Draft } from "./draft.js";
import { producerThroughPools } from "./norms.js";
import { absorbAfter } from "./terms.js";

/**
 * The variable of a Chebyshev polynomial, (2x − a − b)/(b − a), goes into the linear map that gives x, where that is the
 * polynomial's own: it would cost a level of its own otherwise.
 */
export function narrowPolynomials(draft: Draft): void {
  for (const [id, layer] of draft.entries()) {
    if (layer.op !== "polynomial" || layer.polynomial.basis !== "chebyshev") continue;
    const { interval, coefficients } = layer.polynomial;
    const [a, b] = interval;
    const before = producerThroughPools(draft, layer.input);
    const linear = before === undefined ? undefined : draft.linear(before);
    if ((a === -1 && b === 1) || !linear || before === undefined) continue;
    const each = (value: number) => new Float64Array(linear.shape[0]).fill(value);
    draft.set(before, absorbAfter(linear, { scale: each(2 / (b - a)), offset: each(-(a + b) / (b - a)) }));
    draft.set(id, { ...layer, polynomial: Polynomial.chebyshev(coefficients) });
  }
}
