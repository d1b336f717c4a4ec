import { LevelError, ParameterError } from "../../errors.js";
import type { Ciphertext } from "../ciphertext.js";
import type { Evaluator } from "../evaluator.js";
import { declared, type Noise } from "../noise.js";
import { largestOn, type Polynomial } from "./polynomial.js";
import { type PolynomialOptions, type PolynomialPlan, type PowerStep, planPolynomials } from "./polynomial-plan.js";
import { log2Ceil, type PolynomialNode } from "./polynomial-splitting.js";

/**
 * p(x) in every slot of `x`, whose slots hold real numbers in the polynomial's interval. **Values outside of it cannot be
 * seen** by whoever computes: Chebyshev polynomials grow fast there, and what leaves the headroom of its level comes back
 * as another number, without an error.
 *
 * Costs ⌈log2(degree + 1)⌉ levels, one more with `prefer: "products"` where that saves products; `polynomialCost` says both
 * before anything runs. Coefficients take no level: they join the sums of products before these are rescaled. The map of
 * [a, b] to [−1, 1] costs nothing where 2/(b − a) is a whole number ([−1, 1], [0, 2], [−0.25, 0.25], any interval of length
 * 2/k; noise grows by k) and for degree 1, and one level elsewhere, as for [−8, 8]: encrypt x/8 to save it. A constant takes
 * no level; its ciphertext is 0·x + constant, which encrypts nothing that anybody could not see.
 *
 * Errors: the operand's is multiplied by the slope, up to degree² in the Chebyshev basis; products add theirs.
 * @throws LevelError, which names levels needed and had; ParameterError where the polynomial or a power on its way leaves
 * what a level holds, for some x in the interval; MissingKeyError without a relinearisation key.
 * Sources: Paterson and Stockmeyer 1973; Bossuat et al., EUROCRYPT 2021, section 5; see polynomial-plan.ts.
 */
export function evaluatePolynomial(
  evaluator: Evaluator,
  x: Ciphertext,
  polynomial: Polynomial,
  options: PolynomialOptions = {},
): Ciphertext {
  return evaluatePolynomials(evaluator, x, [polynomial], options)[0];
}

/**
 * Several polynomials of one x, of one basis and interval: powers are computed once. Each result lies as many levels below
 * `x` as its own degree takes, and the map of the interval. @throws as `evaluatePolynomial`; ParameterError for several bases or intervals.
 */
export function evaluatePolynomials(
  evaluator: Evaluator,
  x: Ciphertext,
  polynomials: readonly Polynomial[],
  options: PolynomialOptions = {},
): Ciphertext[] {
  evaluator.check(x);
  const plan = planPolynomials(polynomials, options);
  const { levels } = plan.cost;
  const level = x.level - (x.state === "product" ? 1 : 0);
  if (levels > level) {
    const degree = Math.max(...polynomials.map((polynomial) => polynomial.degree));
    const message = `a polynomial of degree ${degree} takes ${levels} levels here, the ciphertext has ${level}`;
    throw new LevelError(message, `choose parameters with a depth of ${levels} or more, or a lower degree`);
  }
  requireRange(evaluator, plan, level - plan.variable.levels);
  using evaluation = new Evaluation<Ciphertext>(evaluator, plan, x);
  return evaluation.results();
}

/** What is computed with: ciphertexts, or what is known of their noise before there are any. */
interface Evaluated<V> extends Disposable {
  readonly level: number;
  readonly noise: Noise;
  withNoise(noise: Noise): V;
}

/** What an evaluation asks of an `Evaluator`, or of its twin on noise. */
export interface PolynomialArithmetic<V> {
  rescale(a: V): V;
  add(a: V, b: V | number): V;
  subtract(a: V, b: V): V;
  toLevel(a: V, level: number): V;
  linearSum(sum: SumOf<V>, level: number): V;
  sumOfProducts(pairs: readonly (readonly [V, V])[], plus?: SumOf<V>): V;
}

interface SumOf<V> {
  readonly terms?: readonly (readonly [V, number])[];
  readonly constant?: number;
}

/** One run of a plan. */
export class Evaluation<V extends Evaluated<V>> implements Disposable {
  private readonly owned: V[] = [];
  /** By power and level. */
  private readonly powers = new Map<string, V>();
  private readonly level: number;

  constructor(
    private readonly evaluator: PolynomialArithmetic<V>,
    private readonly plan: PolynomialPlan,
    x: V,
  ) {
    const variable = this.variable(x);
    this.level = variable.level;
    this.powers.set(`1/${this.level}`, variable);
  }

