import { afterAll, describe, expect, test } from "vitest";
import { collect } from "../../../src/bytes/stream.js";
import * as seal from "../../../src/ckks/formats/seal.js";
import { EvaluationKeys, Evaluator, KeyHolder, MemoryStore, Randomness, Residency } from "../../../src/ckks/index.js";
import { FormatError, KeyMismatchError, MissingKeyError, ParameterError } from "../../../src/errors.js";
import { openDevice } from "../../../src/index.js";
import { makeAll, parameters } from "./stored.js";

const device = await openDevice("cpu", { threads: 1 });
afterAll(() => device.close());
const { holder, keys, full, seeded } = await makeAll(device);
const results = async (he: Evaluator) => {
  using product = he.multiply(full, full);
  using rotated = he.rotate(seeded, 1);
  using conjugated = he.conjugate(seeded);
  return [await product.toBytes(), await rotated.toBytes(), await conjugated.toBytes()];
};
const wanted = await results(new Evaluator(device, parameters, keys));

describe("evaluation keys one by one", () => {
  test("are files of stated sizes and levels that together compute what all computed", async () => {
    const files = keys.files();
    expect(files.map(({ name }) => name).slice(0, 2)).toEqual(["relinearization", "galois-5"]);
    expect(files.map(({ level }) => level)).toEqual([1, 2, 1, 2]);
    const bytes = await Promise.all(files.map((file) => collect(file.chunks())));
    expect(bytes.map(({ length }) => length)).toEqual(files.map((file) => file.bytes));
    const read = await Promise.all(bytes.reverse().map((file) => EvaluationKeys.fromBytes(file, device)));
    using alone = new Evaluator(device, parameters, await EvaluationKeys.fromBytes(bytes[2], device)).keys;
    expect([...alone.levels]).toEqual([[5, 2]]);
    using joined = EvaluationKeys.join(read);
    expect(() => read[0].requireAlive()).toThrow(TypeError); // taken over
    expect(await results(new Evaluator(device, parameters, joined))).toEqual(wanted);
    expect(await joined.toBytes()).toEqual(await EvaluationKeys.join([joined]).toBytes());
  });

  test("of several seeds are one file, too", async () => {
    const parts = [
      holder.evaluationKeys({ rotations: [1] }),
      holder.evaluationKeys({ relinearize: false, rotations: [2, 3] }),
    ];
    using joined = EvaluationKeys.join(parts);
    const bytes = await joined.toBytes();
    expect(bytes.length).toBe(joined.packedBytes);
    using back = await EvaluationKeys.fromBytes(bytes, device);
    expect(await back.toBytes()).toEqual(bytes);
    const he = new Evaluator(device, parameters, back);
    for (const steps of [1, 2, 3]) {
      using rotated = he.rotate(full, steps);
      const [at] = (await holder.decryptComplex(rotated)).real;
      expect(at).toBeCloseTo((await holder.decryptComplex(full)).real[steps], 3);
    }
  });

  test("go from a file into a store without the device, and back from there", async () => {
    const bytes = await keys.toBytes();
    const residency = new Residency(0, new MemoryStore());
    const before = device.statistics();
    using read = await EvaluationKeys.fromBytes(bytes, device, { residency });
    expect(await read.toBytes()).toEqual(bytes);
    expect(device.statistics()).toEqual(before);
    const parts = await Promise.all(
      read.files().map(async ({ chunks }) => EvaluationKeys.fromBytes(await collect(chunks()), device, { residency })),
    );
    using joined = EvaluationKeys.join(parts);
    expect(await results(new Evaluator(device, parameters, joined))).toEqual(wanted);
    expect(residency.bytesInside).toBe(0);
    // A moved page is the page: what comes in now is what was read.
    expect(await joined.toBytes()).toHaveLength(bytes.length);
    const damaged = bytes.slice();
    damaged[bytes.length - 60] ^= 4;
    const held = residency.store.bytes;
    await expect(EvaluationKeys.fromBytes(damaged, device, { residency })).rejects.toThrow(FormatError);
    expect(residency.store.bytes).toBe(held);
  });

  test("that do not belong together are refused, and stay whole", async () => {
    using stranger = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(3));
    using theirs = stranger.evaluationKeys({ rotations: [2] });
    using mine = holder.evaluationKeys({ relinearize: false, rotations: [2] });
    using twice = holder.evaluationKeys({ relinearize: false, rotations: [2] });
    using paged = await holder.evaluationKeys({ rotations: [4] }).page(new Residency(0));
    expect(() => EvaluationKeys.join([mine, theirs])).toThrow(KeyMismatchError);
    expect(() => EvaluationKeys.join([mine, twice])).toThrow("a key is there twice");
    expect(() => EvaluationKeys.join([mine, paged])).toThrow(ParameterError);
    expect(() => EvaluationKeys.join([])).toThrow("no keys to join");
    expect(() => EvaluationKeys.join([{} as EvaluationKeys])).toThrow(TypeError);
    for (const all of [mine, theirs, twice, paged]) all.requireAlive();
    expect(() => new Evaluator(device, parameters, mine).square(full)).toThrow(MissingKeyError);
  });
});

test("keys and ciphertexts that came from SEAL are files of ours, too: halves that follow from no seed in full", async () => {
  const theirs = seal.chooseParameters({ depth: 1, logN: 13 });
  using one = await KeyHolder.create(device, theirs, Randomness.seededUnsafe(5));
  using made = one.evaluationKeys({ elements: [3] });
  const files = { relinKeys: await seal.writeRelinKeys(made), galoisKeys: await seal.writeGaloisKeys(made) };
  using read = seal.readEvaluationKeys(files, one.ring, one.fingerprint);
  expect(read.all.every(({ seed }) => seed === undefined)).toBe(true);
  const bytes = await read.toBytes();
  expect(bytes.length).toBe(read.packedBytes);
  expect(bytes.length / made.packedBytes).toBeGreaterThan(1.9);
  const residency = new Residency(0);
  using x = one.encrypt([0.5, 0.25]);
  const squared = async (from: EvaluationKeys) => {
    using square = new Evaluator(device, theirs, from).square(x);
    return await square.toBytes();
  };
  for (const options of [{}, { residency }]) {
    using back = await EvaluationKeys.fromBytes(bytes, device, options);
    expect(Buffer.compare(await back.toBytes(), bytes)).toBe(0);
    expect(Buffer.compare(await squared(back), await squared(made))).toBe(0);
  }
  using labelled = seal.readEvaluationKeys(files, one.ring, "the client's");
  await expect(labelled.toBytes()).rejects.toThrow('"the client\'s" is a label');
  using labelledCiphertext = seal.readCiphertext(await seal.writeCiphertext(x), one.ring, "the client's");
  await expect(labelledCiphertext.toBytes()).rejects.toThrow(FormatError);
  expect(labelled.packedBytes).toBe(read.packedBytes);
});
