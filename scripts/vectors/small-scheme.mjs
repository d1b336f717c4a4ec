// encryption.json, key-switching.json, operations.json: the scheme at N = 16, every polynomial written out.
import { fromResidues, product } from "./integers.mjs";
import { automorphism, bitReversed, combine, evaluate, minimalRoot, multiply, residues } from "./polynomials.mjs";
import { gaussian, seedOf, ternary, uniform } from "./randomness.mjs";
import { Scheme } from "./scheme.mjs";

const N = 16;
/** Uniform coefficients modulo the product of `primes`. */
function draw(label, primes) {
  return fromResidues(
    primes.map((p) => uniform(N, p, seedOf(label), 0, 0)),
    primes,
  );
}

const small = (label) => gaussian(N, seedOf(label));
const trit = (label) => ternary(N, seedOf(label));

export function keySwitching() {
  const settings = [1, 2, 3].map((k) => new Scheme({ n: N, widths: [1, 1, 1], specials: k, digitPrimes: k }));
  return { cases: settings.map((setting) => keySwitchingCase(setting, `switch ${setting.digitPrimes}`)) };
}

function keySwitchingCase(setting, label) {
  const { levels, special, digitPrimes } = setting;
  const primes = [...setting.primesAt(), ...special];
  const [v, w] = [trit(`${label} v`), trit(`${label} w`)];
  const count = setting.digitsAt().length;
  const errors = Array.from({ length: count }, (_, d) => small(`${label} e ${d}`));
  const uniforms = errors.map((_, d) => draw(`${label} a ${d}`, primes));
  const key = setting.switchingKey(v, w, uniforms, errors);
  const digits = key.map(({ a, b }, d) => ({
    primes: setting.digitsAt()[d],
    error: errors[d],
    a: residues(a, primes),
    b: residues(b, primes),
  }));
  const switches = [setting.top, setting.top - 1].map((level) => {
    const ofLevel = setting.primesAt(level);
    const q = product(ofLevel);
    const c = draw(`${label} c ${level}`, ofLevel);
    const sums = setting.innerProduct(c, key, level);
    const [r0, r1] = setting.dropSpecial(sums, level);
    const error = combine(q, [1n, r0], [1n, multiply(r1, w, q)], [-1n, multiply(c, v, q)]);
    const noise = Math.max(...error.map((x) => Number(2n * x > q ? q - x : x)));
    return {
      level,
      input: residues(c, ofLevel),
      digits: setting.decompose(c, level),
      sums: sums.map((part) => residues(part, [...ofLevel, ...special])),
      output: [r0, r1].map((part) => residues(part, ofLevel)),
      noise,
    };
  });
  return { n: N, dnum: key.length, levels, special, digitPrimes, v, w, key: digits, switches };
}

export function encryption() {
  const setting = new Scheme({ n: N, widths: [1, 1], specials: 1, digitPrimes: 1 });
  const primes = setting.primesAt();
  const s = trit("encryption s");
  const message = small("encryption message").map((x, i) => x * 2n ** 20n + BigInt(i));
  const errors = small("encryption e");
  const a = draw("encryption a", primes);
  const bySecret = setting.encryptSecret(message, s, a, errors);
  const keyError = small("encryption key e");
  const publicPrimes = setting.publicPrimes();
  const key = setting.publicKey(s, draw("encryption key a", publicPrimes), keyError);
  const u = trit("encryption u");
  const noise = [small("encryption e0"), small("encryption e1")];
  const byPublic = setting.encryptPublic(message, key, u, noise);
  const write = (parts) => parts.map((part) => residues(part, primes));
  return {
    n: N,
    primes,
    secret: s,
    message,
    secretKey: {
      a: residues(a, primes),
      error: errors,
      ciphertext: write(bySecret),
      decrypted: setting.phase(bySecret, s),
    },
    publicKey: {
      primes: publicPrimes,
      a: residues(key.a, publicPrimes),
      error: keyError,
      b: residues(key.b, publicPrimes),
      u,
      errors: noise,
      sums: setting.maskPublic(message, key, u, noise).map((part) => residues(part, publicPrimes)),
      ciphertext: write(byPublic),
      decrypted: setting.phase(byPublic, s),
    },
  };
}

