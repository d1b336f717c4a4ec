import { describe, expect, test } from "vitest";
import { Evaluator, KeyHolder, Parameters } from "../../src/ckks/index.js";
import { DeviceError } from "../../src/errors.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";

const small = Parameters.choose({ depth: 1 });
const MIB = 2 ** 20;

async function open(memoryLimit?: number, parameters = small) {
  const device = await openCpuDevice({ memoryLimit });
  const holder = await KeyHolder.create(device, parameters);
  const he = new Evaluator(device, parameters, holder.evaluationKeys({ rotations: [1] }));
  return { device, holder, he, x: holder.encrypt([1, 2, 3], { slots: 4 }) };
}

describe("those who dispose of everything", () => {
  test("pay nothing for those who do not: no handle weighs more than itself", async () => {
    const { device, holder, he, x } = await open();
    // What holds its own weight where it is due: src/ckks/pressure.ts.
    const ballast = (value: object) => (value as { readonly ballast?: ArrayBuffer }).ballast?.byteLength ?? 0;
    let weight = 0;
    for (let i = 0; i < 20; i++) {
      using fresh = holder.encrypt([1], { slots: 4 }); // limbs change their owner on the way
      using product = he.multiply(fresh, x);
      if (i > 0) weight += ballast(fresh) + ballast(product);
      await device.idle();
    }
    expect(weight).toBe(0);
    x[Symbol.dispose]();
    await device.close();
  });
});

describe("memory of those who dispose of nothing", () => {
  test("10,000 results, one awaited every ten, of 12 GB in all, stay within 1 GiB", async () => {
    const { device, holder, he, x } = await open(undefined, Parameters.choose({ depth: 9 }));
    for (let i = 0; i < 10_000; i++) {
      const y = he.add(x, x);
      if (i % 10 === 9) await device.idle();
      if (i % 1000 === 999) expect((await holder.decrypt(y, 1))[0]).toBeCloseTo(2, 2);
    }
    expect(10_000 * x.bytes).toBeGreaterThan(12_000 * MIB);
    expect(device.statistics().peakBytes).toBeLessThan(1024 * MIB);
    await device.close();
  });

  test("a loop that never awaits ends in an error that names the way out, and what was computed stays right", async () => {
    const { device, holder, he, x } = await open(64 * MIB);
    const results = [x];
    let failure: unknown;
    try {
      for (;;) results.push(he.add(x, x));
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(DeviceError);
    expect((failure as DeviceError).fix).toMatch(/using.*await|await.*using/s);
    const last = results.pop()!;
    for (const result of results) result[Symbol.dispose]();
    expect((await holder.decrypt(last, 1))[0]).toBeCloseTo(2, 2);
    await device.close();
  });

  test("products and rotations that are disposed of leave as much memory as they found", async () => {
    const { device, he, x } = await open();
    const before = device.statistics().bytesInUse;
    for (let i = 0; i < 20; i++) {
      const product = he.multiply(x, x);
      const rotated = he.rotate(x, 1);
      for (const result of [product, rotated]) result[Symbol.dispose]();
    }
    expect(device.statistics().bytesInUse).toBe(before);
    await device.close();
  });

  test("many contexts on one device and on many do not disturb each other", async () => {
    const contexts = await Promise.all(Array.from({ length: 6 }, () => open()));
    const [{ device }] = contexts;
    const guest = await KeyHolder.create(device, Parameters.choose({ depth: 2 }));
    const results = await Promise.all(
      contexts.map(({ holder, he, x }, i) => holder.decrypt(he.multiply(x, he.add(x, i)), 3)),
    );
    for (const [i, result] of results.entries())
      for (const [j, value] of result.entries()) expect(value).toBeCloseTo((j + 1) * (j + 1 + i), 2);
    expect((await guest.decrypt(guest.encrypt([5]), 1))[0]).toBeCloseTo(5, 2);
    for (const context of contexts) await context.device.close();
  });
});
