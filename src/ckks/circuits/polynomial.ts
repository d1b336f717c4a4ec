import { ParameterError } from "../../errors.js";

/** "monomial": 1, x, x², …; "chebyshev": T_n(u), the Chebyshev polynomials of the first kind, of u = (2x − a − b)/(b − a). */
export type PolynomialBasis = "monomial" | "chebyshev";

/**
 * A polynomial of one variable with real coefficients, lowest first. In the Chebyshev basis coefficients stay as small as
 * the function on its interval, at any degree; monomials of a degree beyond about 10 do not. Immutable.
 */
export class Polynomial {
  /** Without zeros at the end, one at least. */
  readonly coefficients: readonly number[];

  private constructor(
    /** What its coefficients belong to. */
    readonly basis: PolynomialBasis,
    coefficients: ArrayLike<number>,
    /**
     * Where values of x lie. Chebyshev polynomials are taken there: outside of it they grow like |2u|^n. In the monomial
     * basis it is what range checks assume, and nothing else.
     */
    readonly interval: readonly [a: number, b: number],
  ) {
    const given = Array.from(coefficients);
    const bad = given.findIndex((c) => !Number.isFinite(c));
    if (bad >= 0) throw new ParameterError(`coefficient ${bad} is ${given[bad]}`, "take finite coefficients");
    if (given.length === 0) throw new ParameterError("a polynomial without coefficients", "give one at least: [0]");
    const [a, b] = interval;
    if (!(Number.isFinite(a) && Number.isFinite(b) && a < b && Number.isFinite(b - a))) {
      throw new ParameterError(`[${a}, ${b}] is no interval`, "take finite a < b");
    }
    this.coefficients = Object.freeze(trim(given));
    this.interval = Object.freeze([a, b] as const);
    Object.freeze(this);
  }

  /** Σ coefficients[n]·x^n. @throws ParameterError for coefficients that are none or not finite, and for no interval. */
  static monomial(coefficients: ArrayLike<number>, interval: readonly [number, number] = [-1, 1]): Polynomial {
    return new Polynomial("monomial", coefficients, interval);
  }

  /** Σ coefficients[n]·T_n((2x − a − b)/(b − a)). @throws ParameterError as `monomial`. */
  static chebyshev(coefficients: ArrayLike<number>, interval: readonly [number, number] = [-1, 1]): Polynomial {
    return new Polynomial("chebyshev", coefficients, interval);
  }

  /** Of the last coefficient that is not zero. */
  get degree(): number {
    return this.coefficients.length - 1;
  }

  /** Of the function: about 0 in the monomial basis, about the middle of the interval in the other one. 0 is "even". */
  get parity(): "even" | "odd" | "none" {
    const vanish = (parity: number) => this.coefficients.every((c, n) => n % 2 !== parity || c === 0);
    return vanish(1) ? "even" : vanish(0) ? "odd" : "none";
  }

  /** The value at x, in doubles (Horner's and Clenshaw's rules). */
  at(x: number): number {
    return valueAt(this.coefficients, this.basis, this.variable(x));
  }

  /** What the basis takes: u in the Chebyshev basis, x itself in the other one. */
  variable(x: number): number {
    if (this.basis === "monomial") return x;
    const [a, b] = this.interval;
    return (x - a - (b - x)) / (b - a);
  }
}

/** Σ c_n·x^n, or Σ c_n·T_n(x). */
export function valueAt(coefficients: readonly number[], basis: PolynomialBasis, x: number): number {
  if (basis === "monomial") return coefficients.reduceRight((sum, c) => sum * x + c, 0);
  let [next, afterNext] = [0, 0];
  for (let n = coefficients.length - 1; n > 0; n--)
    [next, afterNext] = [2 * x * next - afterNext + coefficients[n], next];
  return x * next - afterNext + coefficients[0];
}

/**
 * p = quotient·b_g + remainder with a remainder of degree below g, for the basis polynomial b_g (x^g, T_g), g ≥ 1.
 * By T_(i+g) = 2·T_i·T_g − T_|i−g|.
 */
export function divide(
  coefficients: readonly number[],
  basis: PolynomialBasis,
  g: number,
): { quotient: number[]; remainder: number[] } {
  const rest = [...coefficients];
  const quotient = new Array<number>(Math.max(1, rest.length - g)).fill(0);
  for (let n = rest.length - 1; n >= g; n--) {
    const c = rest[n];
    const i = n - g;
    if (basis === "monomial" || i === 0) quotient[i] += c;
    else {
      quotient[i] += 2 * c;
      rest[Math.abs(i - g)] -= c;
    }
  }
  return { quotient: trim(quotient), remainder: trim(rest.slice(0, g)) };
}

/**
 * A bound of |p| on [low, high], at most 9 % above it: the largest value at four Chebyshev nodes for each degree, over
 * cos(π/8). Source: Ehlich and Zeller, "Schwankung von Polynomen zwischen Gitterpunkten", Math. Z. 86 (1964).
 */
export function largestOn(coefficients: readonly number[], basis: PolynomialBasis, low: number, high: number): number {
  const count = 4 * coefficients.length;
  let largest = 0;
  for (let i = 0; i < count; i++) {
    const node = Math.cos(((i + 0.5) * Math.PI) / count);
    largest = Math.max(largest, Math.abs(valueAt(coefficients, basis, (low + high + node * (high - low)) / 2)));
  }
  return largest / Math.cos(Math.PI / 8);
}

function trim(coefficients: number[]): number[] {
  let length = coefficients.length;
  while (length > 1 && coefficients[length - 1] === 0) length--;
  return coefficients.slice(0, length);
}
