import { afterAll, expect, test } from "vitest";
import { collect } from "../../../src/bytes/stream.js";
import * as seal from "../../../src/ckks/formats/seal.js";
import {
  EvaluationKeys,
  Evaluator,
  KeyHolder,
  linearTransform,
  Randomness,
  Residency,
} from "../../../src/ckks/index.js";
import { MissingKeyError, ParameterError } from "../../../src/errors.js";
import { openDevice } from "../../../src/index.js";
import { resealed } from "./resealed.js";
import { parameters, values } from "./stored.js";

const device = await openDevice("cpu", { threads: 1 });
afterAll(() => device.close());
const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(91));
/** A key for products that reaches less far than its rotation's. */
const keys = holder.evaluationKeys({ rotations: [1, 2], productRotations: new Map([[1, 2], [2, 1], [8 * 64, 2]]) }); // biome-ignore format: a map
const [x, diagonal] = [0, 1].map(() => holder.encrypt(values, { slots: 8 }));
const results = async (from: EvaluationKeys) => {
  const he = new Evaluator(device, parameters, from);
  const bytes: Uint8Array[] = [];
  for (const giant of [1, 2]) {
    using y = linearTransform(he, x, { groups: [{ giant, terms: [{ baby: 0, diagonal }] }] });
    bytes.push(await y.toBytes());
  }
  return bytes;
};
const wanted = await results(keys);

test("are named by their element, beside the rotation's, and are as large", () => {
  expect([...keys.levels]).toEqual([[undefined, 2], [5, 2], [25, 2], ["product-5", 2], ["product-25", 1]]); // biome-ignore format: a map
  expect([...keys.galois.keys()]).toEqual([5, 25]);
  expect(keys.key("product-5")).toMatchObject({ element: 5, level: 2 });
  const files = keys.files();
  expect(files.map(({ name }) => name)).toEqual([
    "relinearization",
    "galois-5",
    "galois-25",
    "product-5",
    "product-25",
  ]);
  expect(files[3].bytes).toBe(files[1].bytes);
  expect(files[4].bytes).toBeLessThan(files[3].bytes);
  // 8·N bytes for each digit and prime.
  const primes = parameters.primesAt(2).length + parameters.special.length;
  using alone = holder.evaluationKeys({ relinearize: false, productRotations: [1] });
  expect(alone.bytes).toBe(8 * 2 ** parameters.logN * parameters.dnum * primes);
});

test("no two halves a are one: neither of a rotation and its product, nor of two elements", async () => {
  const halves = await Promise.all(
    keys.all.map(async (key) => {
      const { a } = key.digits[0];
      const [words] = await device.read(parameters.logN, a.limbs.slice(-1));
      return Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString("hex");
    }),
  );
  expect(new Set(halves).size).toBe(5);
});

test("compute from their files, together or one by one, what they computed", async () => {
  const bytes = await keys.toBytes();
  expect(bytes.length).toBe(keys.packedBytes);
  using back = await EvaluationKeys.fromBytes(bytes, device);
  expect(await back.toBytes()).toEqual(bytes);
  expect(await results(back)).toEqual(wanted);
  const files = await Promise.all(keys.files().map(({ chunks }) => collect(chunks())));
  const read = () => Promise.all(files.map((file) => EvaluationKeys.fromBytes(file, device)));
  using joined = EvaluationKeys.join((await read()).reverse());
  using again = EvaluationKeys.join(await read());
  expect(await joined.toBytes()).toEqual(await again.toBytes());
  expect([...joined.levels.keys()]).toEqual([undefined, 5, "product-5", 25, "product-25"]);
  expect(await results(joined)).toEqual(wanted);
});

test("compute the same from outside of the device's memory", async () => {
  const residencies = [new Residency(0), new Residency(0)];
  const bytes = await keys.toBytes();
  using read = await EvaluationKeys.fromBytes(bytes, device, { residency: residencies[0] });
  const mine = await EvaluationKeys.fromBytes(bytes, device);
  using paged = await mine.page(residencies[1]);
  for (const [i, one] of [read, paged].entries()) {
    expect(await results(one)).toEqual(wanted);
    expect(residencies[i].bytesInside).toBe(0);
  }
});

test("twice the same is refused, and so is a use that is not known here", async () => {
  using one = holder.evaluationKeys({ relinearize: false, productRotations: [4] });
  using other = holder.evaluationKeys({ relinearize: false, productRotations: [4] });
  using rotation = holder.evaluationKeys({ relinearize: false, rotations: [4] });
  expect(() => EvaluationKeys.join([one, other])).toThrow(ParameterError);
  using both = EvaluationKeys.join([one, rotation]);
  expect(both.all).toHaveLength(2);
  const [file] = await Promise.all(other.files().map(({ chunks }) => collect(chunks())));
  const at = 16 + parameters.canonicalBytes().length + 32 + 32 + 4;
  expect(file[at]).toBe(2);
  const [old] = await Promise.all(both.files().map(({ chunks }) => collect(chunks())));
  expect(old[at]).toBe(1);
  for (const use of [3, 255]) {
    const strange = resealed(file, (copy) => copy.fill(use, at, at + 1));
    await expect(EvaluationKeys.fromBytes(strange, device)).rejects.toThrow("holds a key from what is not known here");
  }
});

test("SEAL has none: its files hold the others", async () => {
  const theirs = seal.chooseParameters({ depth: 1, logN: 13 });
  using one = await KeyHolder.create(device, theirs, Randomness.seededUnsafe(5));
  using made = one.evaluationKeys({ elements: [3], productRotations: [1] });
  const files = { relinKeys: await seal.writeRelinKeys(made), galoisKeys: await seal.writeGaloisKeys(made) };
  using read = seal.readEvaluationKeys(files, one.ring, one.fingerprint);
  expect([...read.levels.keys()]).toEqual([undefined, 3]);
  using none = one.evaluationKeys({ productRotations: [1] });
  await expect(seal.writeGaloisKeys(none)).rejects.toThrow(MissingKeyError);
});
