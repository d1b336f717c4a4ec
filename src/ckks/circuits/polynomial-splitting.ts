import { divide, type PolynomialBasis } from "./polynomial.js";

/** constant + Σ factor·b_n + Σ quotient·b_g over basis polynomials b (x^n, T_n): one sum, rescaled once. */
export interface PolynomialNode {
  /** Levels from the variable to its value. */
  readonly depth: number;
  readonly products: readonly { readonly quotient: PolynomialNode; readonly power: number }[];
  readonly terms: readonly (readonly [power: number, factor: number])[];
  readonly constant: number;
  /** The same polynomial by its coefficients. */
  readonly coefficients: readonly number[];
}

/** Splits polynomials at b_g for g = babies·2^j, and at smaller powers of two where levels are short. */
export class Splitting {
  private readonly powers: readonly number[];
  private readonly known = new Map<number, { cost: number; power?: number }>();

  constructor(
    private readonly basis: PolynomialBasis,
    private readonly babies: number,
    degree: number,
  ) {
    const powers = new Set<number>();
    for (let g = babies; g <= degree; g *= 2) powers.add(g);
    for (let g = 2; g < babies; g *= 2) powers.add(g);
    this.powers = [...powers];
  }

  /** Within ⌈log2(degree + 1)⌉ + `spare` levels; undefined where these powers do not allow it. */
  node(coefficients: readonly number[], spare: number): PolynomialNode | undefined {
    const depth = log2Ceil(coefficients.length) + spare;
    const { cost } = this.split(coefficients.length - 1, depth);
    // What a degree allows, every lower one does, so that zeros do no harm below.
    return cost === Infinity ? undefined : this.build(coefficients, depth);
  }

  private build(coefficients: readonly number[], depth: number): PolynomialNode {
    const products: { quotient: PolynomialNode; power: number }[] = [];
    const terms = new Map<number, number>();
    let rest = coefficients;
    for (;;) {
      const power = rest.length > 1 ? this.split(rest.length - 1, depth).power : undefined;
      if (power === undefined) break;
      const { quotient, remainder } = divide(rest, this.basis, power);
      if (quotient.length > 1) products.push({ quotient: this.build(quotient, depth - 1), power });
      else terms.set(power, quotient[0]);
      rest = remainder;
    }
    rest.forEach((c, n) => {
      if (n > 0 && c !== 0) terms.set(n, c);
    });
    return { depth, products, terms: [...terms], constant: rest[0], coefficients };
  }

  /** The cheapest way to take a polynomial of degree n within `depth` levels: the power that it is divided by first, if any. */
  private split(n: number, depth: number): { cost: number; power?: number } {
    const key = 64 * n + depth; // a depth is below 64: no parameters have as many levels
    let best = this.known.get(key);
    if (best) return best;
    const leaf = n === 0 || (n < this.babies && log2Ceil(n) < depth);
    best = { cost: leaf ? 0 : Infinity };
    if (!leaf) {
      for (const power of this.powers) {
        if (power > n || log2Ceil(power) >= depth) continue;
        const quotient = power === n ? 0 : PRODUCT + this.nodeCost(n - power, depth - 1);
        const cost = quotient + this.split(power - 1, depth).cost;
        if (cost < best.cost) best = { cost, power };
      }
    }
    this.known.set(key, best);
    return best;
  }

  private nodeCost(n: number, depth: number): number {
    const { cost } = this.split(n, depth);
    return cost > 0 ? cost + 1 : 0;
  }
}

/** Products count first, relinearisations second. */
const PRODUCT = 2 ** 20;

export function log2Ceil(n: number): number {
  return Math.ceil(Math.log2(n));
}
