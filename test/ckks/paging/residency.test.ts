import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Evaluator, KeyHolder, Randomness } from "../../../src/ckks/index.js";
import { requireResidues, residueBits } from "../../../src/ckks/packing.js";
import { Residency } from "../../../src/ckks/paging/residency.js";
import { DeviceError, FormatError } from "../../../src/errors.js";
import { openCpuDevice } from "../../../src/ntt/cpu/device.js";
import { primePool } from "../../../src/ntt/primes.js";
import { viewsOf } from "../../data/views.js";
import { constantLimb, randomLimb } from "../../ntt/limbs.js";
import { requireEqual } from "../../ntt/pair.js";
import { packResidues, unpackResidues } from "../residues.js";
import { testDevice, unsafe } from "../settings.js";

const parameters = unsafe(11, [1, 1, 1], { digitPrimes: 2, specials: 3 });

describe("packed residues", () => {
  test("come back, at any prime of the pool, in as many bits as the prime has", () => {
    fc.assert(
      fc.property(fc.constantFrom(...primePool()), fc.nat(), fc.constantFrom(10, 12, 16), (p, stream, logN) => {
        for (const residues of [randomLimb(logN, p, stream), constantLimb(logN, p - 1), constantLimb(logN, 0)]) {
          const packed = packResidues(residues, p);
          expect(packed.length).toBe((2 ** logN * Math.ceil(Math.log2(p))) / 8);
          const back = new Uint32Array(2 ** logN);
          unpackResidues(packed, p, back);
          requireEqual(back, residues, `modulo ${p}`);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("come back from whatever the bytes are a view of", () => {
    const [p] = primePool();
    const residues = randomLimb(10, p, 2);
    for (const [where, view] of viewsOf(packResidues(residues, p))) {
      const back = new Uint32Array(1024);
      unpackResidues(view, p, back);
      requireEqual(back, residues, where);
    }
  });

  test("of another length, or that are no residues, are a FormatError", () => {
    const [p] = primePool();
    const packed = packResidues(randomLimb(10, p, 1), p);
    const out = new Uint32Array(1024);
    expect(() => unpackResidues(packed.slice(0, -4), p, out)).toThrow(FormatError);
    expect(() => unpackResidues(packed.fill(0xff), p, out)).toThrow("is no residue");
  });

  test("are checked one by one: p in any place is found, p − 1 in all of them is not refused", () => {
    for (const p of new Map(primePool().map((p) => [residueBits(p), p])).values()) {
      const residues = constantLimb(10, p - 1);
      for (const [, view] of viewsOf(packResidues(residues, p)).slice(0, 4)) requireResidues(view, 1024, p);
      for (let place = 0; place < 96; place++) {
        residues[place] = p;
        const bytes = packResidues(residues, p);
        expect(() => requireResidues(bytes, 1024, p), `${place}`).toThrow(FormatError);
        residues[place] = p - 1;
      }
      residues[1023] = 2 ** residueBits(p) - 1;
      expect(() => requireResidues(packResidues(residues, p), 1024, p)).toThrow(`no residue modulo ${p}`);
    }
  });
});

describe("operands outside of the device's memory", () => {
  test.each([
    0,
    300_000,
    Number.POSITIVE_INFINITY,
  ])("give the same residues, within a limit of %d bytes", async (limit) => {
    const device = await testDevice();
    const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(3));
    const keys = holder.evaluationKeys({ rotations: [1, 2, 5], conjugate: true });
    const inside = new Evaluator(device, parameters, keys);
    const x = holder.encrypt([0.5, -0.25, 0.125]);
    const weight = holder.encrypt([0.3, 0.2, 0.1]);
    const work = (he: Evaluator, w: typeof weight) => [
      he.multiply(x, w),
      ...he.rotateMany(x, [1, 2, 5]),
      he.conjugate(he.square(w)),
    ];
    const read = async (results: ReturnType<typeof work>) =>
      device.read(
        parameters.logN,
        results.flatMap(({ parts }) => parts.flatMap(({ limbs }) => limbs)),
      );
    const wanted = await read(work(inside, weight));

    const residency = new Residency(limit);
    const outside = new Evaluator(device, parameters, await keys.page(residency));
    const paged = await weight.page(residency);
    expect(paged.noise).toBe(weight.noise);
    const plain = inside.encoder.encode([1], 2, 4, 3);
    expect((await plain.page(residency)).noise).toBe(plain.noise);
    expect(residency.bytesInside).toBe(0);
    for (let round = 0; round < 2; round++) {
      expect(await read(work(outside, paged))).toEqual(wanted);
      residency.trim();
      expect(residency.bytesInside).toBeLessThanOrEqual(limit);
    }
    expect(() => weight.parts[0].limb(parameters.levels[0][0])).toThrow(TypeError);
    paged[Symbol.dispose]();
    outside.keys[Symbol.dispose]();
    expect(residency.bytesInside).toBe(0);
    expect(() => outside.square(x)).toThrow("was used after it was disposed of");
  });

  test("are taken out once: a second time is an error, not somebody else's limbs", async () => {
    const device = await testDevice();
    const holder = await KeyHolder.create(device, parameters);
    const keys = holder.evaluationKeys({ rotations: [1] });
    const residency = new Residency(0);
    await keys.page(residency);
    for (let i = 0; i < 3; i++) holder.evaluationKeys({ rotations: [2] });
    await expect(keys.page(new Residency(0))).rejects.toThrow(TypeError);
    const weight = holder.encrypt([1]);
    const paged = await weight.page(residency);
    await expect(weight.page(residency)).rejects.toThrow(TypeError);
    const moved = await (await paged.page(residency)).page(new Residency(0));
    expect(await holder.decrypt(moved, 1)).toEqual(await holder.decrypt(moved, 1));
    expect((await holder.decrypt(moved, 1))[0]).toBeCloseTo(1, 2);
  });

  test("that do not fit are a DeviceError that says what is inside", async () => {
    const device = await openCpuDevice({ memoryLimit: 19 * 2 ** 20 });
    const holder = await KeyHolder.create(device, parameters);
    const residency = new Residency(Number.POSITIVE_INFINITY);
    const weight = await holder.encrypt([1]).page(residency);
    while (device.statistics().bytesInUse < 2 ** 33) {
      try {
        device.allocate(11, 1);
      } catch {
        break;
      }
    }
    expect(() => weight.parts[0].limbs).toThrow(DeviceError);
    expect(() => weight.parts[0].limbs).toThrow("MiB of paged weights and keys");
    await device.close();
  });
});
