import { describe, expect, it } from "vitest";
import { Ciphertext } from "../../src/ckks/index.js";
import { instance, unsafe } from "./settings.js";

describe("derived answers: N = 2^10, a scale of 2^24 at level 0", async () => {
  const parameters = unsafe(10, [1, 1], { digitPrimes: 1, specials: 2 });
  const { he, alice, encryptor } = await instance(parameters, 32);
  const x = alice.encrypt([1], { level: 0 });
  const top = alice.encrypt([1]);

  it("fresh: √(N·(3.2² + 1/12)) of the secret key, √(N·(1/12 + (1 + 2N/3)/12)) of the public one", () => {
    expect(x.noise.rms * 2 ** 24).toBeCloseTo(102.8, 1);
    expect(encryptor.encrypt([1], { level: 0 }).noise.rms * 2 ** 24).toBeCloseTo(241.7, 1);
  });

  it("of 4 slots 8 coefficients are read, and the others stay in the ring", () => {
    const { rms, ringRms } = alice.encrypt([1], { level: 0, slots: 4 }).noise;
    expect(rms * 2 ** 24).toBeCloseTo(Math.sqrt(8 * (3.2 ** 2 + 1 / 12)), 2);
    expect(ringRms * 2 ** 24).toBeCloseTo(Math.sqrt(1024 * 3.2 ** 2), 0);
  });

  it("numbers count as themselves: exact where the scale holds them", () => {
    const half = he.multiplyPlain(top, -0.5).noise;
    const rounding = Math.abs(Math.round(0.5 * parameters.scaleAt(1)) / parameters.scaleAt(1) - 0.5);
    expect(half.bound).toBe(0.5);
    expect(half.rms / top.noise.rms).toBeCloseTo(0.5, 5);
    expect(half.worst - top.noise.worst / 2).toBeGreaterThanOrEqual(rounding);
    const nothing = he.multiplyPlain(top, 0).noise;
    expect([nothing.bound, nothing.rms, nothing.worst]).toEqual([0, 0, 0]);
  });

  it("one error met twice doubles, two add their squares; x − x is nothing", () => {
    const other = alice.encrypt([1], { level: 0 });
    expect(he.add(x, x).noise.rms).toBe(2 * x.noise.rms);
    expect(he.add(x, other).noise.rms).toBeCloseTo(Math.SQRT2 * x.noise.rms, 12);
    expect(he.add(x, other).noise.worst).toBe(2 * x.noise.worst);
    expect(he.tensor(top, top).noise.rms / he.tensor(top, alice.encrypt([1])).noise.rms).toBeCloseTo(Math.SQRT2, 4);
    const { bound, rms, worst } = he.subtract(x, x).noise;
    expect([bound, rms, worst]).toEqual([0, 0, 0]);
  });

  it("nothing that is unknown or outgrows the doubles is NaN", async () => {
    const { level, state, slots, fingerprint, parts } = top;
    const unknown = new Ciphertext(parts, { level, state, slots, fingerprint });
    const huge = he.copy(top, { bound: 1e300 });
    for (const ct of [unknown, huge]) {
      const results = [he.add(ct, ct), he.multiply(ct, ct), he.multiply(ct, 2), he.rotate(ct, 1), he.toLevel(ct, 0)];
      const explained = results.map((result) => he.explain(result));
      for (const { noise, bound, precisionBits } of [he.explain(ct), ...explained]) {
        for (const number of [noise.rmsBits, noise.worstBits, bound, precisionBits]) expect(number).not.toBeNaN();
      }
      expect(he.multiplyPlain(ct, 0).noise.rms).toBe(0);
    }
    expect(he.explain(unknown)).toMatchObject({ bound: Infinity, precisionBits: -Infinity });
    expect(he.explain(he.tensor(huge, huge))).toMatchObject({ bound: Infinity });
    expect(he.explain(he.rotate(huge, 1)).noise.rmsBits).toBeLessThan(-13);
  });
});

describe("declared bounds", async () => {
  const parameters = unsafe(10, [1, 1], { digitPrimes: 1, specials: 2 });
  const test = await instance(parameters, 33);
  const { he, alice, encryptor } = test;

  it("are the caller's: no estimate depends on a message", () => {
    const noises = [[1, 0.5], [0], Float64Array.from({ length: 512 }, () => 1)].map((values) => {
      const [x, y] = [alice.encrypt(values), encryptor.encrypt(values)];
      const z = he.add(he.multiply(x, y), values);
      return [x, y, z, he.multiply(x, values), he.encoder.encode(values)].map(({ noise }) => noise);
    });
    expect(noises[1]).toEqual(noises[0]);
    expect(noises[2]).toEqual(noises[0]);
  });

  it("are 1 where nothing is declared, and multiply the noise of a product", () => {
    const x = alice.encrypt([1]);
    expect(x.noise.bound).toBe(1);
    const [one, eight] = [1, 8].map((bound) => he.multiplyPlain(x, he.encoder.encode([1], 1, 512, bound)).noise);
    expect(eight.bound).toBe(8);
    expect((eight.worst - one.worst) / x.noise.worst).toBeCloseTo(7, 4);
    expect(he.explain(he.copy(x, { bound: 0.25 })).bound).toBe(0.25);
  });

  it("hold: a value beyond one is refused, and not told", () => {
    for (const values of [[0.1, 1.37], { real: [1], imaginary: [1] }]) {
      for (const run of [
        () => alice.encrypt(values, { bound: 1 }),
        () => encryptor.encrypt(values, { bound: 1 }),
        () => he.encoder.encode(values, 1, 512, 1),
      ]) {
        expect(run).toThrow(/beyond the bound 1 that was declared/);
        expect(run).not.toThrow("1.37");
      }
    }
    alice.encrypt({ real: [Math.cos(1)], imaginary: [Math.sin(1)] }, { bound: 1 });
    alice.encrypt([-8], { bound: 8 });
  });

  it("are finite numbers from 0 on, or a RangeError", () => {
    const x = alice.encrypt([1]);
    for (const bound of [-1, Number.NaN, Infinity, "1" as unknown as number, null as unknown as number]) {
      for (const run of [
        () => alice.encrypt([0], { bound }),
        () => encryptor.encrypt([0], { bound }),
        () => he.encoder.encode([0], 1, 512, bound),
        () => he.copy(x, { bound }),
      ]) {
        expect(run).toThrow(RangeError);
        expect(run).toThrow(`bound ${bound}`);
      }
    }
  });
});