export function operations() {
  const onePrime = new Scheme({ n: N, widths: [1, 1, 1], specials: 2, digitPrimes: 2 });
  const twoPrimes = new Scheme({ n: N, widths: [1, 2], specials: 3, digitPrimes: 2 });
  return { cases: [operationsCase(onePrime, "one prime"), operationsCase(twoPrimes, "two primes")] };
}

function operationsCase(setting, label) {
  const { levels, special, digitPrimes } = setting;
  const level = setting.top;
  const primes = setting.primesAt();
  const all = [...primes, ...special];
  const q = product(primes);
  const s = trit(`${label} s`);
  const uniforms = (name) => setting.digitsAt().map((_, d) => draw(`${label} ${name} a ${d}`, all));
  const errors = (name) => setting.digitsAt().map((_, d) => small(`${label} ${name} e ${d}`));
  const writeKey = (key, e) => key.map(({ a, b }, d) => ({ error: e[d], a: residues(a, all), b: residues(b, all) }));
  const write = (parts, to = primes) => parts.map((part) => residues(part, to));

  const message = (name) => small(`${label} ${name}`).map((x, i) => x * 2n ** 22n + BigInt(i));
  const [mx, my] = [message("x"), message("y")];
  const noise = { x: small(`${label} error x`), y: small(`${label} error y`) };
  const x = setting.encryptSecret(mx, s, draw(`${label} uniform x`, primes), noise.x);
  const y = setting.encryptSecret(my, s, draw(`${label} uniform y`, primes), noise.y);

  const keyErrors = errors("relinearization");
  const square = multiply(s, s, q * setting.p);
  const relinearization = setting.switchingKey(square, s, uniforms("relinearization"), keyErrors);
  const tensor = setting.tensor(x, y);
  const sums = setting.innerProduct(tensor[2], relinearization, level, tensor);
  const relinearized = setting.dropSpecial(sums, level);
  const output = setting.dropSpecialAndLevel(sums, level);

  const galoisKeys = [];
  const galois = [
    ["rotation by 1", 5],
    ["rotation by 3", 125 % (2 * N)],
    ["conjugation", 2 * N - 1],
  ].map(([what, element]) => {
    const e = errors(what);
    const key = setting.galoisKey(s, element, uniforms(what), e);
    galoisKeys.push(key);
    const moved = setting.applyGalois(x, element, key, level);
    return {
      what,
      element,
      inverse: setting.inverseElement(element),
      key: writeKey(key, e),
      output: write(moved),
      decrypted: setting.phase(moved, s),
    };
  });
  const productErrors = errors("product rotation");
  const productKey = setting.productKey(s, 5, uniforms("product rotation"), productErrors);
  const rotated = setting.rotateProduct(tensor, 5, galoisKeys[0], productKey, level);
  return {
    n: N,
    levels,
    special,
    digitPrimes,
    secret: s,
    messages: { x: mx, y: my },
    errors: noise,
    x: write(x),
    y: write(y),
    product: {
      key: writeKey(relinearization, keyErrors),
      tensor: write(tensor),
      sums: write(sums, all),
      relinearized: write(relinearized),
      rescaled: write(setting.rescale(relinearized, level), setting.primesAt(level - 1)),
      output: write(output, setting.primesAt(level - 1)),
      decrypted: setting.phase(output, s, level - 1),
    },
    galois,
    rotatedProduct: {
      element: 5,
      key: writeKey(productKey, productErrors),
      sums: write(rotated, all),
      output: write(setting.dropSpecial(rotated, level)),
      decrypted: setting.phase(setting.dropSpecial(rotated, level), s),
    },
    permutation: permutation(x[0], primes[0]),
  };
}

/** An automorphism on NTT values moves them: none is computed. */
function permutation(poly, prime) {
  const root = minimalRoot(N, prime);
  const values = (a) => bitReversed(evaluate(a, root, prime));
  return { prime, root, element: 5, input: values(poly), output: values(automorphism(poly, 5)) };
}
