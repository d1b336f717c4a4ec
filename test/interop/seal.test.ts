import { afterAll, describe, expect, test } from "vitest";
import * as seal from "../../src/ckks/formats/seal.js";
import {
  type Ciphertext,
  type ComplexVector,
  Encryptor,
  Evaluator,
  KeyHolder,
  Randomness,
  Ring,
  SecretKey,
} from "../../src/ckks/index.js";
import { openDevice } from "../../src/index.js";
import { wordStream } from "../seed.js";
import { Stranger, save, worst } from "./node-seal.js";

/** N = 2^13, five levels, a base of two primes: 128 bits here and in SEAL's table. */
const parameters = seal.chooseParameters({ depth: 4 });
const { slots, maxLevel } = parameters;
const device = await openDevice("cpu");
const ring = Ring.of(device, parameters);
afterAll(() => device.close());

/** In SEAL's order. */
const [x, y] = [1, 2].map((stream) => {
  const next = wordStream(stream);
  return Float64Array.from({ length: slots }, () => next() / 2 ** 31 - 1);
});
const zeros = new Float64Array(slots);
const rotatedProduct = (steps: number) =>
  x.map((_, i) => x[(i + steps + slots) % slots] * y[(i + steps + slots) % slots]);

/** SEAL's key is ours, and ours SEAL's: who made it is the first argument. */
const theirs = new Stranger(parameters);
const ofTheirs = KeyHolder.from(await seal.readSecretKey(save(theirs.secretKey), ring));
const ours = await makeOurs();
const seed = Randomness.seededUnsafe(2);

async function makeOurs(): Promise<{ holder: KeyHolder; stranger: Stranger }> {
  const key = await SecretKey.generate(ring, Randomness.seededUnsafe(1));
  const holder = KeyHolder.from(key);
  const files = {
    secret: await seal.writeUnprotectedSecretKey(key),
    public: await seal.writePublicKey(holder.publicKey),
  };
  return { holder, stranger: new Stranger(parameters, files) };
}

/** Not `toEqual`, which takes seconds for a megabyte. */
function expectSame(a: Uint8Array, b: Uint8Array): void {
  expect(Buffer.compare(a, b)).toBe(0);
}

/** The values of a ciphertext of ours, in SEAL's order. */
async function valuesOf(holder: KeyHolder, ciphertext: Ciphertext): Promise<ComplexVector> {
  return seal.toSealOrder(await holder.decryptComplex(ciphertext));
}

const read = (holder: KeyHolder, bytes: Uint8Array) => seal.readCiphertext(bytes, ring, holder.fingerprint);

/** Fresh ciphertexts of N = 2^13 at 2^30 err by 2^−17 at most; SEAL's rotation, whose digits are not centred, by 2^−9.5. */
const FRESH = 2 ** -14;
const PRODUCT = 2 ** -11;
const SEALS_ROTATION = 2 ** -7;

