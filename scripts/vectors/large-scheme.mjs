// large.json: the scheme at N = 2^10 and 2^11, from seeds to SHA-256 of every result.
import { sha256, slotValues } from "./building-blocks.mjs";
import { decode, encode } from "./embedding.mjs";
import { fromResidues, inverse, largestPrimes, modulo, power, product } from "./integers.mjs";
import { bitReversed, combine, drop, interpolate, minimalRoot, multiply, residues } from "./polynomials.mjs";
import { gaussian, seedOf, ternary, uniform } from "./randomness.mjs";
import { Scheme } from "./scheme.mjs";

export function large() {
  return {
    cases: [
      largeCase("three digits of one prime", {
        n: 1024,
        slots: 512,
        widths: [1, 1, 1],
        specials: 1,
        digitPrimes: 1,
        baseScaleBits: 24,
      }),
      largeCase("digits of two primes and one", {
        n: 1024,
        slots: 512,
        widths: [1, 1, 1],
        specials: 2,
        digitPrimes: 2,
        baseScaleBits: 24,
      }),
      largeCase("one digit of three primes", {
        n: 1024,
        slots: 512,
        widths: [1, 1, 1],
        specials: 3,
        digitPrimes: 3,
        baseScaleBits: 24,
      }),
      largeCase("a base of two primes, a level of two", {
        n: 2048,
        slots: 8,
        widths: [2, 1, 2],
        specials: 3,
        digitPrimes: 2,
        baseScaleBits: 25,
      }),
    ],
  };
}

/** Streams of a seed, see README.md. */
const PUBLIC = 0;
const CIPHERTEXT = 1;
const RELINEARIZATION = 2;

