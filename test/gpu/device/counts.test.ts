import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ciphertext, Evaluator, KeyHolder, Parameters, Randomness } from "../../../src/ckks/index.js";
import { type GpuDevice, openWebGpuDevice } from "../../../src/gpu/device.js";

/** N = 2^14, ten primes of Q, dnum = 3, 128 bits. */
const parameters = Parameters.choose({ depth: 9, slots: 2 ** 13, smallerPrimes: false, wideBase: false });
let device: GpuDevice;
let he: Evaluator;
let alice: KeyHolder;

beforeAll(async () => {
  device = await openWebGpuDevice();
  alice = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(1));
  he = new Evaluator(device, parameters, alice.evaluationKeys({ rotations: [1, 2, 3] }));
  await device.idle();
}, 120_000);
afterAll(() => device.close());

/** Dispatches and submissions of an operation whose results live on. */
async function count(
  operation: () => Ciphertext | readonly Ciphertext[],
): Promise<[dispatches: number, submits: number]> {
  const before = device.statistics();
  const results = [operation()].flat();
  await device.idle();
  const after = device.statistics();
  for (const result of results) result[Symbol.dispose]();
  return [after.dispatches - before.dispatches, after.submits - before.submits];
}

test("passes over memory of each operation do not grow, and each is one submission", async () => {
  expect(parameters.primesAt(parameters.maxLevel)).toHaveLength(10);
  expect(Math.ceil(10 / parameters.digitPrimes)).toBe(3);
  using x = alice.encrypt([0.5]);
  using y = alice.encrypt([0.25]);
  await device.idle();
  expect({
    add: await count(() => he.add(x, y)),
    multiply: await count(() => he.multiply(x, y)),
    "rotate by one": await count(() => he.rotate(x, 1)),
    "rotate by three, hoisted": await count(() => he.rotateMany(x, [1, 2, 3])),
  }).toEqual({
    add: [1, 1],
    multiply: [9, 1],
    "rotate by one": [8, 1],
    // The decomposition takes four: an inverse transform, and one with conversions.
    "rotate by three, hoisted": [4 + 4, 1],
  });
});
