import { expect, test } from "vitest";
import { collect } from "../../src/bytes/stream.js";
import { evaluationKeysChunks } from "../../src/ckks/formats/evaluation-keys.js";
import {
  type EvaluationKeyRequest,
  EvaluationKeys,
  Evaluator,
  fold,
  KeyHolder,
  linearTransform,
  operationCosts,
  Parameters,
  Randomness,
  Residency,
} from "../../src/ckks/index.js";
import { FormatError, ParameterError } from "../../src/errors.js";
import { BY_LEVEL, clear, errorBits, instance, testDevice, unsafe, unsafeLiteral } from "./settings.js";

const parameters = unsafe(11, [2, 1, 1, 1], { ...BY_LEVEL, baseScaleBits: 30 });
const device = await testDevice();
const test31 = await instance(parameters, 31);
const { alice, values } = test31;
const complex = (real: Float64Array) => ({ real, imaginary: new Float64Array(real.length) });
const PAIRS = [1, 2, 3, 4].flatMap((step) => [3, 2, 1].map((level) => [step, level] as const));

/** Rows of transforms, and of primes of P. */
function counted(work: () => Disposable | readonly Disposable[]): { ntts: number; dropped: Set<number> } {
  const dropped = new Set<number>();
  let ntts = 0;
  const launch = device.launch;
  device.launch = ((kernel: string, logN: number, rows: readonly { prime?: number }[]) => {
    if (kernel === "ntt" || kernel === "intt") ntts += rows.length;
    if (kernel === "dotProduct")
      for (const { prime } of rows) if (parameters.special.includes(prime!)) dropped.add(prime!);
    (launch as (...all: unknown[]) => void).call(device, kernel, logN, rows);
  }) as typeof launch;
  try {
    for (const each of [work()].flat()) (each as Disposable)[Symbol.dispose]();
  } finally {
    device.launch = launch;
  }
  return { ntts, dropped };
}

test("keys made for a level take its digits and its P, beside a key of the same step for a higher one", async () => {
  using keys = alice.evaluationKeys({ relinearize: [3, 2, 1, 0], rotations: PAIRS });
  const he = new Evaluator(device, parameters, keys);
  for (const level of [3, 2, 1]) {
    using x = alice.encrypt(values.real(parameters.slots), { level });
    const { rotate } = operationCosts(parameters, level);
    const { ntts, dropped } = counted(() => he.rotate(x, 1));
    expect([level, ntts, dropped.size]).toEqual([level, rotate.ntts, parameters.gadgetAt(level).special.length]);
    const { ntts: square } = counted(() => he.square(x));
    expect(square).toBe(operationCosts(parameters, level).multiply.ntts);
  }
  expect(keys.all.map(({ digits }) => digits.length).slice(0, 3)).toEqual([3, 1, 1]);
});

test("sums of keys of several gadgets, and of products, are right; so is a key that was made for a higher level", async () => {
  const slots = 16;
  const z = values.real(slots);
  const mixed = { relinearize: [3, 1], rotations: [[1, 3], [2, 2], [3, 3], [4, 2]], productRotations: [[4, 2], [3, 3]] } as const; // biome-ignore format: one line
  for (const request of [
    mixed,
    { rotations: [1, 2, 3, 4] },
    { relinearize: [3, 2, 1], rotations: PAIRS, productRotations: PAIRS },
  ]) {
    using keys = alice.evaluationKeys(request as EvaluationKeyRequest);
    const he = new Evaluator(device, parameters, keys);
    using x = alice.encrypt(z, { slots, level: 2 });
    const wanted = [1, 2, 3].reduce((sum, step) => clear.add(sum, clear.rotate(complex(z), step)), complex(z));
    using y = fold(he, x, [[1, 2, 3]]);
    expect(await errorBits(test31, y, wanted)).toBeLessThan(-12);
    const ones = clear.constant(slots, 1).real;
    for (const encrypted of [true, false]) {
      const diagonal = encrypted ? alice.encrypt(ones, { slots, level: 2 }) : he.encoder.encode(ones, 2, slots);
      const groups = [[0, 3], [3, 1], [4, 2]].map(([giant, baby]) => ({ giant, terms: [{ baby, diagonal }] })); // biome-ignore format: a table
      using sum = linearTransform(he, x, { groups } as never);
      const all = [3, 4, 6].map((step) => clear.rotate(complex(z), step)).reduce(clear.add);
      expect(await errorBits(test31, sum, all)).toBeLessThan(-10);
    }
  }
});

test("noise of a key of the level is estimated by its own gadget, of a higher one by that", async () => {
  const z = values.real(parameters.slots);
  for (const rotations of [[1], [[1, 2]]] as const) {
    using keys = alice.evaluationKeys({ relinearize: false, rotations: rotations as never });
    const he = new Evaluator(device, parameters, keys);
    using x = alice.encrypt(z, { level: 2 });
    using y = he.rotate(x, 1);
    const found = await alice.decryptComplex(y);
    const wanted = clear.rotate(complex(z), 1);
    const rms = Math.sqrt(
      wanted.real.reduce((sum, w, j) => sum + (found.real[j] - w) ** 2 + found.imaginary[j] ** 2, 0) / z.length,
    );
    expect(Math.abs(Math.log2(rms / y.noise.rms))).toBeLessThan(0.5);
  }
});

