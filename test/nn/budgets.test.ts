import { afterAll, expect, test } from "vitest";
import { KeyHolder as SecretHolder } from "../../src/ckks/keys/holder.js";
import { ParameterError } from "../../src/errors.js";
import {
  compile,
  EncryptedNetwork,
  KeyHolder,
  ModelOwner,
  modelSize,
  type Opening,
  Server,
} from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import { randomImage, randomNetwork, rl3 } from "./random-network.js";

const device = await openCpuDevice();
afterAll(() => device.close());
const network = rl3();

test("a server holds what plan.memory says, within a quarter", async () => {
  for (const model of ["encrypted", "plain"] as const) {
    const plan = compile(network, { model });
    const { keys, model: weights, image } = plan.memory;
    using holder = await KeyHolder.create(plan, device);
    const { evaluationKeys } = holder;
    expect(evaluationKeys.bytes).toBe(keys);
    const server = new Server(plan, device, evaluationKeys);
    const calibration = [randomImage(network, 1)];
    using made =
      model === "plain"
        ? server.loadPlain(network, { calibration })
        : server.load(new ModelOwner(plan, holder.publicKey).encrypt(network, { calibration }));
    const polynomials = made.operands.flatMap((each) => ("parts" in each ? each.parts : [each.polynomial]));
    expect(polynomials.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(weights);
    expect(made.operands.length).toBe(modelSize(plan).vectors);
    const fresh = await openCpuDevice();
    try {
      using own = await KeyHolder.create(plan, fresh);
      const alone = new Server(plan, fresh, own.evaluationKeys);
      using model2 =
        model === "plain"
          ? alone.loadPlain(network, { calibration })
          : alone.load(new ModelOwner(plan, own.publicKey).encrypt(network, { calibration }));
      using input = own.encrypt(calibration[0]);
      await fresh.idle();
      const held = fresh.statistics().bytesInUse;
      using _result = await alone.run(model2, input);
      const inputs = input.ciphertexts.reduce(
        (sum, { parts }) => sum + parts.reduce((n, { bytes }) => n + bytes, 0),
        0,
      );
      const peak = fresh.statistics().peakBytes - held + inputs;
      expect(image / peak).toBeGreaterThan(0.8);
      expect(image / peak).toBeLessThan(1.5);
    } finally {
      await fresh.close();
    }
  }
});

/** The way out of what that throws. */
function fixOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as ParameterError).fix;
  }
  throw new Error("nothing was thrown");
}

test("throughput mode keeps to maxMemoryBytes, too", () => {
  const small = randomNetwork([1, 4, 4], ["flatten", { linear: 2 }], 3);
  const options = { model: "plain", optimize: "throughput" } as const;
  const { keys, model, image } = compile(small, options).memory;
  const whole = keys + model + image;
  expect(compile(small, { ...options, maxMemoryBytes: whole }).images).toBe(4096);
  expect(() => compile(small, { ...options, maxMemoryBytes: whole - 1 })).toThrow(ParameterError);
});

test("what a device cannot hold is refused before it is made", async () => {
  const plan = compile(network);
  const tight = await openCpuDevice({ memoryLimit: 64 * 2 ** 20 });
  try {
    const options = { device: tight, calibration: [randomImage(network, 1)] };
    const stages = new Set<string>();
    const onProgress = ({ stage }: Opening) => stages.add(stage);
    await expect(EncryptedNetwork.open(network, { ...options, onProgress })).rejects.toThrow(ParameterError);
    expect(stages.has("keys")).toBe(false);
    const keys = await SecretHolder.create(tight, plan.parameters);
    const owner = new ModelOwner(plan, keys.publicKey);
    expect(() => owner.encrypt(network, { calibration: options.calibration })).toThrow(/the model takes \d+ MB/);
    keys[Symbol.dispose]();
  } finally {
    await tight.close();
  }
});

test("what does not fit a budget is refused with what it takes, and what does is planned within it", () => {
  const plan = compile(network);
  const bytes = (modelSize(plan).limbs * 30 * 2 ** plan.parameters.logN) / 8;
  expect(compile(network, { maxModelBytes: bytes }).identity).toBe(plan.identity);
  expect(() => compile(network, { maxModelBytes: 1e6 })).toThrow(ParameterError);
  expect(() => compile(network, { maxModelBytes: 1e6 })).toThrow(
    /^the model takes \d+ MB .* maxModelBytes allows 1\.0 MB$/,
  );
  const { keys, model, image } = plan.memory;
  const whole = keys + model + image;
  expect(compile(network, { maxMemoryBytes: whole }).identity).toBe(plan.identity);
  const fewer = compile(network, { maxMemoryBytes: whole - 1 });
  expect(fewer.productRotations).toEqual([]);
  expect(fewer.memory.keys).toBeLessThan(keys);
  expect(() => compile(network, { maxMemoryBytes: 2 ** 20 })).toThrow(
    /keys, model and an image take \d+ MB .* allows 1\.0 MB/,
  );
  expect(fixOf(() => compile(network, { maxModelBytes: 1e6 }))).toMatch(/model: "plain"/);
  expect(fixOf(() => compile(network, { model: "plain", maxModelBytes: 1e6 }))).not.toMatch(/plain/);
  for (const wrong of [-1, Number.NaN, "12", null]) {
    expect(() => compile(network, { maxModelBytes: wrong as number })).toThrow(
      /^maxModelBytes: a number of bytes was expected/,
    );
    expect(() => compile(network, { maxMemoryBytes: wrong as number })).toThrow(/^maxMemoryBytes: a number/);
  }
});
