import { deepStrictEqual, ok } from "node:assert/strict";
import {
  digest,
  divide,
  type Integers,
  type Json,
  oddPowers,
  product,
  type Residues,
  range,
  reduce,
  remainder,
  reversed,
  sum,
  turn,
  uniform,
  values,
  words,
} from "./independent-reader.js";
import { decompose, digitsOf, switchSums } from "./independent-switching.js";

/** What vectors/README.md says of each file, by the reader's own arithmetic. A check throws where a file says something else. */
export const CHECKS: Readonly<Record<string, (file: Json) => void>> = {
  "ntt.json": ({ small, large }) => {
    for (const v of small) checkTransform(v, v.input, (x) => x);
    for (const v of large) checkTransform(v, uniform(v.seed, 0, 0, v.prime, v.n), digest);
  },
  "sampling.json": ({ keyStream: v, ...samplers }) => {
    same("words", v.words, words(v.seed, v.nonce, v.words.length));
    for (const u of samplers.uniform) checkDraw(u, (n) => uniform(u.seed, u.stream, u.digit, u.prime, n));
    for (const t of samplers.ternary)
      checkDraw(t, (n) => words(t.seed, [0, 0, 0], n).map((w) => Math.floor((3 * w) / 2 ** 32) - 1));
    for (const g of samplers.gaussian) checkDraw(g, (n) => gaussian(g, n));
  },
  "encoding.json": ({ cases }) => {
    for (const v of cases) checkEncoding(v);
  },
  "division.json": ({ drop, convert }) => {
    for (const v of drop) {
      same("remainders", v.remainders, remainder(v.input.slice(v.kept.length), v.dropped));
      same("output", v.output, divide(v.input, [...v.kept, ...v.dropped], v.dropped));
    }
    for (const v of convert) {
      same("integers", v.integers, remainder(v.input, v.from));
      same("output", v.output, reduce(v.integers, v.to));
    }
  },
  "encryption.json": ({ primes, secret, message, secretKey, publicKey }) => {
    checkEncryption(primes, secretKey.ciphertext, secretKey.a, secret, secretKey.error, message);
    const all = publicKey.primes;
    same("b", publicKey.b, sum(all, [-1n, publicKey.a, secret], [1n, publicKey.error]));
    const [e0, e1] = publicKey.errors;
    const p = BigInt(all.at(-1));
    const c0 = sum(all, [1n, publicKey.b, publicKey.u], [1n, e0], [p, message]);
    same("sums", publicKey.sums, [c0, sum(all, [1n, publicKey.a, publicKey.u], [1n, e1])]);
    same(
      "ciphertext",
      publicKey.ciphertext,
      publicKey.sums.map((part: Residues) => divide(part, all, all.slice(-1))),
    );
    for (const { ciphertext, decrypted } of [secretKey, publicKey]) checkPhase(primes, ciphertext, secret, decrypted);
  },
  "key-switching.json": ({ cases }) => {
    for (const v of cases) {
      const all = [...v.levels.flat(), ...v.special];
      const { key } = v;
      checkKey(v, key, reduce(v.v, all), v.w);
      same("dnum", v.dnum, key.length);
      same(
        "primes",
        key.map((digit: Json) => digit.primes),
        digitsOf(v, v.levels.flat()),
      );
      for (const { level, input, digits, sums, output, noise } of v.switches) {
        const primes = v.levels.slice(0, level + 1).flat();
        same("digits", digits, decompose(v, primes, input));
        same("sums", sums, switchSums(v, key, level, input));
        same(
          "output",
          output,
          sums.map((part: Residues) => divide(part, [...primes, ...v.special], v.special)),
        );
        const error = sum(primes, [1n, output[0]], [1n, output[1], v.w], [-1n, input, v.v]);
        same("noise", noise, Math.max(...remainder(error, primes).map((x) => Math.abs(Number(x)))));
      }
    }
  },
  "operations.json": ({ cases }) => {
    for (const v of cases) checkOperations(v);
  },
};

function same(what: string, given: unknown, own: unknown): void {
  deepStrictEqual(plain(given), plain(own), what);
}

/** Whole numbers alike, whether they are numbers, decimal texts or BigInt. */
function plain(x: unknown): unknown {
  return Array.isArray(x) ? x.map(plain) : String(x === 0 ? 0 : x);
}

function gaussian({ seed, thresholds }: Json, n: number): number[] {
  const w = words(seed, [0, 0, 0], 2 * n);
  return range(n, (i) => {
    const u = BigInt(w[2 * i]) * 2n ** 21n + BigInt(w[2 * i + 1] >>> 11);
    const magnitude = thresholds.filter((t: number) => BigInt(t) <= u).length;
    return w[2 * i + 1] % 2 === 1 ? -magnitude : magnitude;
  });
}

function checkDraw(v: Json, draw: (n: number) => Integers): void {
  same("values", v.values, draw(v.values.length));
  for (const [n, hash] of Object.entries(v.sha256)) same("sha256", hash, digest(draw(Number(n))));
}

function checkTransform(v: Json, input: Integers, seen: (x: Integers) => unknown): void {
  const natural = values(input, BigInt(v.prime));
  const output = range(v.n, (j) => natural[reversed(j, v.n)]);
  same("root", v.root, oddPowers(v.n, BigInt(v.prime))[0]);
  same("input", v.input ?? v.inputSha256, seen(input));
  same("output", v.output ?? v.outputSha256, seen(output));
  if (!v.natural) return;
  same("natural", v.natural, natural);
  same(
    "exponents",
    v.exponents,
    range(v.n, (j) => 2 * reversed(j, v.n) + 1),
  );
}