describe.each([
  ["a key that SEAL made", theirs, ofTheirs],
  ["a key that blindsight made", ours.stranger, ours.holder],
] as const)("with %s", (_, stranger, holder) => {
  const keys = () => {
    const { steps, conjugate } = seal.rotationOf(-3, slots);
    expect(conjugate).toBe(true);
    return holder.evaluationKeys({ rotations: [steps], conjugate: true });
  };

  test("SEAL decrypts what blindsight encrypted, multiplied and rotated", async () => {
    using evaluationKeys = keys();
    const he = new Evaluator(device, parameters, evaluationKeys);
    const encryptor = new Encryptor(holder.publicKey, seed);
    using a = encryptor.encrypt(seal.fromSealOrder(x));
    using b = holder.encrypt(seal.fromSealOrder(y));
    using product = he.multiply(a, b);
    const { steps } = seal.rotationOf(-3, slots);
    using rotated = he.rotate(product, steps);
    using conjugated = he.conjugate(rotated);
    for (const compression of ["none", "zlib"] as const) {
      for (const [ciphertext, expected] of [
        [a, x],
        [b, y],
        [product, rotatedProduct(0)],
        [rotated, rotatedProduct(-3)],
        [conjugated, rotatedProduct(-3)],
      ] as const) {
        const found = stranger.decrypt(await seal.writeCiphertext(ciphertext, compression));
        expect(worst(found, expected)).toBeLessThan(ciphertext.level === maxLevel ? FRESH : PRODUCT);
      }
    }
  });

  test("blindsight decrypts what SEAL encrypted, multiplied and rotated, and has the values that SEAL has", async () => {
    const scale = parameters.scaleAt(maxLevel);
    const [a, b] = [stranger.encrypt(x, scale), stranger.encryptSymmetric(y, scale)];
    const product = stranger.multiply(a, b);
    const rotated = stranger.rotate(stranger.rotate(product, 1), 2);
    const cases = [
      [a, maxLevel, x, FRESH],
      [b, maxLevel, y, FRESH],
      [stranger.rotate(a, -3), maxLevel, x.map((_, i) => x[(i - 3 + slots) % slots]), SEALS_ROTATION],
      [product, maxLevel - 1, rotatedProduct(0), PRODUCT],
      [rotated, maxLevel - 1, rotatedProduct(3), SEALS_ROTATION],
      [stranger.multiply(product, product), maxLevel - 2, rotatedProduct(0).map((z) => z * z), PRODUCT],
    ] as const;
    for (const [object, level, expected, bound] of cases) {
      for (const compression of ["none", "zlib"] as const) {
        const bytes = save(object, compression);
        using ciphertext = read(holder, bytes);
        expect(ciphertext).toMatchObject({ level, state: "canonical", slots });
        const { real, imaginary } = await valuesOf(holder, ciphertext);
        expect(worst(real, expected)).toBeLessThan(bound);
        expect(worst(imaginary, zeros)).toBeLessThan(bound);
        // The same residues: only the two FFTs differ.
        expect(worst(real, stranger.decrypt(bytes))).toBeLessThan(2 ** -40);
      }
    }
  });

  test("they take turns: SEAL encrypts, blindsight multiplies and rotates, SEAL multiplies and rotates, blindsight decrypts", async () => {
    using evaluationKeys = keys();
    const he = new Evaluator(device, parameters, evaluationKeys);
    using a = read(holder, save(stranger.encrypt(x, parameters.scaleAt(maxLevel))));
    using plain = he.encoder.encode(seal.fromSealOrder(y), maxLevel);
    using product = he.multiply(a, plain);
    using rotated = he.rotate(product, seal.rotationOf(-3, slots).steps);
    const inSeal = stranger.load("CipherText", await seal.writeCiphertext(rotated));
    const bytes = save(stranger.rotate(stranger.multiply(inSeal, inSeal), 2));
    using back = read(holder, bytes);
    expect(back.level).toBe(maxLevel - 2);
    const { real } = await valuesOf(holder, back);
    expect(
      worst(
        real,
        rotatedProduct(-1).map((z) => z * z),
      ),
    ).toBeLessThan(SEALS_ROTATION);
  });

  test("ciphertexts of three parts, and those at the square of a scale, go both ways", async () => {
    using evaluationKeys = keys();
    const he = new Evaluator(device, parameters, evaluationKeys);
    const scale = parameters.scaleAt(maxLevel);
    const tensor = stranger.tensor(stranger.encrypt(x, scale), stranger.encrypt(y, scale));
    using three = read(holder, save(tensor));
    expect(three).toMatchObject({ level: maxLevel, state: "product" });
    expect(three.parts.length).toBe(3);
    using two = read(holder, save(stranger.relinearize(tensor)));
    expect(two).toMatchObject({ level: maxLevel, state: "product" });
    using relinearized = he.relinearize(three);
    using rescaled = he.rescale(relinearized);
    for (const ciphertext of [three, two, relinearized, rescaled]) {
      const { real } = await valuesOf(holder, ciphertext);
      expect(worst(real, rotatedProduct(0))).toBeLessThan(PRODUCT);
      const bytes = await seal.writeCiphertext(ciphertext);
      expect(worst(stranger.decrypt(bytes), rotatedProduct(0))).toBeLessThan(PRODUCT);
      using again = read(holder, bytes);
      expect(again).toMatchObject({ level: ciphertext.level, state: ciphertext.state });
      expectSame(await seal.writeCiphertext(again), bytes);
    }
  });

  test("SEAL goes on with what blindsight wrote at every level", async () => {
    for (let level = 1; level <= maxLevel; level++) {
      using a = holder.encrypt(seal.fromSealOrder(x), { level });
      const inSeal = stranger.load("CipherText", await seal.writeCiphertext(a));
      using b = read(holder, save(stranger.multiply(inSeal, inSeal)));
      expect(b).toMatchObject({ level: level - 1, state: "canonical" });
      expect(
        worst(
          (await valuesOf(holder, b)).real,
          x.map((z) => z * z),
        ),
      ).toBeLessThan(PRODUCT);
    }
  });
});

