import { afterAll, beforeAll, expect, test } from "vitest";
import { type Device, openDevice } from "../../src/index.js";
import { GAUSSIAN_THRESHOLDS, type KernelName, type KernelRows, type Limb } from "../../src/ntt/kernels.js";
import { powerModulo } from "../../src/ntt/modulus.js";
import { openReferenceDevice } from "../../src/ntt/reference.js";
import { minimalRoot, reverseBits } from "../../src/ntt/roots.js";
import { deviceUnderTest } from "../device-under-test.js";
import { sha256 } from "./engine.js";
import { type Json, readVectors } from "./independent-reader.js";

// ntt.json and sampling.json, held to the device under test and to the library's own reference.
const devices: Device[] = [];
beforeAll(async () => {
  devices.push(await openDevice(deviceUnderTest()), openReferenceDevice());
});
afterAll(() => Promise.all(devices.map((device) => device.close())));

/** What a kernel makes of `input`, on each device. */
async function run<K extends KernelName>(
  kernel: K,
  n: number,
  row: (out: Limb, input: Limb) => KernelRows[K],
  input: Uint32Array = new Uint32Array(n),
): Promise<Uint32Array[]> {
  const logN = Math.log2(n);
  const results: Uint32Array[] = [];
  for (const device of devices) {
    const limbs = device.allocate(logN, 2);
    device.write(logN, limbs[0], input);
    device.launch(kernel, logN, [row(limbs[1], limbs[0])]);
    results.push(...(await device.read(logN, [limbs[1]])));
    device.free(logN, limbs);
  }
  return results;
}

function seedWords(seed: string, nonce: readonly number[] = [0, 0, 0]): Uint32Array {
  const bytes = Buffer.from(seed, "hex");
  return Uint32Array.from([...Array.from({ length: 8 }, (_, i) => bytes.readUInt32LE(4 * i)), ...nonce]);
}

const ntt = readVectors("ntt.json");

test.each<Json>(ntt.large)("NTT and its inverse, N = $n, p = $prime", async ({ n, prime, root, seed, ...digests }) => {
  expect(minimalRoot(prime, Math.log2(n))).toBe(root);
  const inputs = await run("expandUniform", n, (out) => [out, prime, seedWords(seed, [0, 0, prime])]);
  for (const input of inputs) expect(sha256([input])).toBe(digests.inputSha256);
  const outputs = await run("ntt", n, (out, input) => [out, input, prime], inputs[0]);
  for (const output of outputs) expect(sha256([output])).toBe(digests.outputSha256);
  const back = await run("intt", n, (out, input) => [out, input, prime, 1], outputs[0]);
  for (const coefficients of back) expect(coefficients).toEqual(inputs[0]);
});

test.each<Json>(ntt.small)("NTT of a polynomial in X^gap, N = $n, p = $prime", async ({
  n,
  prime,
  root,
  input,
  natural,
}) => {
  expect(minimalRoot(prime, Math.log2(n))).toBe(root);
  const [size, logN] = [1024, 10];
  const coefficients = new Uint32Array(size);
  input.forEach((c: number, i: number) => {
    coefficients[(i * size) / n] = c;
  });
  for (const output of await run("ntt", size, (out, limb) => [out, limb, prime], coefficients)) {
    // The value at r^e, r the larger ring's root, is the small polynomial's at r^(e·gap).
    const at = new Map<number, number>();
    output.forEach((value, j) => {
      const exponent = ((2 * reverseBits(j, logN) + 1) * size) / n;
      at.set(powerModulo(minimalRoot(prime, logN), exponent, prime), value);
    });
    expect(at.size).toBe(n);
    expect(natural.map((_: number, k: number) => at.get(powerModulo(root, 2 * k + 1, prime)))).toEqual(natural);
  }
});

const sampling = readVectors("sampling.json");

/** First values and digests at each N. */
async function expectDrawn<K extends KernelName>(v: Json, kernel: K, row: (out: Limb) => KernelRows[K]): Promise<void> {
  for (const [n, digest] of Object.entries(v.sha256)) {
    for (const words of await run(kernel, Number(n), row)) {
      expect(Array.from(Int32Array.from(words.subarray(0, v.values.length)))).toEqual(v.values);
      expect(sha256([words])).toBe(digest);
    }
  }
}

test.each<Json>(sampling.uniform)("uniform residues modulo $prime from a seed", async (v) => {
  const seed = seedWords(v.seed, [v.stream, v.digit, v.prime]);
  await expectDrawn(v, "expandUniform", (out) => [out, v.prime, seed]);
});

test.each<Json>(sampling.ternary)("ternary coefficients from a seed", async (v) => {
  await expectDrawn(v, "sampleTernary", (out) => [out, seedWords(v.seed)]);
});

test.each<Json>(sampling.gaussian)("errors from a seed, and the table that they are drawn by", async (v) => {
  expect(v.thresholds).toEqual(GAUSSIAN_THRESHOLDS);
  await expectDrawn(v, "sampleGaussian", (out) => [out, seedWords(v.seed)]);
});
