// large.json: the scheme at N = 2^10 and 2^11, from seeds to SHA-256 of every result.
import { sha256, slotValues } from "./building-blocks.mjs";
import { decode, encode } from "./embedding.mjs";
import { fromResidues, power, product } from "./integers.mjs";
import { bitReversed, combine, drop, interpolate, minimalRoot, multiply, residues } from "./polynomials.mjs";
import { gaussian, seedOf, ternary, uniform } from "./randomness.mjs";
import { Scheme } from "./scheme.mjs";

const FULL = { n: 1024, slots: 512, widths: [1, 1, 1], baseScaleBits: 24 };
const WIDE = { n: 2048, slots: 8, widths: [2, 1, 2], baseScaleBits: 25 };

export function large() {
  const cases = [
    new LargeCase("three digits of one prime", { ...FULL, specials: 1, digitPrimes: 1 }),
    new LargeCase("digits of two primes and one", { ...FULL, specials: 2, digitPrimes: 2 }),
    new LargeCase("one digit of three primes", { ...FULL, specials: 3, digitPrimes: 3 }),
    new LargeCase("a base of two primes, a level of two", { ...WIDE, specials: 3, digitPrimes: 2 }),
  ];
  return { cases: cases.map((one) => one.written()) };
}

/** Streams of a seed, see README.md. */
const PUBLIC = 0;
const CIPHERTEXT = 1;
const RELINEARIZATION = 2;

class LargeCase {
  constructor(what, { n, slots, baseScaleBits, ...shape }) {
    const setting = new Scheme({ n, ...shape });
    const scales = [2 ** baseScaleBits];
    for (const level of setting.levels.slice(1)) scales.push(Math.sqrt(scales.at(-1) * Number(product(level))));
    Object.assign(this, { what, n, slots, setting, scales, top: setting.top, q: setting.primesAt() });
    this.all = [...this.q, ...setting.special];
    this.secret = ternary(n, this.seed("secret"));
  }

  seed(name) {
    return seedOf(`${this.what}: ${name}`);
  }

  error(name) {
    return gaussian(this.n, this.seed(name));
  }

  hash(poly, primes = this.q) {
    return sha256(residues(poly, primes).flat());
  }

  hashes(parts, primes) {
    return parts.map((part) => this.hash(part, primes));
  }

  /** The polynomial whose NTT values, in bit-reversed order, are what the seed gives. */
  uniform(seedName, stream, digit, primes) {
    const { n } = this;
    const coefficients = (p) => {
      const values = uniform(n, p, this.seed(seedName), stream, digit);
      return interpolate(bitReversed(values), minimalRoot(n, p), p);
    };
    return fromResidues(primes.map(coefficients), primes);
  }

  /** A switching key and how it is written. */
  key(name, stream, make) {
    const digits = this.setting.digitsAt();
    const names = digits.map((_, d) => `${name} error ${d}`);
    const uniforms = digits.map((_, d) => this.uniform("evaluation keys", stream, d, this.all));
    const errors = names.map((error) => this.error(error));
    const key = make(uniforms, errors);
    const digitsOf = ({ a, b }, d) => ({
      errorSeed: this.seed(names[d]),
      a: this.hash(a, this.all),
      b: this.hash(b, this.all),
    });
    return { key, digits: key.map(digitsOf) };
  }

  relinearizationKey() {
    const square = multiply(this.secret, this.secret, product(this.all));
    return this.key("relinearization", RELINEARIZATION, (a, e) => this.setting.switchingKey(square, this.secret, a, e));
  }

  galoisKeys() {
    const order = BigInt(2 * this.n);
    const rotations = [1, 5, this.n / 2 - 1].map((steps) => [steps, Number(power(5n, BigInt(steps), order))]);
    return [...rotations, ["conjugate", 2 * this.n - 1]].map(([steps, element]) => {
      const make = (a, e) => this.setting.galoisKey(this.secret, element, a, e);
      return { steps, element, ...this.key(`galois ${element}`, element, make) };
    });
  }

  publicKey() {
    const a = this.uniform("public key", PUBLIC, 0, this.setting.publicPrimes());
    return this.setting.publicKey(this.secret, a, this.error("public key error"));
  }

  message(name) {
    return encode(slotValues(this.seed(`values ${name}`), this.slots), this.scales[this.top], this.n);
  }