test("files hold every key with the digits and primes of its own; no two uniform halves are one", async () => {
  using keys = alice.evaluationKeys({
    relinearize: [3, 1],
    rotations: PAIRS,
    productRotations: [
      [4, 2],
      [4, 1],
    ],
  });
  const names = keys.files().map(({ name }) => name);
  expect(names.slice(0, 5)).toEqual(["relinearization", "relinearization-level-1", "galois-5", "galois-5-level-2", "galois-5-level-1"]); // biome-ignore format: one line
  expect(new Set(names).size).toBe(names.length);
  const halves = await Promise.all(
    keys.all.map(async ({ digits }) => {
      const [words] = await device.read(parameters.logN, [digits[0].a.limbs[0]]);
      return words.join();
    }),
  );
  expect(new Set(halves).size).toBe(keys.all.length);
  const bytes = await keys.toBytes();
  expect(bytes.length).toBe(keys.packedBytes);
  using again = await EvaluationKeys.fromBytes(bytes, device);
  expect(await again.toBytes()).toEqual(bytes);
  using x = alice.encrypt([1, 2, 3], { level: 1 });
  const rotated = async (from: EvaluationKeys) => {
    using y = new Evaluator(device, parameters, from).rotate(x, 4);
    return await y.toBytes();
  };
  const wanted = await rotated(keys);
  expect(await rotated(again)).toEqual(wanted);
  const parts = await Promise.all(keys.files().map(async (file) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.chunks()) chunks.push(chunk.slice());
    return await EvaluationKeys.fromBytes(Buffer.concat(chunks), device);
  })); // biome-ignore format: one call
  using joined = EvaluationKeys.join(parts);
  expect(await rotated(joined)).toEqual(wanted);
  using paged = await (await EvaluationKeys.fromBytes(bytes, device)).page(new Residency(2 ** 24));
  expect(await rotated(paged)).toEqual(wanted);
});

test("parameters say their gadgets in files and literals, and are another ring's with others", async () => {
  const again = await Parameters.fromBytes(await parameters.toBytes());
  expect(again.toJSON()).toEqual(parameters.toJSON());
  expect(again.identity).toBe(parameters.identity);
  expect(Parameters.of(parameters.toJSON()).gadgetAt(1)).toEqual({
    special: parameters.special.slice(0, 4),
    digitPrimes: 3,
  });
  const { gadgets: _, ...same } = unsafeLiteral(11, [2, 1, 1, 1], { ...BY_LEVEL, baseScaleBits: 30 });
  expect(Parameters.of(same).identity).not.toBe(parameters.identity);
  const bytes = await Parameters.of(same).toBytes();
  expect((await Parameters.fromBytes(bytes)).toJSON()).not.toHaveProperty("gadgets");
});

test("byLevel is as secure as the largest Q·P of any level, and each level's P holds its digits", () => {
  for (const depth of [1, 5, 7, 13, 20]) {
    const chosen = Parameters.choose({ depth, gadgets: "byLevel" });
    const before = Parameters.choose({ depth });
    expect([chosen.logN, chosen.digitPrimes, chosen.security.bits]).toEqual([before.logN, before.digitPrimes, 128]);
    const log = (primes: readonly number[]) => primes.reduce((sum, p) => sum + Math.log2(p), 0);
    const logQP = chosen.levels.map((_, level) => log([...chosen.primesAt(level), ...chosen.gadgetAt(level).special]));
    expect(chosen.security.logQP).toBeCloseTo(Math.max(...logQP), 9);
    for (const level of chosen.levels.keys()) {
      expect(operationCosts(chosen, level).rotate.ntts).toBeLessThanOrEqual(operationCosts(before, level).rotate.ntts);
    }
  }
});

const [a] = BY_LEVEL.gadgets;
test.each([
  ["too few", [a], /1 gadgets for 4 levels/],
  [
    "more special primes than there are",
    [{ ...a, specialPrimes: 6 }, ...BY_LEVEL.gadgets.slice(1)],
    /takes 6 of 5 special/,
  ],
  ["a P that is too small", [{ ...a, specialPrimes: 1 }, ...BY_LEVEL.gadgets.slice(1)], /P has .* drown in noise/],
  ["no digits", [{ ...a, digitPrimes: 0 }, ...BY_LEVEL.gadgets.slice(1)], /digitPrimes 0/],
  [
    "another digit at the top",
    [...BY_LEVEL.gadgets.slice(0, 3), { specialPrimes: 7, digitPrimes: 5 }],
    /digitPrimes 2 is not the highest level's 5/,
  ],
])("%s is refused", async (_, gadgets, message) => {
  const literal = unsafeLiteral(11, [2, 1, 1, 1], { ...BY_LEVEL, specials: 7, baseScaleBits: 30 });
  const special = literal.special.slice(0, gadgets.some(({ digitPrimes }) => digitPrimes === 5) ? 7 : 5);
  expect(() => Parameters.of({ ...literal, special, gadgets })).toThrow(ParameterError);
  expect(() => Parameters.of({ ...literal, special, gadgets })).toThrow(message);
  expect(() => Parameters.choose({ depth: 2, gadgets: "mine" as never })).toThrow(/gadgets mine is neither/);
});

test("a file that names two keys of one step and one gadget is refused", async () => {
  using one = alice.evaluationKeys({ relinearize: false, rotations: [[1, 2]] });
  using other = alice.evaluationKeys({ relinearize: false, rotations: [[1, 2]] });
  expect(() => EvaluationKeys.join([one, other])).toThrow(/a key is there twice/);
  const content = { ring: one.ring, fingerprint: one.fingerprint, all: [...one.all, ...other.all] };
  const file = await collect(evaluationKeysChunks("evaluation keys", content));
  await expect(EvaluationKeys.fromBytes(file, device)).rejects.toThrow(FormatError);
  await expect(EvaluationKeys.fromBytes(file, device)).rejects.toThrow(/names a key twice/);
  const fresh = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(5));
  expect(fresh.evaluationKeys({ relinearize: [2, 2], rotations: [[1, 2], [1, 2]] }).all).toHaveLength(2); // biome-ignore format: one line
});
