import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readableOf } from "../../../src/bytes/stream.js";
import { KeyHolder as SecretHolder } from "../../../src/ckks/index.js";
import { FormatError, KeyMismatchError, ParameterError } from "../../../src/errors.js";
import { openDevice, openScratchFile } from "../../../src/index.js";
import { compile, EncryptedImage, EncryptedResult, KeyHolder, Model, Plan, Server } from "../../../src/nn/index.js";
import { randomNetwork } from "../random-network.js";
import { image, makeAll, network, planOf } from "./stored.js";

const here = await openDevice("cpu", { threads: 1 });
const there = await openDevice("cpu", { threads: 1 });
afterAll(() => Promise.all([here.close(), there.close()]));

/** Vitest compares large arrays element by element. */
const same = (a: Uint8Array, b: Uint8Array) => expect(Buffer.compare(a, b)).toBe(0);

describe.each(["encrypted", "plain"] as const)("what the roles of an %s model exchange", (kind) => {
  const plan = planOf(kind);
  let all: Awaited<ReturnType<typeof makeAll>>;
  let logits: number[];
  beforeAll(async () => {
    all = await makeAll(here, plan);
    logits = [...(await all.holder.decrypt(all.result))];
  });

  test("comes back as it was, at the size that was told, on another device", async () => {
    const { model, input, result } = all;
    const [modelBytes, imageBytes, resultBytes] = await Promise.all([model, input, result].map((it) => it.toBytes()));
    expect([model, input, result].map(({ packedBytes }) => packedBytes)).toEqual(
      [modelBytes, imageBytes, resultBytes].map(({ length }) => length),
    );
    using holder = await KeyHolder.fromSecretBytes(await all.holder.toSecretBytes(), plan, there);
    expect(holder.publicKey.fingerprint).toBe(all.holder.publicKey.fingerprint);
    using keys = holder.evaluationKeys;
    const server = new Server(plan, there, keys);
    using readModel = await server.readModel(modelBytes);
    using readImage = await EncryptedImage.fromBytes(imageBytes, plan, there);
    using readResult = await EncryptedResult.fromBytes(resultBytes, plan, there);
    same(await readModel.toBytes(), modelBytes);
    same(await readImage.toBytes(), imageBytes);
    same(await readResult.toBytes(), resultBytes);
    expect([...(await holder.decrypt(readResult))]).toEqual(logits);
    using again = await server.run(readModel, readImage);
    // Other evaluation keys, other noise: the grid of the logits hides some of it.
    const computed = [...(await holder.decrypt(again))];
    for (const [j, logit] of computed.entries()) expect(logit).toBeCloseTo(logits[j], 1);
  });

  test("streams from a file into a scratch file, and computes there to the last bit, without a whole model in memory", async () => {
    const folder = mkdtempSync(join(tmpdir(), "blindsight-"));
    try {
      const path = join(folder, "model.blind");
      await pipeline(all.model.chunks(), createWriteStream(path));
      expect(statSync(path).size).toBe(all.model.packedBytes);
      using store = await openScratchFile({ folder });
      // The same evaluation keys, from bytes.
      const bytes = await all.holder.evaluationKeys.toBytes();
      const { EvaluationKeys } = await import("../../../src/ckks/index.js");
      const keys = await EvaluationKeys.fromBytes(bytes, there);
      const server = await Server.withMemoryLimit(plan, there, keys, { memoryLimit: 0, store });
      const before = there.statistics().bytesInUse;
      using model = await server.readModel(createReadStream(path, { highWaterMark: 10_007 }));
      expect(there.statistics().bytesInUse).toBe(before);
      expect(store.bytes).toBeGreaterThan(0.9 * all.model.packedBytes);
      using readImage = await EncryptedImage.fromBytes(readableOf(all.input.chunks()), plan, there);
      using result = await server.run(model, readImage);
      same(await result.toBytes(), await all.result.toBytes());
      same(await model.toBytes(), await all.model.toBytes());
      expect(there.statistics().bytesInUse).toBeLessThan(
        before + readImage.ciphertexts.reduce((sum, { bytes }) => sum + bytes, 0) + 2 ** 22,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("belongs to its plan, its key and its kind", async () => {
    const other = compile(randomNetwork([1, 4, 4], ["flatten", { linear: 3 }], 1), {
      model: kind,
    });
    const opposite = planOf(kind === "plain" ? "encrypted" : "plain");
    const bytes = {
      model: await all.model.toBytes(),
      input: await all.input.toBytes(),
      result: await all.result.toBytes(),
    };
    for (const wrong of [other, opposite]) {
      await expect(Model.fromBytes(bytes.model, wrong, here)).rejects.toThrow(ParameterError);
      await expect(EncryptedImage.fromBytes(bytes.input, wrong, here)).rejects.toThrow("was made for another plan");
      await expect(EncryptedResult.fromBytes(bytes.result, wrong, here)).rejects.toThrow(ParameterError);
    }
    await expect(Model.fromBytes(bytes.input, plan, here)).rejects.toThrow('"encrypted image", not "model"');
    await expect(EncryptedImage.fromBytes(bytes.result, plan, here)).rejects.toThrow(FormatError);
    await expect(EncryptedImage.fromBytes(bytes.input, {} as typeof plan, here)).rejects.toThrow(TypeError);
    using stranger = await KeyHolder.create(plan, here);
    const theirs = new Server(plan, here, stranger.evaluationKeys);
    using input = await EncryptedImage.fromBytes(bytes.input, plan, here);
    const inUse = here.statistics().bytesInUse;
    if (kind === "encrypted") await expect(theirs.readModel(bytes.model)).rejects.toThrow(KeyMismatchError);
    await expect(theirs.run(all.model, input)).rejects.toThrow(KeyMismatchError);
    expect(here.statistics().bytesInUse).toBe(inUse);
  });

  test("is no JSON and no structured clone, and neither is a key holder", () => {
    for (const it of [all.model, all.input, all.result, all.holder]) {
      expect(() => JSON.stringify({ it })).toThrow("cannot be stored as JSON");
      expect(() => structuredClone(it)).toThrow("toBytes()");
    }
  });
});

test("a wrapped key is of the plan that it was made for, though another have its parameters", async () => {
  const plan = planOf("encrypted");
  const { program, parameters, model, depth, card } = plan;
  const labels = [...card.labels].reverse();
  const other = new Plan({ program, parameters, model, fold: plan.fold, depth, card: { ...card, labels } });
  same(other.parameters.canonicalBytes(), plan.parameters.canonicalBytes());
  using holder = await KeyHolder.create(plan, here);
  const wrapped = await holder.toWrappedBytes("correct horse");
  const { fingerprint } = holder.publicKey;
  expect(await KeyHolder.wrappedSays(wrapped)).toEqual({ fingerprint, plan: plan.identity });
  const inUse = there.statistics().bytesInUse;
  await expect(KeyHolder.fromWrappedBytes(wrapped, "correct horse", other, there)).rejects.toThrow(KeyMismatchError);
  expect(there.statistics().bytesInUse).toBe(inUse);
  // Names another plan in the header: authenticated, so that the passphrase no longer opens it.
  const at = Buffer.from(wrapped).indexOf(Buffer.from(plan.identity, "hex"));
  const forged = Uint8Array.from(wrapped);
  forged.set(Buffer.from(other.identity, "hex"), at);
  await expect(KeyHolder.fromWrappedBytes(forged, "correct horse", other, there)).rejects.toThrow();
  const plain = await SecretHolder.fromWrappedBytes(wrapped, "correct horse", there);
  using older = KeyHolder.from(plan, await rewrapped(plain));
  expect(older.publicKey.fingerprint).toBe(fingerprint);
});

/** Through a file that names no plan, as those of 0.1 do. */
async function rewrapped(holder: SecretHolder): Promise<SecretHolder> {
  using old = holder;
  const wrapped = await old.toWrappedBytes("p");
  expect(await KeyHolder.wrappedSays(wrapped)).toEqual({ fingerprint: old.fingerprint, plan: undefined });
  return SecretHolder.fromWrappedBytes(wrapped, "p", there, "0".repeat(64));
}

test("a stored key is a key holder of its own plan only, and makes evaluation keys when asked", async () => {
  const plan = planOf("encrypted");
  using holder = await KeyHolder.create(plan, here);
  const wrapped = await holder.toWrappedBytes("correct horse battery staple");
  using again = await KeyHolder.fromWrappedBytes(wrapped, "correct horse battery staple", plan, there);
  using input = again.encrypt(image);
  using model = await EncryptedImage.fromBytes(await input.toBytes(), plan, here);
  expect(model.ciphertexts[0].fingerprint).toBe(holder.publicKey.fingerprint);
  const deeper = compile(
    randomNetwork(
      network.input,
      [
        { conv: 2, kernel: 3, padding: 1 },
        "quad",
        { conv: 2, kernel: 3, padding: 1 },
        "quad",
        "flatten",
        { linear: 2 },
      ],
      7,
    ),
  );
  const inUse = there.statistics().bytesInUse;
  const secret = await holder.toSecretBytes();
  await expect(KeyHolder.fromSecretBytes(secret, deeper, there)).rejects.toThrow(ParameterError);
  await expect(KeyHolder.fromWrappedBytes(wrapped, "correct horse battery staple", deeper, there)).rejects.toThrow(
    KeyMismatchError,
  );
  expect(there.statistics().bytesInUse).toBe(inUse);
  await expect(KeyHolder.fromWrappedBytes(wrapped, "wrong", plan, there)).rejects.toThrow("passphrase");
  again[Symbol.dispose]();
  expect(() => again.evaluationKeys).toThrow(TypeError);
});
