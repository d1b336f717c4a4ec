import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CpuDeviceOptions, openCpuDevice } from "../../src/ntt/cpu/device.js";
import { residueBits } from "../../src/ntt/modulus.js";
import { primePool } from "../../src/ntt/primes.js";
import { openReferenceDevice } from "../../src/ntt/reference.js";
import { packResidues } from "../ckks/residues.js";
import { extremeLimbs, PRIMES, randomLimb, randomWords } from "./limbs.js";
import { DevicePair, requireEqual } from "./pair.js";

let pair: DevicePair;
beforeAll(async () => {
  pair = await DevicePair.open();
});
afterAll(() => pair.close());

/** The pool's largest prime of each length that it has. */
const LENGTHS = [...new Map([...primePool()].reverse().map((p) => [residueBits(p), p])).values()];

/** The packed residues, and zeros up to a limb's length. */
function packed(residues: Uint32Array, p: number): Uint32Array {
  const words = new Uint32Array(residues.length);
  words.set(new Uint32Array(packResidues(residues, p).buffer));
  return words;
}

describe.each(LENGTHS)("modulo %i", (p) => {
  test("unpack ∘ pack = 1, and packed words are packResidues' bytes", async () => {
    const limbs = [randomLimb(10, p, 1), ...extremeLimbs(10, p).map(({ words }) => words)];
    for (const residues of limbs) {
      const [, words] = await pair.run({
        kernel: "pack",
        logN: 10,
        inputs: [residues],
        outputs: 1,
        rows: ([a, out]) => [[out, a, p]],
      });
      requireEqual(words, packed(residues, p), "packed");
      const [, back] = await pair.run({
        kernel: "unpack",
        logN: 10,
        inputs: [words],
        outputs: 1,
        rows: ([a, out]) => [[out, a, p]],
      });
      requireEqual(back, residues, "unpacked");
    }
  });

  test("unpack does not look at the words behind the packed ones", async () => {
    const residues = randomLimb(11, p, 3);
    const words = randomWords(11, 4);
    words.set(new Uint32Array(packResidues(residues, p).buffer));
    const [, back] = await pair.run({
      kernel: "unpack",
      logN: 11,
      inputs: [words],
      outputs: 1,
      rows: ([a, out]) => [[out, a, p]],
    });
    requireEqual(back, residues, "unpacked");
  });
});

test("every prime of the pool has as many bits as its residues need", () => {
  for (const p of primePool()) expect(residueBits(p)).toBe((p - 1).toString(2).length);
});

test.each([10, 12, 14, 16])("at N = 2^%i, many rows of a launch, each with its own prime", async (logN) => {
  const primes = LENGTHS.slice(-5);
  const inputs = primes.map((p, i) => randomLimb(logN, p, i));
  const of = (limbs: readonly Uint32Array[]) => limbs.slice(primes.length);
  const packedLimbs = of(
    await pair.run({
      kernel: "pack",
      logN,
      inputs,
      outputs: primes.length,
      rows: (l) => primes.map((p, i) => [l[primes.length + i], l[i], p] as const),
    }),
  );
  for (const [i, words] of packedLimbs.entries()) requireEqual(words, packed(inputs[i], primes[i]), `packed ${i}`);
  const back = of(
    await pair.run({
      kernel: "unpack",
      logN,
      inputs: packedLimbs,
      outputs: primes.length,
      rows: (l) => primes.map((p, i) => [l[primes.length + i], l[i], p] as const),
    }),
  );
  for (const [i, words] of back.entries()) requireEqual(words, inputs[i], `unpacked ${i}`);
});

test("a packed limb is written in its own few words, and what is behind them stays", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...LENGTHS), fc.nat(), async (p, stream) => {
      const { device } = pair;
      const residues = randomLimb(10, p, stream);
      const words = new Uint32Array(packResidues(residues, p).buffer);
      const [a, out] = device.allocate(10, 2);
      device.write(10, a, new Uint32Array(1024).fill(0xdeadbeef));
      device.write(10, a, words);
      device.launch("unpack", 10, [[out, a, p]]);
      device.write(10, a, new Uint32Array(0));
      const [found, back] = await device.read(10, [a, out]);
      device.free(10, [a, out]);
      requireEqual(back, residues, "unpacked");
      requireEqual(found.subarray(0, words.length), words, "written");
      expect(found.subarray(words.length).every((word) => word === 0xdeadbeef)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

describe.each<CpuDeviceOptions>([
  { threads: 2 },
  { execution: "shared" },
  { execution: "messages" },
])("workers, %o", (options) => {
  test("write fewer words than N, pack and unpack", async () => {
    const device = await openCpuDevice(options);
    const [p] = PRIMES;
    const residues = randomLimb(12, p, 7);
    const words = new Uint32Array(packResidues(residues, p).buffer);
    const [a, out, again] = device.allocate(12, 3);
    device.write(12, again, randomWords(12, 1));
    device.write(12, a, randomWords(12, 2));
    device.write(12, a, words);
    device.launch("unpack", 12, [[out, a, p]]);
    device.launch("pack", 12, [[again, out, p]]);
    device.write(12, out, new Uint32Array([1, 2, 3]));
    const [found, changed] = await device.read(12, [again, out]);
    requireEqual(found, packed(residues, p), "packed");
    requireEqual(
      changed,
      Uint32Array.from(residues, (residue, i) => (i < 3 ? i + 1 : residue)),
      "written",
    );
    expect(() => device.write(12, a, new Uint32Array(4097))).toThrow(RangeError);
    await device.close();
  });
});

test("the reference refuses what is no residue, and an output that is the operand", async () => {
  const device = openReferenceDevice();
  const [a, out] = device.allocate(10, 2);
  device.write(10, a, new Uint32Array(1024).fill(0xffffffff));
  expect(() => device.launch("unpack", 10, [[out, a, PRIMES[0]]])).toThrow(RangeError);
  expect(() => device.launch("pack", 10, [[out, a, PRIMES[0]]])).toThrow(RangeError);
  device.write(10, a, new Uint32Array(1024));
  expect(() => device.launch("unpack", 10, [[a, a, PRIMES[0]]])).toThrow(RangeError);
  expect(() => device.launch("pack", 10, [[a, a, PRIMES[0]]])).toThrow(RangeError);
});
