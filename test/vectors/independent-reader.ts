/**
 * A second reader of vectors/, by what its README.md says: it imports nothing of the library nor of the generator, takes ChaCha20
 * from OpenSSL, works prime by prime and multiplies polynomials by their values at the roots of X^N + 1.
 */
import { createCipheriv, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// biome-ignore lint/suspicious/noExplicitAny: the page says what is there, and a comparison fails where it is not
export type Json = any;
export type Integers = readonly (number | string | bigint)[];
export type Residues = readonly Integers[];

/** @throws Error for a file whose SHA-256 is not the one in SHA256SUMS. */
export function readVectors(name: string, folder = fileURLToPath(new URL("../../vectors", import.meta.url))): Json {
  const text = readFileSync(`${folder}/${name}`);
  const line = `${createHash("sha256").update(text).digest("hex")}  ${name}`;
  if (!readFileSync(`${folder}/SHA256SUMS`, "utf8").split("\n").includes(line)) throw new Error(`${name} is damaged`);
  return JSON.parse(text.toString());
}

const mod = (x: bigint, m: bigint) => ((x % m) + m) % m;
const centre = (x: bigint, m: bigint) => (2n * mod(x, m) > m ? mod(x, m) - m : mod(x, m));
export const product = (primes: readonly number[]) => primes.reduce((a, p) => a * BigInt(p), 1n);
const power = (x: bigint, e: bigint, p: bigint): bigint =>
  e === 0n ? 1n : (power((x * x) % p, e / 2n, p) * (e % 2n ? x : 1n)) % p;
const over = (x: bigint, p: bigint) => power(mod(x, p), p - 2n, p);
export const range = <T>(n: number, f: (i: number) => T) => Array.from({ length: n }, (_, i) => f(i));
/** Residues in [0, p). */
export const reduce = (integers: Integers, primes: readonly number[]) =>
  primes.map((p) => integers.map((x) => mod(BigInt(x), BigInt(p))));

/** Integers in [0, Q) from residues: x + the primes before·(what is missing modulo the next). */
function whole(residues: Residues, primes: readonly number[]): bigint[] {
  return residues[0].map((_, i) => {
    const step = (x: bigint, p: number, j: number) => {
      const before = product(primes.slice(0, j));
      return x + before * mod((BigInt(residues[j][i]) - x) * over(before, BigInt(p)), BigInt(p));
    };
    return primes.reduce(step, 0n);
  });
}

/** Centred. */
export const remainder = (residues: Residues, primes: readonly number[]) =>
  whole(residues, primes).map((x) => centre(x, product(primes)));

/** (x − [x]_D)/D for the product D of `dropped`, over the primes left. */
export function divide(residues: Residues, primes: readonly number[], dropped: readonly number[]): bigint[][] {
  const d = product(dropped);
  const quotients = whole(residues, primes).map((x) => (x - centre(x, d)) / d);
  const left = primes.filter((p) => !dropped.includes(p));
  return reduce(quotients, left);
}

const roots = new Map<string, bigint[]>();
/** root^(2k + 1) for k = 0 … N − 1, the smallest of them first: the powers of the minimal root. */
export function oddPowers(n: number, p: bigint): bigint[] {
  const known = roots.get(`${n}/${p}`);
  if (known) return known;
  let g = 2n;
  while (power(g, (p - 1n) / 2n, p) === 1n) g++; // no square, so that its power is of order 2N
  const some = power(g, (p - 1n) / BigInt(2 * n), p);
  const root = range(n, (k) => power(some, BigInt(2 * k + 1), p)).reduce((a, b) => (a < b ? a : b));
  const powers = range(n, (k) => power(root, BigInt(2 * k + 1), p));
  roots.set(`${n}/${p}`, powers);
  return powers;
}

/** In natural order: at the odd powers of the minimal root. */
export const values = (poly: Integers, p: bigint) =>
  oddPowers(poly.length, p).map((x) => poly.reduceRight<bigint>((sum, c) => mod(sum * x + BigInt(c), p), 0n));

export type Term = readonly [factor: bigint, ...polys: (Residues | Integers)[]];

/** Σ factor·Π polynomials modulo X^N + 1 and each prime; a polynomial is given by residues or by integers. */
export function sum(primes: readonly number[], ...terms: readonly Term[]): bigint[][] {
  return primes.map((prime, j) => {
    const p = BigInt(prime);
    const at = terms.map(([factor, ...polys]) => {
      const parts = polys.map((poly) => values((Array.isArray(poly[0]) ? poly[j] : poly) as Integers, p));
      return parts.reduce((a, b) => a.map((x, k) => (x * b[k]) % p)).map((x) => x * factor);
    });
    const total = at[0].map((_, k) => at.reduce((x, term) => x + term[k], 0n));
    const inverses = oddPowers(total.length, p).map((x) => over(x, p));
    const scale = over(BigInt(total.length), p);
    return range(total.length, (i) =>
      mod(scale * total.reduce((x, v, k) => x + v * power(inverses[k], BigInt(i), p), 0n), p),
    );
  });
}

/** X → X^g, on integers. */
export function turn(a: Integers, g: number): bigint[] {
  const result: bigint[] = [];
  a.forEach((c, i) => {
    result[(i * g) % a.length] = (i * g) % (2 * a.length) < a.length ? BigInt(c) : -BigInt(c);
  });
  return result;
}

/** The first 32-bit words of a key stream. */
export function words(seed: string, nonce: readonly number[], count: number): number[] {
  const counterAndNonce = Buffer.from(Uint32Array.from([0, ...nonce]).buffer);
  const cipher = createCipheriv("chacha20", Buffer.from(seed, "hex"), counterAndNonce);
  const stream = cipher.update(Buffer.alloc(4 * count));
  return range(count, (i) => stream.readUInt32LE(4 * i));
}

/** From the address (stream, digit, prime) of a seed. */
export function uniform(seed: string, stream: number, digit: number, p: number, n: number): bigint[] {
  const w = words(seed, [stream, digit, p], 2 * n).map(BigInt);
  return range(n, (i) => (w[2 * i] + (w[2 * i + 1] << 32n)) % BigInt(p));
}

export const reversed = (j: number, n: number): number =>
  n === 1 ? 0 : (j % 2) * (n / 2) + reversed(Math.floor(j / 2), n / 2);

export const digest = (x: Integers) => createHash("sha256").update(Int32Array.from(x, Number)).digest("hex");
