import { afterAll, describe, expect, test } from "vitest";
import * as seal from "../../src/ckks/formats/seal.js";
import { KeyHolder, Ring, type SecretKey } from "../../src/ckks/index.js";
import { FormatError, KeyMismatchError, ParameterError } from "../../src/errors.js";
import { openDevice } from "../../src/index.js";
import { wordStream } from "../seed.js";
import { Stranger, save, worst } from "./node-seal.js";

/** N = 2^13; the scales from level 0 on: 2^30, and nearly the same above. */
const parameters = seal.chooseParameters({ depth: 4 });
const { slots, maxLevel } = parameters;
const device = await openDevice("cpu");
const ring = Ring.of(device, parameters);
afterAll(() => device.close());
const stranger = new Stranger(parameters);
const secret: SecretKey = await seal.readSecretKey(save(stranger.secretKey), ring);
const holder = KeyHolder.from(secret);
const next = wordStream(1);
const x = Float64Array.from({ length: slots }, () => next() / 2 ** 31 - 1);

const read = (bytes: Uint8Array) => seal.readCiphertext(bytes, ring, holder.fingerprint);
const lowered = (object: ReturnType<Stranger["encrypt"]>, times: number) =>
  Array.from({ length: times }).reduce((ciphertext) => stranger.modSwitch(ciphertext), object);

describe.each([
  ["2^30 at the top", 2 ** 30, 0, maxLevel - 1],
  ["2^25 at the top", 2 ** 25, 0, maxLevel - 1],
  ["a scale that is no power of two", 1234567890, 0, maxLevel - 1],
  ["2^40: one prime leaves a factor of 2^20, two one of 2^50", 2 ** 40, 0, maxLevel - 2],
  ["the top's scale after SEAL's modulus switching, one level down", parameters.scaleAt(maxLevel), 1, maxLevel - 2],
  ["2^28 at level 1", 2 ** 28, maxLevel - 1, 0],
] as const)("%s", (_, scale, switches, level) => {
  const bytes = save(lowered(stranger.encrypt(x, scale), switches));

  test("becomes a ciphertext at a lower level's own scale, which SEAL takes back", async () => {
    using ciphertext = read(bytes);
    expect(ciphertext).toMatchObject({ level, state: "canonical" });
    const { real } = seal.toSealOrder(await holder.decryptComplex(ciphertext));
    expect(worst(real, x)).toBeLessThan(2 ** -11);
    expect(worst(stranger.decrypt(await seal.writeCiphertext(ciphertext)), real)).toBeLessThan(2 ** -30);
  });

  test("is decrypted as it is", async () => {
    const { real } = seal.toSealOrder(await seal.decryptCiphertext(bytes, secret));
    expect(worst(real, stranger.decrypt(bytes))).toBeLessThan(2 ** -38);
  });
});

test("a foreign scale without a level to spare is a ParameterError that names both, and its values can be had", async () => {
  const bytes = save(lowered(stranger.encrypt(x, 2 ** 27), maxLevel));
  expect(() => read(bytes)).toThrow(ParameterError);
  expect(() => read(bytes)).toThrow("a scale of 2^27.00, level 0 has 2^30.00");
  const { real } = seal.toSealOrder(await seal.decryptCiphertext(bytes, secret));
  expect(worst(real, x)).toBeLessThan(2 ** -11);
});

test("three parts at a foreign scale are a ParameterError that says relinearize", () => {
  const a = stranger.encrypt(x, 2 ** 25);
  expect(() => read(save(stranger.tensor(a, a)))).toThrow(ParameterError);
  using two = read(save(stranger.relinearize(stranger.tensor(a, a))));
  expect(two.level).toBeLessThan(maxLevel);
});

test("below level 0 SEAL goes on, and we do not: other parameters", () => {
  const bytes = save(lowered(stranger.encrypt(x, 2 ** 25), maxLevel + 1));
  expect(() => read(bytes)).toThrow(FormatError);
  expect(() => read(bytes)).toThrow("other parameters");
});

test("plaintexts of a foreign scale are decoded, not taken for others", async () => {
  for (const [scale, switches] of [
    [2 ** 35, 0],
    [2 ** 28, maxLevel],
  ] as const) {
    const object = stranger.encode(x, scale);
    for (let i = 0; i < switches; i++) stranger.modSwitchPlain(object);
    const bytes = save(object, "zlib");
    expect(() => seal.readPlaintext(bytes, ring)).toThrow(ParameterError);
    const { real, imaginary } = seal.toSealOrder(await seal.decodePlaintext(bytes, ring));
    expect(worst(real, x)).toBeLessThan(2 ** -20);
    expect(worst(imaginary, new Float64Array(slots))).toBeLessThan(2 ** -20);
  }
});

test("a ciphertext is the key's whose name it is given", async () => {
  using ciphertext = seal.readCiphertext(save(stranger.encrypt(x, parameters.scaleAt(maxLevel))), ring, "somebody's");
  await expect(holder.decrypt(ciphertext)).rejects.toThrow(KeyMismatchError);
});

test("complex values come to SEAL as they are: the real parts that it decodes are ours", async () => {
  const y = Float64Array.from({ length: slots }, () => next() / 2 ** 31 - 1);
  using ciphertext = holder.encrypt(seal.fromSealOrder({ real: x, imaginary: y }));
  expect(worst(stranger.decrypt(await seal.writeCiphertext(ciphertext)), x)).toBeLessThan(2 ** -14);
});

test("a ciphertext of few slots repeats them, in our order", async () => {
  using ciphertext = holder.encrypt([1, 2, 3, 4], { slots: 4 });
  const { real } = seal.fromSealOrder(stranger.decrypt(await seal.writeCiphertext(ciphertext)));
  expect(
    worst(
      real,
      Float64Array.from({ length: slots }, (_, j) => 1 + (j % 4)),
    ),
  ).toBeLessThan(2 ** -12);
});