  results(): V[] {
    for (const step of this.plan.powers) this.raise(step);
    const results: V[] = [];
    try {
      for (const node of this.plan.nodes) results.push(this.value(node));
      return results;
    } catch (error) {
      for (const result of results) result[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const ciphertext of this.owned) ciphertext[Symbol.dispose]();
  }

  private own(ciphertext: V): V {
    this.owned.push(ciphertext);
    return ciphertext;
  }

  private variable(x: V): V {
    const { factor, shift, levels } = this.plan.variable;
    const canonical = this.own(this.evaluator.rescale(x));
    if (levels === 1) {
      using sum = this.evaluator.linearSum({ terms: [[canonical, factor]], constant: shift }, canonical.level);
      return this.own(this.evaluator.rescale(sum));
    }
    let multiple = canonical;
    // Doubling and adding, from the second bit on.
    for (const bit of factor.toString(2).slice(1)) {
      multiple = this.own(this.evaluator.add(multiple, multiple));
      if (bit === "1") multiple = this.own(this.evaluator.add(multiple, canonical));
    }
    return shift === 0 ? multiple : this.own(this.evaluator.add(multiple, shift));
  }

  /** b_n at a level: where it was computed, or below. */
  private power(n: number, level: number): V {
    const key = `${n}/${level}`;
    let known = this.powers.get(key);
    if (!known) this.powers.set(key, (known = this.own(this.evaluator.toLevel(this.original(n), level))));
    return known;
  }

  private original(n: number): V {
    return this.powers.get(`${n}/${this.level - log2Ceil(n)}`)!;
  }

  /** x^(l+r) = x^l·x^r; T_(l+r) = 2·T_l·T_r − T_(l−r). */
  private raise({ power, left, right }: PowerStep): void {
    const level = this.level - log2Ceil(power) + 1;
    const [a, b] = [this.power(left, level), this.power(right, level)];
    const [low, high] = this.plan.range;
    // |T_n| ≤ 1. By the sum that makes it, T_32 could be 2·10^12.
    const bound = this.plan.basis === "chebyshev" ? 1 : Math.max(Math.abs(low), Math.abs(high)) ** power;
    this.powers.set(`${power}/${level - 1}`, this.own(within(bound, this.product(a, b, left - right))));
  }

  private product(a: V, b: V, difference: number): V {
    if (this.plan.basis === "monomial") return this.evaluator.sumOfProducts([[a, b]]);
    using twice = this.evaluator.add(a, a);
    const minus: SumOf<V> = difference === 0 ? { constant: -1 } : { terms: [[this.original(difference), -1]] };
    return this.evaluator.sumOfProducts([[twice, b]], minus);
  }

  /** For a variable in the interval, which also bounds it. */
  private value(node: PolynomialNode): V {
    const { basis, range } = this.plan;
    return within(largestOn(node.coefficients, basis, ...range), this.sum(node));
  }

  private sum(node: PolynomialNode): V {
    const { products, constant } = node;
    const level = this.level - node.depth + 1;
    const terms = node.terms.map(([n, factor]) => [this.original(n), factor] as const);
    if (products.length > 0) {
      const quotients: V[] = [];
      try {
        const pairs = products.map(({ quotient, power }) => {
          const value = this.value(quotient);
          quotients.push(value);
          return [value, this.power(power, level)] as const;
        });
        return this.evaluator.sumOfProducts(pairs, { terms, constant });
      } finally {
        for (const quotient of quotients) quotient[Symbol.dispose]();
      }
    }
    if (terms.length > 0) {
      using sum = this.evaluator.linearSum({ terms, constant }, level);
      return this.evaluator.rescale(sum);
    }
    const x = this.original(1);
    using zero = this.evaluator.subtract(x, x);
    return this.evaluator.add(zero, constant);
  }
}

/** What was computed, of which it is known that no slot holds more. */
function within<V extends Evaluated<V>>(bound: number, made: V): V {
  return made.withNoise(declared(made.noise, bound));
}

/** Every power and every sum, for every value of the variable in its range, must fit the level where it lies. */
function requireRange(evaluator: Evaluator, plan: PolynomialPlan, level: number): void {
  const [low, high] = plan.range;
  const check = (what: string, value: number, at: number): void => {
    const headroom = evaluator.parameters.headroomAt(at);
    if (value < headroom) return;
    const message = `${what} reaches ${value.toPrecision(3)} on the interval, level ${at} holds ${headroom.toPrecision(3)}`;
    const fix = "scale the polynomial or the interval down, take the Chebyshev basis, or parameters with a wide base";
    throw new ParameterError(message, fix);
  };
  const visit = (node: PolynomialNode): void => {
    const largest = largestOn(node.coefficients, plan.basis, low, high);
    check(`a polynomial of degree ${node.coefficients.length - 1}`, largest, level - node.depth);
    for (const { quotient } of node.products) visit(quotient);
  };
  plan.nodes.forEach(visit);
  if (plan.basis === "chebyshev") return; // |T_n| ≤ 1
  for (const { power } of plan.powers) {
    check(`power ${power} of x`, Math.max(Math.abs(low), Math.abs(high)) ** power, level - log2Ceil(power));
  }
}
