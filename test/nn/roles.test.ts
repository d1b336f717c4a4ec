import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Randomness } from "../../src/ckks/randomness.js";
import { KeyMismatchError, ParameterError } from "../../src/errors.js";
import {
  compile,
  type FoldOptions,
  interpret,
  KeyHolder,
  ModelOwner,
  type Network,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { type Brick, randomImage, randomNetwork } from "./random-network.js";

const bricks: Brick[] = [
  { conv: 4, kernel: 3, padding: 1 },
  "bn",
  "quad",
  { pool: 2 },
  { conv: 6, kernel: 3, padding: 1 },
  "bn",
  "quad",
  "gap",
  "flatten",
  { linear: 3 },
];
const network = randomNetwork([1, 8, 8], bricks, 5);
const shallow = randomNetwork(
  [2, 6, 7],
  [{ conv: 3, kernel: 3, stride: 2, padding: 1 }, "bn", "quad", "gap", "flatten", { linear: 2 }],
  6,
);
const images = (of: Network) => Array.from({ length: 8 }, (_, i) => randomImage(of, 50 + i));
const noFolds: FoldOptions = { batchNorm: false, square: false, pooling: false, linear: false };

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

/** Everything from compile to decrypt, all three roles. */
async function diagnose(on: Device, of: Network, image: Float64Array, options: Parameters<typeof compile>[1]) {
  const plan = compile(of, options);
  using holder = await KeyHolder.create(plan, on, Randomness.seededUnsafe(1));
  const server = new Server(plan, on, holder.evaluationKeys);
  const calibration = images(of);
  const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
  using model =
    plan.model === "plain" ? server.loadPlain(of, { calibration }) : server.load(owner.encrypt(of, { calibration }));
  using input = holder.encrypt(image);
  using result = await server.run(model, input);
  const logits = await holder.decrypt(result);
  const twin = simulate(plan.program, weightsFor(plan, of, { calibration }).weights, image).logits;
  return { plan, logits, twin, encrypted: result.encrypted };
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}

test("layers are queued one behind the other; an observer is told of each when it is done", async () => {
  const plan = compile(shallow, { model: "plain" });
  using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  const server = new Server(plan, device, holder.evaluationKeys);
  using model = server.loadPlain(shallow, { calibration: images(shallow) });
  using input = holder.encrypt(randomImage(shallow, 98));
  const idle = vi.spyOn(device, "idle");
  try {
    using _unobserved = await server.run(model, input);
    expect(idle).toHaveBeenCalledTimes(1);
    const told: number[] = [];
    using _observed = await server.run(model, input, { onStep: (_, index) => told.push(index) });
    expect(told).toEqual([...plan.program.steps.keys()]);
    expect(idle.mock.calls.length).toBeGreaterThan(told.length);
  } finally {
    idle.mockRestore();
  }
});

test("a run that is ended between two steps throws the signal's reason, and frees what it had computed", async () => {
  const plan = compile(shallow);
  using holder = await KeyHolder.create(plan, device);
  const server = new Server(plan, device, holder.evaluationKeys);
  using model = server.load(new ModelOwner(plan, holder.publicKey).encrypt(shallow, { calibration: images(shallow) }));
  using input = holder.encrypt(randomImage(shallow, 1));
  await device.idle();
  const before = device.statistics().bytesInUse;
  for (const last of [0, 1, plan.program.steps.length - 1]) {
    const controller = new AbortController();
    const onStep = (_: unknown, index: number) => index === last && controller.abort(new Error("no more"));
    await expect(server.run(model, input, { onStep, signal: controller.signal })).rejects.toThrow("no more");
    await device.idle();
    expect(device.statistics().bytesInUse).toBe(before);
  }
});

describe("an encrypted run gives what its clear-text twin gives", () => {
  const image = randomImage(network, 99);

  test("with the model encrypted", async () => {
    const { plan, logits, twin, encrypted } = await diagnose(device, network, image, { model: "encrypted" });
    expect(encrypted).toEqual({ image: true, model: true });
    expect(plan.security.bits).toBe(128);
    expect(plan.depth.used).toBe(5);
    expect(largestDifference(logits, twin)).toBeLessThan(1e-3);
    expect(largestDifference(logits, interpret(network, image))).toBeLessThan(1e-3);
  });

  test("with the model plain", async () => {
    const { logits, twin, encrypted } = await diagnose(device, network, image, { model: "plain" });
    expect(encrypted).toEqual({ image: true, model: false });
    expect(largestDifference(logits, twin)).toBeLessThan(1e-3);
  });

  test("with nothing folded, and with each fold by itself", async () => {
    const input = randomImage(shallow, 98);
    const clear = interpret(shallow, input);
    const choices: Partial<FoldOptions>[] = [
      noFolds,
      { ...noFolds, batchNorm: true },
      { ...noFolds, square: true },
      { ...noFolds, linear: true },
    ];
    const depths = [];
    for (const fold of choices) {
      const { plan, logits } = await diagnose(device, shallow, input, { fold });
      depths.push(plan.depth.used);
      expect(largestDifference(logits, clear)).toBeLessThan(2e-3);
    }
    expect(depths).toEqual([6, 5, 5, 5]);
  });

  test("bit for bit the same on two threads as on one", async () => {
    const two = await openCpuDevice({ threads: 2 });
    const one = await diagnose(device, shallow, randomImage(shallow, 97), {});
    const other = await diagnose(two, shallow, randomImage(shallow, 97), {});
    expect([...other.logits]).toEqual([...one.logits]);
    await two.close();
  });
});

describe("roles that do not fit each other are refused", () => {
  const plan = compile(shallow);
  const input = randomImage(shallow, 1);

  test("a result under another key", async () => {
    using alice = await KeyHolder.create(plan, device, Randomness.seededUnsafe(3));
    using mallory = await KeyHolder.create(plan, device, Randomness.seededUnsafe(4));
    const calibration = images(shallow);
    const server = new Server(plan, device, alice.evaluationKeys);
    using model = server.load(new ModelOwner(plan, alice.publicKey).encrypt(shallow, { calibration }));
    using image = alice.encrypt(input);
    using result = await server.run(model, image);
    await expect(mallory.decrypt(result)).rejects.toThrow(KeyMismatchError);
    using foreign = mallory.encrypt(input);
    await expect(server.run(model, foreign)).rejects.toThrow(KeyMismatchError);
    using foreignModel = new ModelOwner(plan, mallory.publicKey).encrypt(shallow, { calibration });
    expect(() => server.load(foreignModel)).toThrow(KeyMismatchError);
  });

  test("a network, an image or a plan of another shape", async () => {
    using alice = await KeyHolder.create(plan, device, Randomness.seededUnsafe(3));
    const server = new Server(plan, device, alice.evaluationKeys);
    const owner = new ModelOwner(plan, alice.publicKey);
    expect(() => owner.encrypt(network, { calibration: images(network) })).toThrow(ParameterError);
    expect(() => owner.encrypt(shallow, { calibration: [] })).toThrow(ParameterError);
    expect(() => alice.encrypt(new Float64Array(5))).toThrow(/5 values/);
    expect(() => alice.encrypt(new Float64Array(84).fill(Number.NaN))).toThrow(ParameterError);
    expect(() => server.loadPlain(shallow, { calibration: images(shallow) })).toThrow(ParameterError);
    const other = compile(network);
    using bob = await KeyHolder.create(other, device, Randomness.seededUnsafe(5));
    using foreign = bob.encrypt(randomImage(network, 2));
    using model = server.load(owner.encrypt(shallow, { calibration: images(shallow) }));
    await expect(server.run(model, foreign)).rejects.toThrow(/another plan/);
  });

  // A logit beyond level 0's bound comes back as another, ordinary number in all slots alike.
  test("images ever further outside the calibration: the right logits or an error, never others", async () => {
    using alice = await KeyHolder.create(plan, device, Randomness.seededUnsafe(6));
    const server = new Server(plan, device, alice.evaluationKeys);
    const owner = new ModelOwner(plan, alice.publicKey, Randomness.seededUnsafe(7));
    using model = server.load(owner.encrypt(shallow, { calibration: images(shallow) }));
    const bound = plan.parameters.headroomAt(0) * model.outputScale;
    const outcomes = { within: 0, refused: 0 };
    for (let power = 0; power <= 48; power++) {
      const far = input.map((value) => value * 1.2 ** power);
      const clear = interpret(shallow, far);
      using image = alice.encrypt(far);
      using result = await server.run(model, image);
      const largest = Math.max(...clear.map(Math.abs));
      if (largest < bound) {
        outcomes.within++;
        expect(largestDifference(await alice.decrypt(result), clear)).toBeLessThan(1e-3 * Math.max(1, largest));
      } else {
        outcomes.refused++;
        await expect(alice.decrypt(result)).rejects.toThrow(ParameterError);
      }
    }
    expect(outcomes.within).toBeGreaterThan(8);
    expect(outcomes.refused).toBeGreaterThan(8);
  });
});

test("a server's memory holds no trace of one diagnosis after it", async () => {
  const before = device.statistics().bytesInUse;
  await diagnose(device, shallow, randomImage(shallow, 3), {});
  expect(device.statistics().bytesInUse).toBe(before);
});

test("a forgotten await of openDevice() is a TypeError that says so", async () => {
  const promise = openCpuDevice() as unknown as Device;
  const plan = compile(shallow);
  using holder = await KeyHolder.create(plan, device);
  const server = async () => new Server(plan, promise, holder.evaluationKeys);
  for (const take of [() => KeyHolder.create(plan, promise), server]) {
    await expect(take()).rejects.toThrow(TypeError);
    await expect(take()).rejects.toThrow("await openDevice()");
  }
  await (await promise).close();
});
