import { createReadStream, createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterAll, describe, expect, test } from "vitest";
import { readableOf } from "../../../src/bytes/stream.js";
import {
  Ciphertext,
  Encryptor,
  EvaluationKeys,
  Evaluator,
  KeyHolder,
  Parameters,
  Plaintext,
  PublicKey,
  Randomness,
  Ring,
  SecretKey,
} from "../../../src/ckks/index.js";
import { FormatError, ParameterError, SecurityError } from "../../../src/errors.js";
import { openDevice } from "../../../src/index.js";
import { unsafe } from "../settings.js";
import { makeAll, parameters, values } from "./stored.js";

const [here, there] = [await openDevice("cpu", { threads: 1 }), await openDevice("cpu", { threads: 2 })];
afterAll(() => Promise.all([here.close(), there.close()]));
const ring = Ring.of(there, parameters);
const { holder, keys, plain, seeded, full, product } = await makeAll(here);

describe("what one process wrote, another reads", () => {
  test("a key, its ciphertexts and its evaluation keys compute on another device what they compute here", async () => {
    const secret = await holder.toSecretBytes();
    using again = await KeyHolder.fromSecretBytes(secret, there);
    expect(again.fingerprint).toBe(holder.fingerprint);
    using theirs = await EvaluationKeys.fromBytes(await keys.toBytes(), there);
    const he = new Evaluator(there, parameters, theirs);
    using x = await Ciphertext.fromBytes(await seeded.toBytes(), ring);
    using y = await Ciphertext.fromBytes(await full.toBytes(), ring);
    using z = await Ciphertext.fromBytes(await product.toBytes(), ring);
    using plaintext = await Plaintext.fromBytes(await plain.toBytes(), ring);
    const ours = new Evaluator(here, parameters, keys);
    const results = (engine: Evaluator, [a, b, c]: readonly Ciphertext[], p: Plaintext) => [
      engine.rotate(a, 1),
      engine.conjugate(a),
      engine.multiply(engine.rotate(b, -3), b),
      engine.relinearize(c),
      engine.multiply(b, p),
    ];
    const mine = results(ours, [seeded, full, product], plain);
    for (const [i, result] of results(he, [x, y, z], plaintext).entries()) {
      expect(await result.toBytes(), `result ${i}`).toEqual(await mine[i].toBytes());
      const decrypted = await again.decryptComplex(result);
      expect(decrypted).toEqual(await holder.decryptComplex(mine[i]));
    }
    expect((await again.decrypt(x))[5]).toBeCloseTo(values.real[5], 4);
  });

  test("a public key encrypts for its holder; its fingerprint follows from its bytes", async () => {
    using key = await PublicKey.fromBytes(await holder.publicKey.toBytes(), there);
    expect(key.fingerprint).toBe(holder.fingerprint);
    expect(key.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    using x = new Encryptor(key, Randomness.system()).encrypt([1, 2, 3]);
    using back = await Ciphertext.fromBytes(await x.toBytes(), Ring.of(here, parameters));
    expect((await holder.decrypt(back, 3))[2]).toBeCloseTo(3, 4);
    using stranger = await KeyHolder.create(here, parameters, Randomness.seededUnsafe(99));
    expect(stranger.fingerprint).not.toBe(holder.fingerprint);
  });

  test("a wrapped key comes back by its passphrase only, however that was typed, and no header can be exchanged", async () => {
    const bytes = await holder.toWrappedBytes("correct horse caf\u00e9");
    using again = await KeyHolder.fromWrappedBytes(bytes, "correct horse cafe\u0301", there);
    expect((await again.decrypt(await Ciphertext.fromBytes(await seeded.toBytes(), ring)))[3]).toBeCloseTo(
      values.real[3],
      4,
    );
    await expect(KeyHolder.fromWrappedBytes(bytes, "correct horse", there)).rejects.toThrow(SecurityError);
    await expect(holder.toWrappedBytes("")).rejects.toThrow(SecurityError);
    await expect(SecretKey.fromSecretBytes(bytes, there)).rejects.toThrow(
      'of the kind "wrapped secret key", not "secret key"',
    );
  });

  test("through a file and a web stream, in chunks", async () => {
    const folder = mkdtempSync(join(tmpdir(), "blindsight-"));
    try {
      const path = join(folder, "keys.blind");
      await pipeline(keys.chunks(), createWriteStream(path));
      using fromFile = await EvaluationKeys.fromBytes(createReadStream(path), there);
      using fromWeb = await EvaluationKeys.fromBytes(readableOf(keys.chunks()), there);
      for (const read of [fromFile, fromWeb]) expect(await read.toBytes()).toEqual(await keys.toBytes());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("parameters, of every kind", async () => {
    const all = [parameters, Parameters.choose({ depth: 2 }), Parameters.choose({ depth: 3, precision: "high" })];
    for (const one of all) {
      const read = await Parameters.fromBytes(await one.toBytes());
      expect(read.identity).toBe(one.identity);
      expect(read.security).toEqual(one.security);
      expect(read.digest()).toEqual(one.digest());
    }
  });

  test("packedBytes is the size of the file, to the byte", async () => {
    for (const object of [holder.publicKey, keys, plain, seeded, full, product]) {
      expect((await object.toBytes()).length).toBe(object.packedBytes);
    }
  });

  test("keys outside of the device's memory are written, too", async () => {
    const { keys: theirs } = await makeAll(here);
    const { Residency } = await import("../../../src/ckks/paging/residency.js");
    using paged = await theirs.page(new Residency(0));
    expect(await paged.toBytes()).toEqual(await keys.toBytes());
  });
});

test("what is of other parameters is a ParameterError, and what is another kind of object a FormatError", async () => {
  const other = Ring.of(there, unsafe(10, [2, 1, 2], { digitPrimes: 2, specials: 3, baseScaleBits: 29 }));
  await expect(Ciphertext.fromBytes(await seeded.toBytes(), other)).rejects.toThrow(ParameterError);
  await expect(Plaintext.fromBytes(await plain.toBytes(), other)).rejects.toThrow(ParameterError);
  await expect(Ciphertext.fromBytes(await plain.toBytes(), ring)).rejects.toThrow(
    'of the kind "plaintext", not "ciphertext"',
  );
  await expect(PublicKey.fromBytes(await holder.toSecretBytes(), there)).rejects.toThrow(FormatError);
});
