/** How polynomials of one variable are computed: which powers, which products, in how many levels. Data only. */
import { ParameterError } from "../../errors.js";
import type { Polynomial, PolynomialBasis } from "./polynomial.js";
import { log2Ceil, type PolynomialNode, Splitting } from "./polynomial-splitting.js";

/** What to save where both cannot be saved. */
export interface PolynomialOptions {
  /**
   * What counts where one must be had for the other. "levels", the default: ⌈log2(degree + 1)⌉, and as few products as
   * they allow. "products": as few as one level more allows, if that saves any.
   */
  readonly prefer?: "levels" | "products";
}

/** What an evaluation takes. */
export interface PolynomialCost {
  /** Levels between x and the result. */
  readonly levels: number;
  /** Of two ciphertexts. */
  readonly products: number;
  /** Key switches: products that are summed share one. */
  readonly relinearizations: number;
}

/** b_n from b_left·b_right; left + right = n, left ≥ right. */
export interface PowerStep {
  readonly power: number;
  readonly left: number;
  readonly right: number;
}

export interface PolynomialPlan {
  readonly basis: PolynomialBasis;
  /** The variable of the basis is factor·x + shift, which takes `levels`. */
  readonly variable: { readonly factor: number; readonly shift: number; readonly levels: 0 | 1 };
  /** Range of that variable. */
  readonly range: readonly [low: number, high: number];
  /** From the second power on, each after those that it takes. */
  readonly powers: readonly PowerStep[];
  /** One for each polynomial. */
  readonly nodes: readonly PolynomialNode[];
  readonly cost: PolynomialCost;
}

/**
 * What evaluating these polynomials of one variable takes, known before anything runs.
 * @throws ParameterError for none, or for polynomials of several bases or intervals.
 */
export function polynomialCost(
  polynomials: Polynomial | readonly Polynomial[],
  options: PolynomialOptions = {},
): PolynomialCost {
  return planPolynomials(Array.isArray(polynomials) ? polynomials : [polynomials as Polynomial], options).cost;
}

/** Plans of single polynomials, which never change: at degree 63 making one takes a tenth of the time of running it. */
const plans = new WeakMap<Polynomial, Map<PolynomialOptions["prefer"], PolynomialPlan>>();

/** The plan of one polynomial, or of several of one variable. @throws as `polynomialCost`. */
export function planPolynomials(
  polynomials: readonly Polynomial[],
  { prefer = "levels" }: PolynomialOptions,
): PolynomialPlan {
  if (prefer !== "levels" && prefer !== "products") {
    throw new TypeError(`prefer: "levels" or "products" was expected, not ${prefer}`);
  }
  requireAlike(polynomials);
  if (polynomials.length > 1) return makePlan(polynomials, prefer);
  const [polynomial] = polynomials;
  let known = plans.get(polynomial);
  if (!known) plans.set(polynomial, (known = new Map()));
  let plan = known.get(prefer);
  if (!plan) known.set(prefer, (plan = makePlan(polynomials, prefer)));
  return plan;
}

/**
 * Tries every number of baby steps and keeps the plan that `prefer` names.
 * Sources: Paterson and Stockmeyer, "On the number of nonscalar multiplications necessary to evaluate polynomials", SIAM J.
 * Comput. 2 (1973); Bossuat et al., EUROCRYPT 2021, section 5: only the quotients on the longest path have no level to
 * spare for coefficients, so that they alone are cut into smaller pieces.
 */
function makePlan(polynomials: readonly Polynomial[], prefer: "levels" | "products"): PolynomialPlan {
  const [first] = polynomials;
  const linear = polynomials.every(({ degree }) => degree <= 1);
  const variable = linear ? { factor: 1, shift: 0, levels: 0 as const } : variableOf(first);
  // A line takes its coefficients on x itself, whatever its interval.
  const straight = linear && first.basis === "chebyshev";
  const all = polynomials.map((polynomial) => (straight ? lineOf(polynomial) : polynomial.coefficients));
  const basis = straight ? "monomial" : first.basis;
  const degree = Math.max(...all.map((coefficients) => coefficients.length - 1));
  // Where every other coefficient is 0, but for the constant, so is every other baby step.
  const halved = [0, 1].some((rest) =>
    all.every((c) => c.every((value, n) => n === 0 || n % 2 === rest || value === 0)),
  );
  const most = (halved ? 4 : 2) * Math.ceil(Math.sqrt(degree + 1));
  let best: PolynomialPlan | undefined;
  for (let spare = 0; spare <= (prefer === "products" ? 1 : 0); spare++) {
    for (let babies = 2; babies <= Math.max(2, Math.min(degree + 1, most)); babies++) {
      const nodes = all.flatMap((coefficients) => {
        const node = new Splitting(basis, babies, coefficients.length - 1).node(coefficients, spare);
        return node ? [node] : [];
      });
      if (nodes.length < all.length) continue; // two baby steps allow every degree
      const powers = powerSteps(nodes, basis);
      const cost = costOf(nodes, powers, variable.levels);
      const range = first.basis === "monomial" || straight ? first.interval : ([-1, 1] as const);
      const plan = { basis, variable, range, powers, nodes, cost };
      if (!best || isBetter(cost, best.cost, prefer)) best = plan;
    }
  }
  return best!;
}

