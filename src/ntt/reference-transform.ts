import { minimalRoot } from "./roots.js";

/** base^exponent mod p. */
export function power(base: bigint, exponent: bigint, p: bigint): bigint {
  let result = 1n;
  for (let square = base % p, e = exponent; e > 0n; e >>= 1n, square = (square * square) % p) {
    if (e & 1n) result = (result * square) % p;
  }
  return result;
}

/**
 * The negacyclic NTT by its definition as a chain of remainders: modulo X^n − w² a polynomial has the remainders modulo
 * X^(n/2) − w and X^(n/2) + w, and so on from X^N + 1 down to X − root^e, where the remainder is the value at root^e.
 * The values come out where the bit-reversed order wants them: e = 2·rev(j) + 1 at place j.
 */
export function transform(coefficients: readonly bigint[], prime: number, logN: number): bigint[] {
  const values = [...coefficients];
  const p = BigInt(prime);
  const powers = rootPowers(p, logN);
  // The block of `size` values from `begin` on is the remainder modulo X^size − root^exponent.
  const split = (begin: number, size: number, exponent: number) => {
    if (size === 1) return;
    const half = size / 2;
    const w = powers[exponent / 2];
    for (let i = begin; i < begin + half; i++) {
      const high = values[i + half] * w;
      values[i + half] = (((values[i] - high) % p) + p) % p;
      values[i] = (values[i] + high) % p;
    }
    split(begin, half, exponent / 2);
    // −w = root^(exponent/2 + N), since root^N = −1.
    split(begin + half, half, exponent / 2 + values.length);
  };
  split(0, values.length, values.length);
  return values;
}

/** The inverse of `transform`. */
export function inverseTransform(values: readonly bigint[], prime: number, logN: number): bigint[] {
  const coefficients = [...values];
  const n = values.length;
  const p = BigInt(prime);
  const powers = rootPowers(p, logN);
  const join = (begin: number, size: number, exponent: number) => {
    if (size === 1) return;
    const half = size / 2;
    join(begin, half, exponent / 2);
    join(begin + half, half, exponent / 2 + n);
    const inverse = powers[(2 * n - exponent / 2) % (2 * n)];
    for (let i = begin; i < begin + half; i++) {
      const [low, high] = [coefficients[i], coefficients[i + half]];
      coefficients[i] = (low + high) % p;
      coefficients[i + half] = ((low - high + p) * inverse) % p;
    }
  };
  join(0, n, n);
  const scale = power(BigInt(n), p - 2n, p);
  return coefficients.map((c) => (c * scale) % p);
}

const tables = new Map<string, bigint[]>();

/** root^e for every e below 2N. */
function rootPowers(p: bigint, logN: number): bigint[] {
  const key = `${p}/${logN}`;
  let powers = tables.get(key);
  if (!powers) {
    const root = BigInt(minimalRoot(Number(p), logN));
    powers = [1n];
    for (let e = 1; e < 2 ** (logN + 1); e++) powers.push((powers[e - 1] * root) % p);
    tables.set(key, powers);
  }
  return powers;
}