  encryptSecret(message) {
    const a = this.uniform("x uniform", CIPHERTEXT, 0, this.q);
    return this.setting.encryptSecret(message, this.secret, a, this.error("x error"));
  }

  encryptPublic(message, key) {
    const errors = [this.error("y error 0"), this.error("y error 1")];
    return this.setting.encryptPublic(message, key, ternary(this.n, this.seed("y ephemeral")), errors);
  }

  /** Products by the key at any level below its own, with one rounding. */
  multiply(x, y, { key }, level) {
    const tensor = this.setting.tensor(x, y, level);
    const sums = this.setting.innerProduct(tensor[2], key, level, tensor);
    return { tensor, sums, output: this.setting.dropSpecialAndLevel(sums, level) };
  }

  /** To the level below at its scale: times Δ_to·D/Δ_from, a whole number, and without the level's primes, of product D. */
  lowered(parts) {
    const { setting, scales, top } = this;
    const ratio = scales[top - 1] / scales[top];
    const factor = BigInt(Math.round(setting.levels[top].reduce((x, p) => x * Number(p), ratio)));
    const m = product(this.q);
    const lower = parts.map((part) => drop(combine(m, [factor, part]), m, setting.levels[top]));
    return { factor, parts: this.hashes(lower, setting.primesAt(top - 1)) };
  }

  results(x, y, message, relinearization, galois) {
    const { setting, top } = this;
    const m = product(this.q);
    const below = setting.primesAt(top - 1);
    const { tensor, sums, output } = this.multiply(x, y, relinearization, top);
    const relinearized = setting.dropSpecial(sums, top);
    const byMessage = x.map((part) => multiply(part, message, m));
    const square = this.multiply(output, output, relinearization, top - 1).output;
    const decrypted = setting.phase(output, this.secret, top - 1);
    const { real, imaginary } = decode(decrypted, this.scales[top - 1], this.slots);
    const firstSlots = { real: real.slice(0, 4), imaginary: imaginary.slice(0, 4) };
    return {
      results: {
        "x + y": this.hashes(x.map((part, i) => combine(m, [1n, part], [1n, y[i]]))),
        tensor: this.hashes(tensor),
        relinearized: this.hashes(relinearized),
        "rescaled after it": this.hashes(setting.rescale(relinearized, top), below),
        product: this.hashes(output, below),
        "product by the message y": this.hashes(setting.rescale(byMessage, top), below),
        "square of the product": this.hashes(square, setting.primesAt(top - 2)),
        automorphisms: galois.map(({ steps, element, key }) => {
          return { steps, parts: this.hashes(setting.applyGalois(x, element, key, top)) };
        }),
        lowered: this.lowered(x),
      },
      decryptedProduct: { sha256: this.hash(decrypted, below), first: decrypted.slice(0, 4), slots: firstSlots },
    };
  }

  written() {
    const { what, n, slots, setting, scales } = this;
    const { levels, special, digitPrimes } = setting;
    const publicPrimes = setting.publicPrimes();
    const publicKey = this.publicKey();
    const relinearization = this.relinearizationKey();
    const galois = this.galoisKeys();
    const [mx, my] = [this.message("x"), this.message("y")];
    const x = this.encryptSecret(mx);
    const y = this.encryptPublic(my, publicKey);
    const seed = (name) => this.seed(name);
    return {
      ...{ what, n, slots, levels, special, digitPrimes, scales },
      secret: { seed: seed("secret"), residues: this.hash(this.secret, this.all) },
      publicKey: {
        seed: seed("public key"),
        errorSeed: seed("public key error"),
        a: this.hash(publicKey.a, publicPrimes),
        b: this.hash(publicKey.b, publicPrimes),
      },
      evaluationKeys: {
        seed: seed("evaluation keys"),
        relinearization: relinearization.digits,
        galois: galois.map(({ steps, element, digits }) => ({ steps, element, digits })),
      },
      messages: {
        x: { valuesSeed: seed("values x"), residues: this.hash(mx) },
        y: { valuesSeed: seed("values y"), residues: this.hash(my) },
      },
      x: { uniformSeed: seed("x uniform"), errorSeed: seed("x error"), parts: this.hashes(x) },
      y: {
        ephemeralSeed: seed("y ephemeral"),
        errorSeeds: [seed("y error 0"), seed("y error 1")],
        parts: this.hashes(y),
      },
      ...this.results(x, y, my, relinearization, galois),
    };
  }
}