function requireAlike(polynomials: readonly Polynomial[]): void {
  const [first] = polynomials;
  if (!first) throw new ParameterError("no polynomial was given", "give one at least");
  for (const { basis, interval } of polynomials) {
    if (basis === first.basis && interval[0] === first.interval[0] && interval[1] === first.interval[1]) continue;
    const message = `${basis} on [${interval}] and ${first.basis} on [${first.interval}] share no powers`;
    throw new ParameterError(message, "evaluate together what has one basis and one interval");
  }
}

/** u = (2x − a − b)/(b − a): a whole factor is a sum, any other a product. */
function variableOf({ basis, interval: [a, b] }: Polynomial): PolynomialPlan["variable"] {
  if (basis === "monomial") return { factor: 1, shift: 0, levels: 0 };
  const factor = 2 / (b - a);
  return { factor, shift: -(a + b) / (b - a), levels: Number.isInteger(factor) ? 0 : 1 };
}

function lineOf(polynomial: Polynomial): number[] {
  const { factor, shift } = variableOf(polynomial);
  const [constant, slope = 0] = polynomial.coefficients;
  // A slope among the smallest doubles may leave them here: then there is no line, as where it is 0.
  return slope * factor === 0 ? [constant] : [constant + slope * shift, slope * factor];
}

/** Every power that some node takes, and those that they take themselves: as few as depth allows, found greedily. */
function powerSteps(nodes: readonly PolynomialNode[], basis: PolynomialBasis): PowerStep[] {
  const needed = new Set<number>();
  const collect = (node: PolynomialNode): void => {
    for (const [power] of node.terms) needed.add(power);
    for (const { power, quotient } of node.products) {
      needed.add(power);
      collect(quotient);
    }
  };
  nodes.forEach(collect);
  const steps: PowerStep[] = [];
  for (let n = Math.max(1, ...needed); n > 1; n--) {
    if (!needed.has(n)) continue;
    let best: { step: PowerStep; others: number[]; missing: number } | undefined;
    for (let right = Math.floor(n / 2); right >= 1; right--) {
      const left = n - right;
      if (log2Ceil(left) >= log2Ceil(n)) break;
      const others = left === right ? [left] : basis === "monomial" ? [left, right] : [left, right, left - right];
      const missing = others.reduce((count, m) => count + (m > 1 && !needed.has(m) ? 1 : 0), 0);
      if (!best || missing < best.missing) best = { step: { power: n, left, right }, others, missing };
      if (missing === 0) break;
    }
    steps.push(best!.step);
    for (const m of best!.others) needed.add(m);
  }
  return steps.reverse();
}

function costOf(nodes: readonly PolynomialNode[], powers: readonly PowerStep[], before: number): PolynomialCost {
  let [products, relinearizations] = [powers.length, powers.length];
  const count = (node: PolynomialNode): void => {
    products += node.products.length;
    if (node.products.length > 0) relinearizations++;
    for (const { quotient } of node.products) count(quotient);
  };
  nodes.forEach(count);
  return { levels: before + Math.max(...nodes.map(({ depth }) => depth)), products, relinearizations };
}

function isBetter(a: PolynomialCost, b: PolynomialCost, prefer: "levels" | "products"): boolean {
  const order = prefer === "levels" ? (["levels", "products"] as const) : (["products", "levels"] as const);
  for (const key of [...order, "relinearizations" as const]) if (a[key] !== b[key]) return a[key] < b[key];
  return false;
}
