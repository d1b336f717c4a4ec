// ntt.json, sampling.json, encoding.json, division.json: what the scheme is put together from.
import { createHash } from "node:crypto";
import { decode, encode } from "./embedding.mjs";
import { centred, fromResidues, largestPrimes, modulo, product } from "./integers.mjs";
import { bitReversed, drop, evaluate, minimalRoot, residues } from "./polynomials.mjs";
import { gaussian, keyStream, seedOf, THRESHOLDS, ternary, uniform } from "./randomness.mjs";

const PRIMES = largestPrimes(6, 30);
const SMALL = largestPrimes(2, 25);

/** SHA-256 of 32-bit little-endian words; negative ones by their two's complement. */
export function sha256(words) {
  const bytes = Buffer.alloc(4 * words.length);
  words.forEach((word, i) => {
    bytes.writeUInt32LE(Number(word) >>> 0, 4 * i);
  });
  return createHash("sha256").update(bytes).digest("hex");
}

export function ntt() {
  const small = [8, 16, 64].flatMap((n) =>
    [PRIMES[0], SMALL[0]].map((p) => {
      const input = uniform(n, p, seedOf(`ntt ${n}`), 0, 0);
      const root = minimalRoot(n, p);
      const values = evaluate(input, root, p);
      const exponents = bitReversed(Array.from({ length: n }, (_, k) => 2 * k + 1));
      return { n, prime: p, root, input, output: bitReversed(values), exponents, natural: values };
    }),
  );
  const large = [1024, 2048].flatMap((n) =>
    [PRIMES[0], SMALL[0]].map((p) => {
      const seed = seedOf(`ntt ${n}`);
      const root = minimalRoot(n, p);
      const input = uniform(n, p, seed, 0, 0);
      const output = sha256(bitReversed(evaluate(input, root, p)));
      return { n, prime: p, root, seed, inputSha256: sha256(input), outputSha256: output };
    }),
  );
  return { small, large };
}

export function sampling() {
  const seed = seedOf("sampling");
  const address = { stream: 2 ** 32 - 1, digit: 3 };
  return {
    keyStream: { seed, nonce: [1, 2, PRIMES[0]], words: keyStream(seed, [1, 2, Number(PRIMES[0])], 32) },
    uniform: [PRIMES[0], SMALL[1]].map((prime) => {
      const draw = (n) => uniform(n, prime, seed, address.stream, address.digit);
      return {
        seed,
        ...address,
        prime,
        values: draw(32),
        sha256: { 1024: sha256(draw(1024)), 2048: sha256(draw(2048)) },
      };
    }),
    ternary: [signed(ternary, seedOf("ternary"))],
    gaussian: [{ ...signed(gaussian, seedOf("gaussian")), thresholds: THRESHOLDS }],
  };
}

function signed(sample, seed) {
  return {
    seed,
    values: sample(64, seed),
    sha256: { 1024: sha256(sample(1024, seed)), 2048: sha256(sample(2048, seed)) },
  };
}

/** Slot values in [−1, 1): word 2j of a seed's key stream over 2^31, less one; the imaginary part from word 2j + 1. */
export function slotValues(seed, slots) {
  const words = keyStream(seed, [0, 0, 0], 2 * slots).map((word) => word / 2 ** 31 - 1);
  return { real: words.filter((_, i) => i % 2 === 0), imaginary: words.filter((_, i) => i % 2 === 1) };
}

export function encoding() {
  const primes = PRIMES.slice(0, 2);
  const chosen = [
    { n: 16, slots: 8, scale: 2 ** 24 },
    { n: 16, slots: 8, scale: 2 ** 40 },
    { n: 32, slots: 4, scale: 2 ** 24 },
    { n: 32, slots: 1, scale: 2 ** 20 },
    // The canonical scale of level 1 above one of 2^24: no power of two.
    { n: 16, slots: 8, scale: Math.sqrt(2 ** 24 * Number(primes[1])) },
  ];
  const random = chosen.map(({ n, slots, scale }, i) =>
    example(slotValues(seedOf(`encoding ${i}`), slots), scale, n, primes),
  );
  const unit = { real: [1, 0, 0, 0, 0, 0, 0, 0], imaginary: [0, 0, 0, 0, 0, 0, 0, 0] };
  const i = { real: [0, 0, 0, 0, 0, 0, 0, 0], imaginary: [0, 0, 0, 1, 0, 0, 0, 0] };
  return { cases: [...random, example(unit, 2 ** 24, 16, primes), example(i, 2 ** 24, 16, primes)] };
}

function example(values, scale, n, primes) {
  const coefficients = encode(values, scale, n);
  const slots = values.real.length;
  const decoded = decode(coefficients, scale, slots);
  return {
    n,
    slots,
    gap: n / 2 / slots,
    scale,
    primes,
    values,
    coefficients,
    residues: residues(coefficients, primes),
    decoded,
  };
}

/** Division by one prime, by two, by four, and the conversions that it is made of. */
export function division() {
  const splits = [
    [PRIMES.slice(0, 3), [PRIMES[3]]],
    [PRIMES.slice(0, 2), PRIMES.slice(2, 4)],
    [PRIMES.slice(0, 1), [...SMALL, ...PRIMES.slice(1, 3)]],
  ];
  return {
    drop: splits.map(([kept, dropped], i) => {
      const primes = [...kept, ...dropped];
      const [m, d] = [product(primes), product(dropped)];
      const edges = [0n, 1n, -1n, (d * 511n) / 1024n, (d * 513n) / 1024n, -(d * 511n) / 1024n, m / 3n, m - d];
      const input = [...edges, ...random(`drop ${i}`, primes, 8)].map((x) => modulo(x, m));
      const remainders = input.map((x) => centred(x, dropped));
      const output = residues(drop(input, m, dropped), kept);
      return { n: input.length, kept, dropped, input: residues(input, primes), remainders, output };
    }),
    convert: [
      [PRIMES.slice(0, 1), PRIMES.slice(1, 3)],
      [PRIMES.slice(0, 3), PRIMES.slice(3, 6)],
    ].map(([from, to], i) => {
      const d = product(from);
      const edges = [0n, 1n, -1n, (d * 511n) / 1024n, (d * 513n) / 1024n, d / 4n, -d / 4n, d - 1n];
      const integers = [...edges, ...random(`convert ${i}`, from, 8)].map((x) => centred(x, from));
      return {
        n: integers.length,
        from,
        to,
        input: residues(integers, from),
        integers,
        output: residues(integers, to),
      };
    }),
  };
}

function random(label, primes, n) {
  return fromResidues(
    primes.map((p) => uniform(n, p, seedOf(label), 0, 0)),
    primes,
  );
}
