// Polynomials modulo X^N + 1 by their coefficients: lists of BigInt. What they are modulo is said by whoever calls.
import { centred, inverse, modulo, power, product } from "./integers.mjs";

/**
 * a·b modulo X^N + 1 and m: the two polynomials at a power of 2 so large that no coefficient of the product reaches the next
 * one's place, as one product of long integers (Kronecker).
 */
export function multiply(a, b, m) {
  const n = a.length;
  const digits = Math.ceil((2 * m.toString(2).length + Math.log2(n) + 1) / 4); // hexadecimal ones of a place
  const places = (poly) => poly.map((x) => hexadecimal(modulo(x, m), digits)).reverse();
  const long = (poly) => BigInt(`0x${places(poly).join("")}`);
  const text = hexadecimal(long(a) * long(b), 2 * n * digits);
  const place = (i) => BigInt(`0x${text.slice((2 * n - 1 - i) * digits, (2 * n - i) * digits)}`);
  return Array.from({ length: n }, (_, i) => modulo(place(i) - place(i + n), m));
}

function hexadecimal(x, digits) {
  return x.toString(16).padStart(digits, "0");
}

/** Σ factor·polynomial modulo m, for pairs of a whole number and a polynomial. */
export function combine(m, ...terms) {
  return terms[0][1].map((_, i) => terms.reduce((sum, [factor, poly]) => modulo(sum + factor * poly[i], m), 0n));
}

/** a under X → X^g. */
export function automorphism(a, g) {
  const n = a.length;
  const result = new Array(n);
  a.forEach((x, i) => {
    const exponent = (i * g) % (2 * n);
    result[exponent % n] = exponent < n ? x : -x;
  });
  return result;
}

/** (a − [a]_D)/D for the product D of `dropped`, which divides m: division with centred rounding, modulo m/D. */
export function drop(a, m, dropped) {
  const d = product(dropped);
  return a.map((x) => modulo((x - centred(x, dropped)) / d, m / d));
}

/** One list of residues for each prime, as plain numbers. */
export function residues(a, primes) {
  return primes.map((p) => a.map((x) => Number(modulo(x, p))));
}

/** The smallest primitive 2N-th root of unity modulo p. */
export function minimalRoot(n, p) {
  const order = BigInt(2 * n);
  let root = 1n;
  // A power g^((p − 1)/2N) is of order 2N exactly if its N-th power is −1.
  for (let g = 2n; power(root, order / 2n, p) !== p - 1n; g++) root = power(g, (p - 1n) / order, p);
  let smallest = root;
  for (let e = 3n; e < order; e += 2n) {
    const other = power(root, e, p);
    if (other < smallest) smallest = other;
  }
  return smallest;
}

/** The values of a at root^(2k + 1), k = 0, 1, …: of the even and of the odd coefficients at the squares, put together. */
export function evaluate(a, root, p) {
  if (a.length === 1) return [modulo(a[0], p)];
  const half = a.length / 2;
  const square = (root * root) % p;
  const [even, odd] = [0, 1].map((parity) =>
    evaluate(
      a.filter((_, i) => i % 2 === parity),
      square,
      p,
    ),
  );
  const values = new Array(a.length);
  for (let k = 0, x = root; k < half; k++, x = (x * square) % p) {
    values[k] = (even[k] + x * odd[k]) % p;
    values[k + half] = modulo(even[k] - x * odd[k], p); // root^N = −1
  }
  return values;
}

/** The inverse of `evaluate`. */
export function interpolate(values, root, p) {
  const n = values.length;
  if (n === 1) return [...values];
  const half = n / 2;
  const square = (root * root) % p;
  const two = inverse(2n, p);
  const [even, odd] = [new Array(half), new Array(half)];
  for (let k = 0, x = root; k < half; k++, x = (x * square) % p) {
    even[k] = ((values[k] + values[k + half]) * two) % p;
    odd[k] = modulo((values[k] - values[k + half]) * two * inverse(x, p), p);
  }
  const parts = [even, odd].map((part) => interpolate(part, square, p));
  return values.map((_, i) => parts[i % 2][i >> 1]);
}

/** Natural order to bit-reversed order, and back. */
export function bitReversed(values) {
  const bits = Math.log2(values.length);
  return values.map((_, j) => values[Number.parseInt([...j.toString(2).padStart(bits, "0")].reverse().join(""), 2)]);
}