test("seeds: what SEAL encrypts with the secret key, and public keys, may come with one", async () => {
  const object = theirs.encryptSeeded(x, parameters.scaleAt(maxLevel));
  for (const compression of ["none", "zlib"] as const) {
    const bytes = save(object, compression);
    using ciphertext = read(ofTheirs, bytes);
    expect(worst((await valuesOf(ofTheirs, ciphertext)).real, x)).toBeLessThan(FRESH);
    // SEAL expands it, too, and saves all of it.
    expectSame(await seal.writeCiphertext(ciphertext), save(theirs.load("CipherText", bytes)));
  }
  const key = seal.readPublicKey(save(theirs.seededPublicKey()), ring, ofTheirs.fingerprint);
  using encrypted = new Encryptor(key, seed).encrypt(seal.fromSealOrder(y));
  expect(worst((await valuesOf(ofTheirs, encrypted)).real, y)).toBeLessThan(FRESH);
});

test("a public key of SEAL's encrypts here for SEAL", async () => {
  using key = seal.readPublicKey(save(theirs.publicKey), ring, ofTheirs.fingerprint);
  using encrypted = new Encryptor(key, seed).encrypt(seal.fromSealOrder(x), { level: 2 });
  expect(worst(theirs.decrypt(await seal.writeCiphertext(encrypted)), x)).toBeLessThan(FRESH);
  expectSame(await seal.writePublicKey(key), save(theirs.publicKey));
  expect(key.packedBytes).toBe(key.a.packedBytes + key.b.packedBytes);
});

test("a secret key comes back as the same bytes, and has the name of a public key of its own", async () => {
  const bytes = save(theirs.secretKey);
  for (const compression of ["none", "zlib"] as const) {
    using key = await seal.readSecretKey(save(theirs.secretKey, compression), ring);
    expect(key.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expectSame(await seal.writeUnprotectedSecretKey(key), bytes);
  }
});

test("plaintexts go both ways, at the scale of their level", async () => {
  for (let level = 0; level <= maxLevel; level++) {
    using keys = ofTheirs.evaluationKeys({ relinearize: false });
    const he = new Evaluator(device, parameters, keys);
    using plain = he.encoder.encode(seal.fromSealOrder(x), level);
    const bytes = await seal.writePlaintext(plain, "zlib");
    expect(worst(theirs.decode(bytes), x)).toBeLessThan(2 ** -20);
    using back = seal.readPlaintext(bytes, ring);
    expectSame(await seal.writePlaintext(back), await seal.writePlaintext(plain));
    using a = ofTheirs.encrypt(seal.fromSealOrder(y), { level });
    using sum = he.add(a, back);
    expect(
      worst(
        (await valuesOf(ofTheirs, sum)).real,
        x.map((_, i) => x[i] + y[i]),
      ),
    ).toBeLessThan(FRESH);
  }
  const top = theirs.encode(x, parameters.scaleAt(maxLevel));
  using plain = seal.readPlaintext(save(top), ring);
  expectSame(await seal.writePlaintext(plain), save(top));
});
