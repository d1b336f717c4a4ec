import { describe, expect, it } from "vitest";
import { KeyHolder, Parameters, Randomness } from "../../src/ckks/index.js";
import { ERROR_BOUND, ERROR_SIGMA } from "../../src/ntt/kernels.js";
import { digest, SETTINGS, testDevice } from "./settings.js";

const COUNT = 2 ** 20;

/** COUNT signed samples of a kernel, from seeds of one stream. */
async function draw(kernel: "sampleTernary" | "sampleGaussian", seed: number): Promise<Float64Array> {
  const stream = Randomness.seededUnsafe(seed);
  const device = await testDevice();
  const values: number[] = [];
  const limbs = device.allocate(16, 1);
  while (values.length < COUNT) {
    const words = new Uint32Array(11);
    words.set(stream.words(8));
    device.launch(kernel, 16, [[limbs[0], words]]);
    const [drawn] = await device.read(16, limbs);
    for (const word of drawn) values.push(word | 0);
  }
  device.free(16, limbs);
  return Float64Array.from(values);
}

/** Σ (observed − expected)²/expected. */
function chiSquare(observed: readonly number[], expected: readonly number[]): number {
  return observed.reduce((sum, o, i) => sum + (o - expected[i]) ** 2 / expected[i], 0);
}

function histogram(values: Float64Array, bound: number): number[] {
  const counts = new Array<number>(2 * bound + 1).fill(0);
  for (const x of values) counts[x + bound]++;
  return counts;
}

// Fixed seeds: a statistic that fails here fails always. Bounds leave one chance in 10^5 to a right sampler.
describe("the ternary sampler", () => {
  for (const seed of [1, 2, 3]) {
    it(`−1, 0 and 1 equally often (χ², 2 degrees of freedom), seed ${seed}`, async () => {
      const counts = histogram(await draw("sampleTernary", seed), 1);
      expect(chiSquare(counts, [COUNT / 3, COUNT / 3, COUNT / 3])).toBeLessThan(23);
    });
    it(`neighbours are independent (χ², 8 degrees of freedom), seed ${seed}`, async () => {
      const values = await draw("sampleTernary", 10 + seed);
      const counts = new Array<number>(9).fill(0);
      for (let i = 0; i < COUNT; i += 2) counts[3 * (values[i] + 1) + values[i + 1] + 1]++;
      expect(chiSquare(counts, new Array(9).fill(COUNT / 18))).toBeLessThan(38);
    });
  }
});

describe("the error sampler", async () => {
  const weights = Array.from({ length: 2 * ERROR_BOUND + 1 }, (_, i) =>
    Math.exp(-((i - ERROR_BOUND) ** 2) / (2 * ERROR_SIGMA ** 2)),
  );
  const total = weights.reduce((a, b) => a + b);

  for (const seed of [1, 2, 3]) {
    const values = await draw("sampleGaussian", seed);
    it(`mean 0, variance 3.2², integers cut at 19, seed ${seed}`, () => {
      const mean = values.reduce((a, b) => a + b) / COUNT;
      const variance = values.reduce((a, b) => a + b * b, 0) / COUNT - mean ** 2;
      expect(Math.abs(mean)).toBeLessThan((4.5 * ERROR_SIGMA) / Math.sqrt(COUNT));
      expect(Math.abs(variance / ERROR_SIGMA ** 2 - 1)).toBeLessThan(4.5 * Math.sqrt(2 / COUNT));
      expect(values.every((x) => Number.isInteger(x) && Math.abs(x) <= ERROR_BOUND)).toBe(true);
    });
    it(`the discrete Gaussian (χ² over −13..13), seed ${seed}`, () => {
      // Beyond 13 fewer than 5 are expected in each place: χ² wants more.
      const middle = (counts: readonly number[]) => counts.slice(ERROR_BOUND - 13, ERROR_BOUND + 14);
      const expected = weights.map((w) => (w / total) * COUNT);
      expect(chiSquare(middle(histogram(values, ERROR_BOUND)), middle(expected))).toBeLessThan(68);
    });
    it(`the tail is there: beyond 4σ one in 15,800, seed ${seed}`, () => {
      const tail = values.filter((x) => Math.abs(x) > 12).length;
      const expected = (COUNT * 2 * weights.slice(ERROR_BOUND + 13).reduce((a, b) => a + b)) / total;
      expect(Math.abs(tail - expected)).toBeLessThan(5 * Math.sqrt(expected));
    });
  }
});

describe("streams", () => {
  it("the same seed, the same bytes; another seed or another call, others", () => {
    const [a, b, c] = [1, 1, 2].map((seed) => Randomness.seededUnsafe(seed));
    const first = a.bytes(64);
    expect(b.bytes(64)).toEqual(first);
    expect(c.bytes(64)).not.toEqual(first);
    expect(a.bytes(64)).not.toEqual(first);
    expect(b.fork().bytes(64)).not.toEqual(a.bytes(64));
  });
  it("a fork's bytes do not depend on what its parent draws later", () => {
    const [a, b] = [Randomness.seededUnsafe(5), Randomness.seededUnsafe(5)];
    const [left, right] = [a.fork(), b.fork()];
    a.bytes(1000);
    expect(left.bytes(32)).toEqual(right.bytes(32));
  });
  it("the platform's streams all differ", () => {
    const drawn = Array.from({ length: 64 }, () => Randomness.system().bytes(16).join());
    expect(new Set(drawn).size).toBe(64);
  });
  it("a wiped stream gives nothing any more", () => {
    const stream = Randomness.system();
    stream.wipe();
    for (const draw of [() => stream.bytes(1), () => stream.fork()]) {
      expect(draw).toThrow(TypeError);
    }
  });
  it("a seed is a non-negative integer", () => {
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => Randomness.seededUnsafe(bad)).toThrow(RangeError);
  });
});

describe("key holders", () => {
  const [, parameters] = SETTINGS[2];
  it("two from the platform's randomness share neither name, nor public key, nor seeds", async () => {
    const device = await testDevice();
    using a = await KeyHolder.create(device, parameters);
    using b = await KeyHolder.create(device, parameters);
    expect(a.fingerprint).not.toBe(b.fingerprint);
    expect(a.publicKey.seed).not.toEqual(b.publicKey.seed);
    expect(await digest(a.publicKey.b)).not.toBe(await digest(b.publicKey.b));
  });
  it("no two switching keys share a uniform half: streams, digits and calls all differ", async () => {
    const device = await testDevice();
    using a = await KeyHolder.create(device, Parameters.of(parameters.toJSON()), Randomness.seededUnsafe(8));
    const sets = [1, 2].map(() => a.evaluationKeys({ rotations: [1, 2, 3], conjugate: true }));
    const halves = sets.flatMap((set) => set.all.flatMap((key) => key.digits.map((digitKey) => digitKey.a)));
    const digests = await Promise.all([...halves, a.publicKey.a].map(digest));
    expect(new Set(digests).size).toBe(digests.length);
    for (const set of sets) set[Symbol.dispose]();
  });
});

it("a number of bytes that is none is a RangeError, not fewer bytes", () => {
  const stream = Randomness.seededUnsafe(1);
  for (const length of [Number.NaN, -1, 1.5, Infinity, "8" as unknown as number]) {
    expect(() => stream.bytes(length)).toThrow(RangeError);
    expect(() => stream.bytes(length)).toThrow(`length ${length}`);
  }
  expect(stream.bytes(0)).toHaveLength(0);
});
