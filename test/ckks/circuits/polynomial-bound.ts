import { largestOn, type Polynomial } from "../../../src/ckks/circuits/polynomial.js";
import { type PolynomialOptions, planPolynomials } from "../../../src/ckks/circuits/polynomial-plan.js";
import { log2Ceil, type PolynomialNode } from "../../../src/ckks/circuits/polynomial-splitting.js";
import type { Parameters } from "../../../src/ckks/index.js";
import { NoiseBounds } from "../noise-bounds.js";

/**
 * A bound of every slot's error after `evaluatePolynomial`, by the triangle inequality along the plan and the noise of each
 * product (NoiseBounds): |ab − a'b'| ≤ |a|·e_b + |b|·e_a + e_a·e_b. Values are taken to fill the interval.
 */
export function polynomialBound(
  parameters: Parameters,
  polynomial: Polynomial,
  options: PolynomialOptions,
  { level: from, error, slots }: { readonly level: number; readonly error: number; readonly slots: number },
): number {
  const plan = planPolynomials([polynomial], options);
  const noise = new NoiseBounds(parameters);
  const [low, high] = plan.range;
  const size = (n: number) => (plan.basis === "chebyshev" ? 1 : Math.max(Math.abs(low), Math.abs(high)) ** n);
  const drop = (level: number) => noise.slot(noise.drop, level, slots);
  const { factor, levels } = plan.variable;
  const top = from - levels;
  const largestX = Math.max(...polynomial.interval.map(Math.abs));
  const mapped = factor * error + (levels === 1 ? drop(top) + largestX / parameters.scaleAt(from) : 0);
  const errors = new Map([[1, mapped]]);
  /** As a factor at a level, lowered to it; relative 2^−23 where one level only is left. */
  const factorError = (n: number, level: number) => {
    const own = errors.get(n)!;
    return level === top - log2Ceil(n) ? own : own + drop(level) + size(n) * 2 ** -23;
  };
  const product = (a: number, ea: number, b: number, eb: number) => a * eb + b * ea + ea * eb;
  /** A product of noise alone, relinearised and rescaled. */
  const added = (level: number) => noise.product(0, 0, level, slots);
  for (const { power, left, right } of plan.powers) {
    const level = top - log2Ceil(power) + 1;
    const each = product(size(left), factorError(left, level), size(right), factorError(right, level));
    const chebyshev = plan.basis === "chebyshev";
    const rest = chebyshev && left > right ? errors.get(left - right)! + 2 ** -24 : 0;
    errors.set(power, (chebyshev ? 2 : 1) * each + rest + added(level));
  }
  const value = (node: PolynomialNode): number => {
    if (node.products.length === 0 && node.terms.length === 0) return mapped;
    const level = top - node.depth + 1;
    let sum = node.products.length > 0 ? added(level) : drop(level - 1);
    for (const [n, c] of node.terms) {
      const rounding = (0.5 * parameters.scaleAt(top)) / parameters.scaleAt(level) ** 2;
      sum += Math.abs(c) * errors.get(n)! + (size(n) + errors.get(n)!) * rounding;
    }
    for (const { quotient, power } of node.products) {
      const largest = largestOn(quotient.coefficients, plan.basis, low, high);
      sum += product(largest, value(quotient), size(power), factorError(power, level));
    }
    return sum;
  };
  return value(plan.nodes[0]);
}
