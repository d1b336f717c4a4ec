import { execFileSync } from "node:child_process";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeviceError } from "../../../src/errors.js";
import { type GpuDevice, openWebGpuDevice } from "../../../src/gpu/device.js";
import type { Limb } from "../../../src/ntt/kernels.js";
import { choosePrimes, primePool } from "../../../src/ntt/primes.js";
import { openReferenceDevice } from "../../../src/ntt/reference.js";
import { randomLimb } from "../../ntt/limbs.js";
import { DevicePair, requireEqual } from "../../ntt/pair.js";

const p = primePool()[0];
const MIB = 2 ** 20;

test("this project's kernel tests run on the GPU", async () => {
  const pair = await DevicePair.open();
  expect(pair.device.kind).toBe("webgpu");
  await pair.close();
});

describe("one device", () => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await openWebGpuDevice();
  });
  afterAll(() => device.close());

  test("what is queued in one turn is one submission, and a transform of any number of limbs two passes", async () => {
    for (const count of [1, 40]) {
      const limbs = device.allocate(14, count);
      for (const limb of limbs) device.write(14, limb, randomLimb(14, p, 1));
      const before = device.statistics();
      for (const limb of limbs) device.launch("ntt", 14, [[limb, limb, p]]);
      await device.idle();
      const after = device.statistics();
      expect(after.dispatches - before.dispatches).toBe(2);
      expect(after.submits - before.submits).toBe(1);
      device.free(14, limbs);
    }
  });

  test("a profile says what passes moved and multiplied, fused as they were", async () => {
    const [a, work, out] = device.allocate(14, 3);
    for (const limb of [a, work]) device.write(14, limb, randomLimb(14, p, 1));
    const alone = await device.profile(() => device.launch("ntt", 14, [[out, a, p]]));
    // Input, what the first pass leaves (written and read), output, twiddle factors, quotients.
    expect(alone.get("ntt")).toMatchObject({ dispatches: 2, bytes: 6 * 4 * 2 ** 14, products: 7 * 2 ** 14 });
    const rows = [out, work].map((limb) => [limb, a, p] as const);
    const two = await device.profile(() => device.launch("ntt", 14, rows));
    // The input and the tables are read once.
    expect(two.get("ntt")).toMatchObject({ dispatches: 2, bytes: 9 * 4 * 2 ** 14, products: 14 * 2 ** 14 });
    const fused = await device.profile(() => {
      device.launch("ntt", 14, [[work, work, p]]);
      device.launch("dropAndScale", 14, [[out, a, work, p, 5]]);
      device.free(14, [work]);
    });
    expect([...fused.keys()]).toEqual(["ntt"]);
    expect(fused.get("ntt")).toMatchObject({ dispatches: 2, bytes: 7 * 4 * 2 ** 14, products: 8 * 2 ** 14 });
    device.free(14, [a, out]);
  });

  test("a launch runs at the end of the turn, before anybody asks", async () => {
    const [a] = device.allocate(10, 1);
    const before = device.statistics().submits;
    device.launch("subtract", 10, [[a, a, a, p]]);
    expect(device.statistics().submits).toBe(before);
    await Promise.resolve();
    expect(device.statistics().submits).toBe(before + 1);
    device.free(10, [a]);
  });

  test("a limb may be freed, given out again and written while launches that read it wait", async () => {
    const words = randomLimb(10, p, 2);
    const [kept] = device.allocate(10, 1);
    let expected = new Uint32Array(words.length);
    device.launch("subtract", 10, [[kept, kept, kept, p]]);
    for (let round = 0; round < 300; round++) {
      const [a] = device.allocate(10, 1);
      const own = words.map((word) => (word + round) % p);
      device.write(10, a, own);
      device.launch("add", 10, [[kept, kept, a, p]]);
      device.free(10, [a]);
      expected = expected.map((sum, i) => (sum + own[i]) % p);
    }
    const [found] = await device.read(10, [kept]);
    requireEqual(found, expected, "sum");
    device.free(10, [kept]);
  });

  test("of a launch with a row that is refused nothing runs", async () => {
    const limbs = device.allocate(10, 3);
    for (const limb of limbs) device.write(10, limb, randomLimb(10, p, 4));
    const [a, b, c] = limbs;
    const convert = (out: Limb, fraction: number) => ({
      sources: [a],
      fractions: [fraction],
      targets: [{ out, prime: p, constants: [1], quotientConstant: 1 }],
    });
    expect(() => device.launch("baseConvert", 10, [convert(b, 2 ** 26), convert(c, 2 ** 32)])).toThrow(RangeError);
    const before = device.statistics().submits;
    for (const words of await device.read(10, limbs)) requireEqual(words, randomLimb(10, p, 4), "limb");
    expect(device.statistics().submits).toBe(before);
    device.free(10, limbs);
  });

  test("words of shared memory are written like others", async () => {
    const words = new Uint32Array(new SharedArrayBuffer(4096));
    words.set(randomLimb(10, p, 3));
    const [a] = device.allocate(10, 1);
    device.write(10, a, words);
    requireEqual((await device.read(10, [a]))[0], Uint32Array.from(words), "limb");
    device.free(10, [a]);
  });

  test("nothing of it shows in JSON or on a console but its description", () => {
    expect(JSON.stringify({ device })).toBe(JSON.stringify({ device: device.describe() }));
    expect(inspect(device)).toBe(device.describe());
  });

  test("a limb freed twice, and sizes that no limb has, are errors", () => {
    const [a] = device.allocate(10, 1);
    device.free(10, [a]);
    expect(() => device.free(10, [a])).toThrow(DeviceError);
    expect(() => device.allocate(9, 1)).toThrow(RangeError);
    expect(() => device.write(10, a, new Uint32Array(1025))).toThrow(RangeError);
  });
});

