import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GpuDevice, openWebGpuDevice } from "../../../src/gpu/device.js";
import type { Device } from "../../../src/ntt/device.js";
import type { Limb } from "../../../src/ntt/kernels.js";
import { primePool } from "../../../src/ntt/primes.js";
import { openReferenceDevice } from "../../../src/ntt/reference.js";
import { randomLimb } from "../../ntt/limbs.js";
import { requireEqual } from "../../ntt/pair.js";

const [p, ...sources] = primePool().slice(0, 4);
const galois = 5;

let gpu: GpuDevice;
beforeAll(async () => {
  gpu = await openWebGpuDevice();
});
afterAll(() => gpu.close());

/** Limbs to work on, what a chain leaves in the ones it returns, and the dispatches it took. */
type Chain = (device: Device, logN: number, limbs: Limb[]) => readonly Limb[];

const INPUTS = [p, p, ...sources, p];

async function runOn(device: Device, logN: number, chain: Chain, spare: number): Promise<Uint32Array[]> {
  const limbs = device.allocate(logN, INPUTS.length + spare);
  limbs.forEach((limb, i) => {
    device.write(logN, limb, randomLimb(logN, INPUTS[i] ?? p, i));
  });
  const kept = chain(device, logN, limbs);
  device.free(
    logN,
    limbs.filter((limb) => !kept.includes(limb)),
  );
  const words = await device.read(logN, kept);
  device.free(logN, kept);
  return words;
}

async function both(logN: number, chain: Chain, spare = 3): Promise<number> {
  const before = gpu.statistics().dispatches;
  const found = await runOn(gpu, logN, chain, spare);
  const dispatches = gpu.statistics().dispatches - before;
  const wanted = await runOn(openReferenceDevice(), logN, chain, spare);
  for (const [i, words] of wanted.entries()) requireEqual(found[i], words, `limb ${i}`);
  return dispatches;
}

const conversion = (from: readonly Limb[], out: Limb) => ({
  sources: from,
  fractions: sources.map((q) => Math.floor(2 ** 56 / q)),
  targets: [{ out, prime: p, constants: sources.map((q) => q % p), quotientConstant: p - 7 }],
});

describe.each([10, 12, 13, 14, 15, 16])("N = 2^%i", (logN) => {
  const passes = logN <= 12 ? 1 : 2;

  test("baseConvert, ntt, dropAndScale, permute = one transform", async () => {
    const dispatches = await both(logN, (device, logN, [a, , x, y, z, , work, dropped, out]) => {
      device.launch("baseConvert", logN, [conversion([x, y, z], work)]);
      device.launch("ntt", logN, [[work, work, p]]);
      device.launch("dropAndScale", logN, [[dropped, a, work, p, p - 3]]);
      device.launch("permute", logN, [[out, dropped, galois]]);
      return [out];
    });
    expect(dispatches).toBe(passes);
  });

  test("ntt, dropAndScale onto its own operand = one transform", async () => {
    const dispatches = await both(logN, (device, logN, [a, work]) => {
      device.launch("ntt", logN, [[work, work, p]]);
      device.launch("dropAndScale", logN, [[a, a, work, p, 12345]]);
      return [a];
    });
    expect(dispatches).toBe(passes);
  });

  test("dotProduct, then intt of one sum and a drop from the other = two transforms", async () => {
    const dispatches = await both(
      logN,
      (device, logN, [a, b, , , , c, work, sum0, sum1, out0, out1]) => {
        const terms = [
          [a, b, c],
          [c, a, b],
        ] as const;
        device.launch("dotProduct", logN, [{ prime: p, out: [sum0, sum1], terms, plus: { factor: 77, y1: c } }]);
        device.launch("intt", logN, [[out0, sum0, p, 5]]);
        device.launch("ntt", logN, [[work, work, p]]);
        device.launch("dropAndScale", logN, [[out1, sum1, work, p, p - 3]]);
        return [out0, out1];
      },
      5,
    );
    expect(dispatches).toBe(2 * passes);
  });

  test("a sum that somebody else needs, or whose operands change before it is needed, is made before", async () => {
    await both(
      logN,
      (device, logN, [a, b, , , , c, work, sum0, sum1, out0, out1]) => {
        device.launch("dotProduct", logN, [{ prime: p, out: [sum0, sum1], terms: [[a, b, c]] }]);
        device.launch("intt", logN, [[out0, sum0, p, 5]]);
        device.launch("ntt", logN, [[work, work, p]]);
        device.launch("negate", logN, [[b, b, p]]);
        device.launch("dropAndScale", logN, [[out1, sum1, work, p, p - 3]]);
        return [out0, out1, b];
      },
      5,
    );
    await both(
      logN,
      (device, logN, [a, b, , , , c, work, sum0, sum1, out0]) => {
        device.launch("dotProduct", logN, [{ prime: p, out: [sum0, sum1], terms: [[a, b, c]] }]);
        device.launch("intt", logN, [[out0, sum0, p, 5]]);
        device.launch("ntt", logN, [[work, work, p]]);
        device.launch("dropAndScale", logN, [[a, sum1, work, p, p - 3]]);
        device.launch("add", logN, [[out0, out0, sum0, p]]);
        return [out0, a];
      },
      5,
    );
  });

  test("limbs that are asked for later are still there", async () => {
    await both(logN, (device, logN, [a, , x, y, z, , work, dropped, out]) => {
      device.launch("baseConvert", logN, [conversion([x, y, z], work)]);
      device.launch("ntt", logN, [[work, work, p]]);
      device.launch("dropAndScale", logN, [[dropped, a, work, p, p - 3]]);
      device.launch("permute", logN, [[out, dropped, galois]]);
      return [out, dropped, work, x];
    });
  });

  test("operands that change in between are read before", async () => {
    await both(logN, (device, logN, [a, b, x, y, z, , work, dropped, out]) => {
      device.launch("baseConvert", logN, [conversion([x, y, z], work)]);
      device.launch("negate", logN, [[x, a, p]]);
      device.launch("ntt", logN, [[work, work, p]]);
      device.launch("dropAndScale", logN, [[dropped, a, work, p, p - 3]]);
      device.launch("add", logN, [[a, a, b, p]]);
      device.launch("permute", logN, [[out, dropped, galois]]);
      return [out, a, x];
    });
  });
});

test("rows of different primes are not fused: a residue modulo the smaller one is an operand modulo the larger one", async () => {
  const [q] = sources.toSorted((a, b) => a - b); // smaller than p, the pool's first
  const smaller = (device: Device, logN: number, limb: Limb) => device.write(logN, limb, randomLimb(logN, q, 1));
  await both(10, (device, logN, [, , x, y, z, , work]) => {
    const targets = [{ out: work, prime: q, constants: sources.map((s) => s % q), quotientConstant: q - 7 }];
    device.launch("baseConvert", logN, [{ ...conversion([x, y, z], work), targets }]);
    device.launch("ntt", logN, [[work, work, p]]);
    return [work];
  });
  await both(10, (device, logN, [a, , , , , , work, out]) => {
    smaller(device, logN, work);
    device.launch("ntt", logN, [[work, work, q]]);
    device.launch("dropAndScale", logN, [[out, a, work, p, 5]]);
    return [out];
  });
  await both(10, (device, logN, [a, b, , , , c, sum0, sum1, out]) => {
    for (const limb of [a, b, c]) smaller(device, logN, limb);
    device.launch("dotProduct", logN, [{ prime: q, out: [sum0, sum1], terms: [[a, b, c]] }]);
    device.launch("intt", logN, [[out, sum0, p, 5]]);
    return [out];
  });
});