/** In doubles, by the formulas of the page. */
function checkEncoding({ n, slots, gap, scale, primes, values: z, coefficients, residues, decoded }: Json): void {
  same("gap", gap, n / 2 / slots);
  const angle = (j: number, k: number) => {
    let power = 1;
    for (let i = 0; i < j; i++) power = (5 * power) % (4 * slots);
    return (Math.PI / (2 * slots)) * ((power * k) % (4 * slots));
  };
  const total = (count: number, term: (i: number) => number) => range(count, term).reduce((a, b) => a + b);
  const expected = range(n, () => 0);
  for (let k = 0; k < 2 * slots; k++) {
    const term = (j: number) => z.real[j] * Math.cos(angle(j, k)) + z.imaginary[j] * Math.sin(angle(j, k));
    expected[k * gap] = Math.round((total(slots, term) / slots) * scale);
  }
  same("coefficients", coefficients, expected);
  same("residues", residues, reduce(coefficients, primes));
  for (let j = 0; j < slots; j++) {
    const slot = (f: (x: number) => number) =>
      total(2 * slots, (k) => (coefficients[k * gap] / scale) * f(angle(j, k)));
    ok(Math.abs(slot(Math.cos) - decoded.real[j]) < 2 ** -45, "decoded");
    ok(Math.abs(slot(Math.sin) - decoded.imaginary[j]) < 2 ** -45, "decoded");
  }
}

function checkEncryption(
  primes: number[],
  [c0, c1]: Residues[],
  a: Residues,
  s: Integers,
  e: Integers,
  m: Integers,
): void {
  same("c1", c1, a);
  same("c0", c0, sum(primes, [-1n, a, s], [1n, e], [1n, m]));
}

function checkPhase(primes: number[], [c0, c1]: Residues[], s: Integers, decrypted: Integers): void {
  same("decrypted", decrypted, remainder(sum(primes, [1n, c0], [1n, c1, s]), primes));
}

/** b = −a·w + e + P·g_d·v, where P·g_d is P modulo the digit's primes and 0 modulo all others. */
function checkKey(v: Json, key: Json[], from: Residues, to: Integers): void {
  const all = [...v.levels.flat(), ...v.special];
  const digits = digitsOf(v, v.levels.flat());
  same("digits", key.length, digits.length);
  for (const [d, { a, b, error }] of key.entries()) {
    const gadget = from.map((r, j) => r.map((x) => (digits[d].includes(all[j]) ? product(v.special) * BigInt(x) : 0n)));
    same("b", b, sum(all, [-1n, a, to], [1n, error], [1n, gadget]));
  }
}

function checkOperations(v: Json): void {
  const { levels, special, secret: s, x, y, product: p, permutation } = v;
  const top = levels.length - 1;
  const primes = levels.flat();
  const all = [...primes, ...special];
  const each = (parts: Residues[], of: number[], dropped: number[]) => parts.map((part) => divide(part, of, dropped));
  for (const name of ["x", "y"]) checkEncryption(primes, v[name], v[name][1], s, v.errors[name], v.messages[name]);
  const cross = sum(primes, [1n, x[0], y[1]], [1n, x[1], y[0]]);
  same("tensor", p.tensor, [sum(primes, [1n, x[0], y[0]]), cross, sum(primes, [1n, x[1], y[1]])]);
  checkKey(v, p.key, sum(all, [1n, s, s]), s);
  same("sums", p.sums, switchSums(v, p.key, top, p.tensor[2], p.tensor));
  same("relinearized", p.relinearized, each(p.sums, all, special));
  same("rescaled", p.rescaled, each(p.relinearized, primes, levels[top]));
  same("output", p.output, each(p.sums, all, [...special, ...levels[top]]));
  checkPhase(levels.slice(0, top).flat(), p.output, s, p.decrypted);

  for (const { element, inverse, key, output, decrypted } of v.galois) {
    checkKey(v, key, reduce(s, all), turn(s, inverse));
    const turned = (parts: Residues[], of: number[]) =>
      parts.map((part) => part.map((r, j) => reduce(turn(r, element), [of[j]])[0]));
    same("output", output, turned(each(switchSums(v, key, top, x[1], [x[0]]), all, special), primes));
    // The textbook's order: σ of the ciphertext, then a switch from σ(s) to s by σ of the key.
    const [first, second] = turned(x, primes);
    const sigma = key.map(({ b, a }: Json) => ({ b: turned([b], all)[0], a: turned([a], all)[0] }));
    same("textbook", output, each(switchSums(v, sigma, top, second, [first]), all, special));
    checkPhase(primes, output, s, decrypted);
  }

  const { element, key, sums, output, decrypted } = v.rotatedProduct;
  const { key: rotation, inverse } = v.galois.find((other: Json) => other.element === element);
  checkKey(v, key, sum(all, [1n, s, s]), turn(s, inverse));
  const first = switchSums(v, rotation, top, p.tensor[1], [p.tensor[0]]);
  const second = switchSums(v, key, top, p.tensor[2]);
  const together = first.map((part, i) => sum(all, [1n, part], [1n, second[i]]));
  same(
    "rotated sums",
    sums,
    together.map((part) => part.map((r, j) => reduce(turn(r, element), [all[j]])[0])),
  );
  same("rotated product", output, each(sums, all, special));
  checkPhase(primes, output, s, decrypted);

  const { n } = v;
  const natural = values(x[0][0], BigInt(permutation.prime));
  const place = (e: number) => natural[((e % (2 * n)) - 1) / 2];
  same("root", permutation.root, oddPowers(n, BigInt(permutation.prime))[0]);
  same(
    "input",
    permutation.input,
    range(n, (j) => place(2 * reversed(j, n) + 1)),
  );
  same(
    "output",
    permutation.output,
    range(n, (j) => place(permutation.element * (2 * reversed(j, n) + 1))),
  );
}