test("limbs keep their words while their slab grows and another is begun", async () => {
  const device = await openWebGpuDevice({ memoryLimit: 160 * MIB });
  const limbs: Limb[] = [];
  for (let i = 0; i < 600; i++) {
    const [limb] = device.allocate(16, 1);
    limbs.push(limb);
    if (i % 100 === 0) device.write(16, limb, randomLimb(16, p, i));
    else device.launch("copy", 16, [[limb, limbs[i - 1]]]);
  }
  for (const i of [0, 99, 100, 399, 599]) {
    const [words] = await device.read(16, [limbs[i]]);
    requireEqual(words, randomLimb(16, p, i - (i % 100)), `limb ${i}`);
  }
  await device.close();
}, 120_000);

test("memory that runs out is a DeviceError with a fix, and what was freed serves again", async () => {
  const device = await openWebGpuDevice({ memoryLimit: 4 * MIB });
  const limbs = device.allocate(16, 16);
  expect(() => device.allocate(16, 1)).toThrow(
    expect.objectContaining({ name: "DeviceError", fix: expect.any(String) }),
  );
  expect(device.statistics()).toMatchObject({ bytesInUse: 4 * MIB, peakBytes: 4 * MIB });
  device.free(16, limbs);
  expect(device.allocate(16, 16)).toHaveLength(16);
  await device.close();
});

test("twiddle factors of more primes than their buffer holds: it grows while rows that name it wait", async () => {
  const device = await openWebGpuDevice();
  const reference = openReferenceDevice();
  const primes = choosePrimes(12, 30);
  const [input, ...outs] = device.allocate(13, 13);
  const [wantedInput, ...wantedOuts] = reference.allocate(13, 13);
  const words = randomLimb(13, Math.min(...primes), 1);
  device.write(13, input, words);
  reference.write(13, wantedInput, words);
  for (const [i, prime] of primes.entries()) {
    device.launch("ntt", 13, [[outs[i], input, prime]]);
    reference.launch("ntt", 13, [[wantedOuts[i], wantedInput, prime]]);
  }
  const [found, wanted] = await Promise.all([device.read(13, outs), reference.read(13, wantedOuts)]);
  for (const [i, limb] of wanted.entries()) requireEqual(found[i], limb, `prime ${i}`);
  await device.close();
});

test("a closed device says so, and handles that outlive it may be disposed of", async () => {
  const device = await openWebGpuDevice();
  const limbs = device.allocate(10, 2);
  await device.close();
  await device.close();
  expect(() => device.launch("copy", 10, [[limbs[0], limbs[1]]])).toThrow(DeviceError);
  await expect(device.read(10, limbs)).rejects.toThrow(DeviceError);
  device.free(10, limbs);
});

test("a process that never closes its device ends by itself", () => {
  const script = `
    import { openDevice } from ${JSON.stringify(new URL("../../../dist/index.js", import.meta.url).href)};
    const device = await openDevice("webgpu");
    const [a] = device.allocate(10, 1);
    device.write(10, a, new Uint32Array(1024).fill(7));
    device.launch("add", 10, [[a, a, a, ${p}]]);
    console.log((await device.read(10, [a]))[0][5]);
  `;
  const options = { encoding: "utf8" as const, timeout: 60_000 };
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], options)).toBe("14\n");
});
