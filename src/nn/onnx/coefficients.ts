import type { Shape } from "../graph/network.js";
import { sizeOf } from "../graph/shapes.js";

/** Numbers for the elements of a value of some shape: one for all, one for each channel, or one for each element. */
export type List = Float64Array;

/** Σ list_n·x^n of each element, lowest power first, missing ones zero: what element-wise arithmetic makes of a value. */
export type Polynomial = readonly List[];

/** x itself. */
export const IDENTITY: Polynomial = [Float64Array.of(0), Float64Array.of(1)];

/** The list with one entry where all are equal, one a channel where these differ, and one an element otherwise. */
export function compressed(list: List, shape: Shape): List {
  if (list.every((value) => value === list[0])) return list.subarray(0, 1).slice();
  const [channels] = shape;
  if (list.length === channels || list.length !== sizeOf(shape)) return list;
  const plane = list.length / channels;
  if (!list.every((value, i) => value === list[i - (i % plane)])) return list;
  return Float64Array.from({ length: channels }, (_, channel) => list[channel * plane]);
}

/** The list with as many entries as `length` says: one a channel, or one an element. */
export function spreadTo(list: List, length: number): List {
  return list.length === length ? list : zip(list, new Float64Array(length), (x) => x);
}

/** Both lists entry by entry, as long as the longer one: a channel's entry is that of each of its elements. */
export function zip(p: List, q: List, operation: (x: number, y: number) => number): List {
  const result = new Float64Array(Math.max(p.length, q.length));
  const [ofP, ofQ] = [result.length / p.length, result.length / q.length];
  // Loops, not `from` and `map`: there are two million entries at times.
  if (ofP === 1 && ofQ === 1) for (let i = 0; i < result.length; i++) result[i] = operation(p[i], q[i]);
  else {
    for (let i = 0; i < result.length; i++) result[i] = operation(p[Math.floor(i / ofP)], q[Math.floor(i / ofQ)]);
  }
  return result;
}

/** Of elements taken from others: entry i is that of element `index[i]` of a value of this shape. */
export function gathered(list: List, index: Int32Array, shape: Shape): List {
  if (list.length === 1) return list;
  const plane = sizeOf(shape) / list.length;
  const result = new Float64Array(index.length);
  for (let i = 0; i < index.length; i++) result[i] = list[Math.floor(index[i] / plane)];
  return result;
}

export function isZero(list: List | undefined): boolean {
  return list === undefined || list.every((value) => value === 0);
}

/** Of the highest power that any element has; −1 for zero. */
export function degreeOf(polynomial: Polynomial): number {
  return polynomial.findLastIndex((list) => !isZero(list));
}

export function sum(p: Polynomial, q: Polynomial): Polynomial {
  return Array.from({ length: Math.max(p.length, q.length) }, (_, n) =>
    p[n] && q[n] ? zip(p[n], q[n], (x, y) => x + y) : (p[n] ?? q[n]),
  );
}

/** The product, whatever its degree; powers that no element has are left out at the end. */
export function product(p: Polynomial, q: Polynomial): Polynomial {
  const result: List[] = [];
  for (let n = 0; n <= degreeOf(p); n++) {
    for (let m = 0; m <= degreeOf(q); m++) {
      const term = zip(p[n], q[m], (x, y) => x * y);
      const before = result[n + m];
      result[n + m] = before ? zip(before, term, (x, y) => x + y) : term;
    }
  }
  const degree = degreeOf(result);
  return result.slice(0, degree + 1);
}

export function scaled(polynomial: Polynomial, by: List): Polynomial {
  return polynomial.map((list) => zip(list, by, (x, y) => x * y));
}

/** λ with q = λ·r for each element, r being of degree one everywhere; undefined where there is none, but for rounding. */
export function quotient(q: Polynomial, r: Polynomial): List | undefined {
  if (degreeOf(r) !== 1 || r[1].includes(0) || degreeOf(q) > 1 || isZero(q[1])) return undefined;
  const ratio = zip(q[1], r[1], (x, y) => x / y);
  const wanted = zip(ratio, r[0], (x, y) => x * y);
  return near(q[0], wanted) ? ratio : undefined;
}

/** Equal up to the rounding of constants in float32. */
export function near(p: List, q: List): boolean {
  return zip(p, q, (x, y) => Math.abs(x - y) - 1e-5 * Math.max(Math.abs(x), Math.abs(y))).every((gap) => gap <= 0);
}
