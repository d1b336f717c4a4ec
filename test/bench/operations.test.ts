import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Blindsight } from "../../bench/blindsight.js";
import { CIRCUIT_NAMES } from "../../bench/circuits.js";
import { CountingDevice } from "../../bench/counting-device.js";
import { BenchError } from "../../bench/failure.js";
import { KERNEL_ROWS, Kernels } from "../../bench/kernels.js";
import { summarize } from "../../bench/measure.js";
import { type Operation, verify } from "../../bench/operation.js";
import { Seal } from "../../bench/seal.js";
import { LOG_NS, parametersOf, settingOf } from "../../bench/settings.js";
import { makeWorkload, OPERATION_NAMES, SIZE_NAMES } from "../../bench/workload.js";
import { type Ciphertext, maxLogQP } from "../../src/ckks/index.js";
import { openReferenceDevice } from "../../src/ntt/index.js";

const LOG_N = 12;
const workload = makeWorkload(2 ** (LOG_N - 1));
let ours: Blindsight;
let seal: Seal;

beforeAll(async () => {
  ours = await Blindsight.open(parametersOf(LOG_N, false), 1, 1, workload);
  seal = await Seal.open(LOG_N, settingOf(LOG_N), workload);
});
afterAll(async () => {
  await ours.close();
  seal.close();
});

describe("what is timed is right", () => {
  it.each(OPERATION_NAMES)("%s: ours and node-seal's, against doubles", async (name) => {
    for (const side of [ours, seal]) {
      const { precision } = await verify(name, side.subject.label, side.operations[name]!);
      expect(precision.worstBits! <= precision.meanBits!).toBe(true);
    }
  });

  it.each(OPERATION_NAMES)("%s: what runs under the clock leaves no limb behind", async (name) => {
    const { run, perSample } = ours.operations[name];
    await run();
    const before = ours.bytesInUse;
    await run();
    expect(ours.bytesInUse).toBe(before);
    expect(perSample).toBe(name.includes("each of 8") ? 8 : 1);
  });

  it("circuits: those that the levels allow, against doubles; what runs under the clock leaves no limb behind", async () => {
    const small = Object.keys(ours.circuits());
    expect(CIRCUIT_NAMES.filter((name) => !small.includes(name)).map((name) => name.split(",")[0])).toEqual([
      "polynomial",
      "polynomial",
      "polynomial",
    ]);
    const LARGER = 14;
    const larger = await Blindsight.open(parametersOf(LARGER, false), 1, 1, makeWorkload(2 ** (LARGER - 1)));
    try {
      const circuits = larger.circuits();
      expect(Object.keys(circuits)).toEqual(CIRCUIT_NAMES);
      const levels: number[] = [];
      for (const name of CIRCUIT_NAMES) {
        const { recipe, expected } = circuits[name]!;
        const operation = larger.operation(recipe, expected);
        await verify(name, larger.subject.label, operation);
        const before = larger.bytesInUse;
        const result = (await recipe.make()) as Ciphertext;
        levels.push(settingOf(LARGER).depth - result.level);
        result[Symbol.dispose]();
        await operation.run();
        expect(larger.bytesInUse, name).toBe(before);
      }
      expect(levels).toEqual([3, 6, 7, 0, 1, 1, 1]);
    } finally {
      await larger.close();
    }
  });

  it("a wrong result is refused, and the line says which", async () => {
    const { outcome, expected } = ours.operations.rotate as Operation;
    const wrong = expected.slice().reverse();
    await expect(verify("rotate", "blindsight", { outcome, expected: wrong })).rejects.toThrow(
      /blindsight: the result of "rotate" is wrong: off by/,
    );
    const nothing = { outcome: async () => ({ values: expected.map(() => Number.NaN) }), expected };
    await expect(verify("rotate", "blindsight", nothing)).rejects.toThrow(BenchError);
    const short = { outcome: async () => ({ values: expected.slice(1) }), expected };
    await expect(verify("rotate", "blindsight", short)).rejects.toThrow(/values, not/);
  });

  it.each(KERNEL_ROWS)("kernel %s does what the BigInt reference does", async (kernel) => {
    const kernels = await Kernels.open(10, 1);
    await (await kernels.operation(kernel)).run();
    await kernels.operation(kernel); // once more, on limbs that a run has left behind
    await kernels.close();
  });
});

describe("what is compared is comparable", () => {
  it.each(LOG_NS)("N = 2^%i: 128 bits on both sides, log2 Q within 5 %", (logN) => {
    const { depth, sealBits } = settingOf(logN);
    const parameters = parametersOf(logN, false);
    const sum = (bits: readonly number[]) => bits.reduce((a, b) => a + b, 0);
    const logQ = parameters.levels.flat().reduce((bits, p) => bits + Math.log2(p), 0);
    expect(parameters.maxLevel).toBe(depth);
    expect(parameters.security.bits).toBe(128);
    expect(sum(sealBits)).toBeLessThan(maxLogQP(logN));
    expect(Math.abs(logQ / sum(sealBits.slice(0, -1)) - 1)).toBeLessThan(0.05);
  });

  it("every size has its counterpart, and compression makes none larger", () => {
    const own = ours.sizes();
    const theirs = seal.sizes();
    for (const name of SIZE_NAMES) {
      expect(own[name]).toBeGreaterThan(0);
      expect(theirs[name].compressedBytes).toBeLessThanOrEqual(theirs[name].bytes);
    }
    // Two parts of two primes in words of 64 bits, and a header.
    expect(theirs.ciphertext.bytes).toBeGreaterThan(2 * 2 * 8 * 2 ** LOG_N);
    expect(theirs.ciphertext.bytes).toBeLessThan(2 * 2 * 8 * 2 ** LOG_N + 1000);
  });
});

describe("CountingDevice", () => {
  it("adds up rows and limbs, and counts only when asked", async () => {
    const device = new CountingDevice(openReferenceDevice());
    const [a, b, c] = device.allocate(10, 3);
    const counts = await device.count(() => {
      device.write(10, a, new Uint32Array(1024));
      device.launch("add", 10, [[c, a, b, 12289]]);
      device.launch("dotProduct", 10, [{ prime: 12289, out: [b, c], terms: [[a, a, a]] }]);
    });
    device.launch("negate", 10, [[c, a, 12289]]);
    expect(counts).toEqual({
      operations: 1,
      rows: { add: 1, dotProduct: 1 },
      convertedLimbs: 0,
      bytesRead: 5 * 4096,
      bytesWritten: 3 * 4096,
      bytesUploaded: 4096,
    });
    expect(device.statistics().rows.negate).toBe(1);
  });
});

describe("summarize", () => {
  it("gives order statistics of one operation, whatever the order of the samples", () => {
    const expected = { samples: 5, perSample: 2, minimumMs: 0.5, p25Ms: 1, medianMs: 1.5, p75Ms: 2 };
    expect(summarize([5, 1, 3, 2, 4], 2)).toEqual(expected);
    expect(summarize([7], 1)).toEqual({ samples: 1, perSample: 1, minimumMs: 7, p25Ms: 7, medianMs: 7, p75Ms: 7 });
  });
});