function largeCase(what, { n, slots, widths, specials, digitPrimes, baseScaleBits }) {
  const primes = largestPrimes(specials + widths.reduce((a, b) => a + b), 30);
  const special = primes.splice(0, specials);
  const setting = new Scheme({ n, levels: widths.map((width) => primes.splice(0, width)), special, digitPrimes });
  const scales = [2 ** baseScaleBits];
  for (const level of setting.levels.slice(1)) scales.push(Math.sqrt(scales.at(-1) * Number(product(level))));
  const level = setting.top;
  const q = setting.primesAt();
  const all = [...q, ...special];
  const seed = (name) => seedOf(`${what}: ${name}`);
  const hash = (poly, of = q) => sha256(residues(poly, of).flat());
  const hashes = (parts, of) => parts.map((part) => hash(part, of));

  const secretSeed = seed("secret");
  const s = ternary(n, secretSeed);

  // Keys: their uniform halves are what the seed gives over 2^32; where a product is switched, over 2^64 modulo a digit's own primes.
  const keySeed = seed("evaluation keys");
  const makeKey = (name, stream, own, make) => {
    const digits = setting.digitsAt();
    const factors = digits.map((digit) => all.map((p) => (digit.includes(p) ? own : 1)));
    const a = digits.map((_, d) =>
      fromNttValues(n, all, (p, i) => scaled(uniform(n, p, keySeed, stream, d), p, 32 * factors[d][i])),
    );
    const errorSeeds = digits.map((_, d) => seed(`${name} error ${d}`));
    const key = make(
      a,
      errorSeeds.map((e) => gaussian(n, e)),
    );
    const written = key.map((digit, d) => ({ errorSeed: errorSeeds[d], a: hash(digit.a, all), b: hash(digit.b, all) }));
    return { key, written };
  };
  const square = multiply(s, s, product(all));
  const relinearization = makeKey("relinearization", RELINEARIZATION, 2, (a, e) =>
    setting.switchingKey(square, s, a, e),
  );
  const rotations = [1, 5, n / 2 - 1].map((steps) => ({
    steps,
    element: Number(power(5n, BigInt(steps), BigInt(2 * n))),
  }));
  const automorphisms = [...rotations, { steps: "conjugate", element: 2 * n - 1 }].map(({ steps, element }) => {
    const { key, written } = makeKey(`galois ${element}`, element, 1, (a, e) => setting.galoisKey(s, element, a, e));
    return { steps, element, key, written };
  });

  const [publicSeed, publicErrorSeed] = [seed("public key"), seed("public key error")];
  const publicPrimes = setting.publicPrimes();
  const publicA = fromNttValues(n, publicPrimes, (p) => scaled(uniform(n, p, publicSeed, PUBLIC, 0), p, 32));
  const publicKey = setting.publicKey(s, publicA, gaussian(n, publicErrorSeed));

  const messages = ["x", "y"].map((name) => {
    const valuesSeed = seed(`values ${name}`);
    const coefficients = encode(slotValues(valuesSeed, slots), scales[level], n);
    return { coefficients, written: { valuesSeed, residues: hash(coefficients) } };
  });
  const [mx, my] = messages.map(({ coefficients }) => coefficients);

  const x = (() => {
    const [uniformSeed, errorSeed] = [seed("x uniform"), seed("x error")];
    const a = fromNttValues(n, q, (p) => uniform(n, p, uniformSeed, CIPHERTEXT, 0));
    const parts = setting.encryptSecret(mx, s, a, gaussian(n, errorSeed));
    return { parts, written: { by: "secret key", uniformSeed, errorSeed, parts: hashes(parts) } };
  })();
  const y = (() => {
    const [ephemeralSeed, ...errorSeeds] = [seed("y ephemeral"), seed("y error 0"), seed("y error 1")];
    const parts = setting.encryptPublic(
      my,
      publicKey,
      ternary(n, ephemeralSeed),
      errorSeeds.map((e) => gaussian(n, e)),
    );
    return { parts, written: { by: "public key", ephemeralSeed, errorSeeds, parts: hashes(parts) } };
  })();

  const tensor = setting.tensor(x.parts, y.parts);
  const sums = setting.innerProduct(tensor[2], relinearization.key, level, tensor);
  const relinearized = setting.dropSpecial(sums, level);
  const multiplied = setting.dropSpecialAndLevel(sums, level);
  const below = setting.primesAt(level - 1);
  const squareTensor = setting.tensor(multiplied, multiplied, level - 1);
  const squared = setting.dropSpecialAndLevel(
    setting.innerProduct(squareTensor[2], relinearization.key, level - 1, squareTensor),
    level - 1,
  );
  const byPlain = x.parts.map((part) => multiply(part, my, product(q)));
  const decrypted = setting.phase(multiplied, s, level - 1);
  const decoded = decode(decrypted, scales[level - 1], slots);

  return {
    what,
    n,
    slots,
    levels: setting.levels,
    special,
    digitPrimes,
    scales,
    secret: { seed: secretSeed, residues: hash(s, all) },
    publicKey: {
      seed: publicSeed,
      errorSeed: publicErrorSeed,
      a: hash(publicA, publicPrimes),
      b: hash(publicKey.b, publicPrimes),
    },
    evaluationKeys: {
      seed: keySeed,
      relinearization: relinearization.written,
      galois: automorphisms.map(({ steps, element, written }) => ({ steps, element, digits: written })),
    },
    messages: { x: messages[0].written, y: messages[1].written },
    x: x.written,
    y: y.written,
    results: {
      "x + y": hashes(
        x.parts.map((part, i) =>
          combine(
            [
              [1n, part],
              [1n, y.parts[i]],
            ],
            product(q),
          ),
        ),
      ),
      tensor: hashes(tensor),
      relinearized: hashes(relinearized),
      "rescaled after it": hashes(setting.rescale(relinearized, level), below),
      product: hashes(multiplied, below),
      "product by the message y": hashes(setting.rescale(byPlain, level), below),
      "square of the product": hashes(squared, setting.primesAt(level - 2)),
      automorphisms: automorphisms.map(({ steps, element, key }) => ({
        steps,
        parts: hashes(setting.applyGalois(x.parts, element, key, level)),
      })),
      lowered: lowered(setting, x.parts, scales, hashes),
    },
    decryptedProduct: { sha256: hash(decrypted, below), first: decrypted.slice(0, 4), slots: firstSlots(decoded) },
  };
}

/** To the level below at its scale: times Δ_to·D/Δ_from, a whole number, and without the level's primes, whose product is D. */
function lowered(setting, parts, scales, hashes) {
  const level = setting.top;
  const q = setting.primesAt();
  const dropped = setting.levels[level];
  const factor = BigInt(
    Math.round((scales[level - 1] / scales[level]) * dropped.map(Number).reduce((a, b) => a * b, 1)),
  );
  const scaledParts = parts.map((part) => combine([[factor, part]], product(q)));
  return {
    factor,
    parts: hashes(
      scaledParts.map((part) => drop(part, product(q), dropped)),
      setting.primesAt(level - 1),
    ),
  };
}

function firstSlots({ real, imaginary }) {
  return { real: real.slice(0, 4), imaginary: imaginary.slice(0, 4) };
}

/** Over 2^bits modulo p. */
function scaled(values, p, bits) {
  const factor = inverse(power(2n, BigInt(bits), p), p);
  return values.map((x) => modulo(x * factor, p));
}

/** The polynomial with given NTT values, in bit-reversed order, modulo each prime. */
function fromNttValues(n, primes, valuesOf) {
  return fromResidues(
    primes.map((p, i) => interpolate(bitReversed(valuesOf(p, i)), minimalRoot(n, p), p)),
    primes,
  );
}
