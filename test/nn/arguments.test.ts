/** Wrong arguments of everything public in nn that computes: one clear error each, and nothing that is silently taken. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Randomness } from "../../src/ckks/randomness.js";
import { BlindsightError, ParameterError } from "../../src/errors.js";
import {
  calibrate,
  compile,
  describe as describePlan,
  EncryptedImage,
  EncryptedResult,
  encodeInput,
  fold,
  foldFor,
  importOnnx,
  interpret,
  interpretFolded,
  KeyHolder,
  ModelOwner,
  materialize,
  modelSize,
  Plan,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { type Brick, randomImage, randomNetwork } from "./random-network.js";

const bricks: Brick[] = [{ conv: 3, kernel: 3, padding: 1 }, "quad", "gap", "flatten", { linear: 2 }];
const network = randomNetwork([1, 6, 6], bricks, 6);
/** As large in every map, with another kernel: its weights would meet other pixels. */
const sibling = randomNetwork([1, 6, 6], [{ conv: 3, kernel: 1 }, ...bricks.slice(1)], 6);
const image = randomImage(network, 1);
const calibration = [image];
const plan = compile(network);

let device: Device;
let holder: KeyHolder;
let server: Server;
beforeAll(async () => {
  device = await openCpuDevice();
  holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  server = new Server(plan, device, holder.evaluationKeys);
});
afterAll(() => device.close());

/** One error with words of ours in it: not one that JavaScript makes when it stumbles over undefined. */
function expectClear(work: () => unknown): void {
  let error: unknown;
  try {
    work();
  } catch (thrown) {
    error = thrown;
  }
  requireClear(error, work);
}

async function expectClearLater(work: () => Promise<unknown>): Promise<void> {
  const error = await work().catch((thrown: unknown) => thrown);
  requireClear(error, work);
}

function requireClear(error: unknown, work: () => unknown): void {
  const ours = error instanceof BlindsightError || error instanceof TypeError || error instanceof RangeError;
  expect(ours, `${work}: ${error}`).toBe(true);
  expect((error as Error).message, `${work}`).not.toMatch(
    /undefined \(reading|destructure|not iterable|not a function|Invalid|null \(/,
  );
}

const nonsense: unknown[] = [undefined, null, "text", 7, {}, [], new Uint8Array(4), Promise.resolve()];
const any = (value: unknown) => value as never;

describe("images", () => {
  test("doubles, floats and plain arrays are the same image", async () => {
    const model = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2)).encrypt(network, { calibration });
    const floats = Float32Array.from(image);
    for (const same of [floats, Float64Array.from(floats), Array.from(floats)]) {
      using input = holder.encrypt(same);
      using result = await server.run(model, input);
      const logits = await holder.decrypt(result);
      const clear = interpret(network, Float64Array.from(floats));
      for (const [j, logit] of logits.entries()) expect(Math.abs(logit - clear[j])).toBeLessThan(1e-3);
      expect(encodeInput(plan.program, same)).toEqual(encodeInput(plan.program, floats));
      expect(calibrate(fold(network).folded, [same])).toEqual(calibrate(fold(network).folded, [floats]));
    }
  });

  test("anything else is refused, wherever an image is taken", () => {
    const { folded } = fold(network);
    const { weights } = weightsFor(plan, network, { calibration });
    const wrong = [
      ...nonsense,
      image.slice(1),
      [...image, 0],
      image.map((value, i) => (i === 5 ? Number.NaN : value)),
      [...image].map((value, i) => (i === 5 ? Number.POSITIVE_INFINITY : value)),
      [...image].map((value, i) => (i === 5 ? "1" : value)),
      Uint8Array.from(image),
      new BigInt64Array(36),
      [[...image]],
    ];
    for (const value of wrong) {
      expectClear(() => holder.encrypt(any(value)));
      expectClear(() => encodeInput(plan.program, any(value)));
      expectClear(() => interpret(network, any(value)));
      expectClear(() => interpretFolded(folded, any(value)));
      expectClear(() => simulate(plan.program, weights, any(value)));
      expectClear(() => calibrate(folded, [any(value)]));
      expectClear(() => calibrate(folded, [image, any(value)]));
    }
    expect(() => holder.encrypt(any(new Uint8Array(36)))).toThrow(/pixels v enter as/);
    expect(() => calibrate(folded, any(image))).toThrow(/calibration image 0/);
    for (const value of nonsense) expectClear(() => calibrate(folded, any(value)));
  });
});

describe("plans, networks and options", () => {
  test("what is no plan", async () => {
    for (const value of [...nonsense, network, plan.program]) {
      await expectClearLater(() => KeyHolder.create(any(value), device));
      expectClear(() => new ModelOwner(any(value), holder.publicKey));
      expectClear(() => new Server(any(value), device, holder.evaluationKeys));
      expectClear(() => foldFor(any(value), network));
      for (const tell of [describePlan, modelSize])
        expect(() => tell(any(value))).toThrow(/^plan: what compile\(network\)/);
      await expectClearLater(() =>
        Server.withMemoryLimit(any(value), device, holder.evaluationKeys, { memoryLimit: 0 }),
      );
    }
    expectClear(() => new Plan({ ...plan, program: any(undefined) }));
    expectClear(() => new Plan({ ...plan, parameters: any(undefined) }));
    expectClear(() => new Plan({ ...plan, program: { ...plan.program, slots: 8 } }));
    expectClear(() => new Plan({ ...plan, model: any("secret") }));
  });

  test("what is no file", () => {
    for (const value of [undefined, "model.onnx", new ArrayBuffer(8), [8, 1], Promise.resolve()]) {
      expect(() => importOnnx(any(value))).toThrow(
        /^bytes: a Uint8Array with the content of an .onnx file was expected/,
      );
    }
    expect(() => importOnnx(any(new ArrayBuffer(8)))).toThrow(/not an ArrayBuffer$/);
  });

  test("what is no network", () => {
    for (const value of [...nonsense, { layers: [] }, { input: network.input }]) {
      expectClear(() => compile(any(value)));
      expectClear(() => weightsFor(plan, any(value), { calibration }));
      expectClear(() => new ModelOwner(plan, holder.publicKey).encrypt(any(value), { calibration }));
    }
  });

  test("options that there are not", () => {
    for (const model of ["plian", 1, null, true]) expectClear(() => compile(network, { model: any(model) }));
    for (const fold of [{ squares: false }, { square: 0 }, { square: "no" }])
      expectClear(() => compile(network, { fold: any(fold) }));
    for (const options of [
      ...nonsense,
      { calibration: undefined },
      { calibration: 1 },
      { calibration: "image" },
      { calibration: image },
    ]) {
      expectClear(() => new ModelOwner(plan, holder.publicKey).encrypt(network, any(options)));
    }
  });

  test("weights of a network with other kernels, though all of its maps are as large", () => {
    expect(() => weightsFor(plan, sibling, { calibration })).toThrow(ParameterError);
    expect(() => new ModelOwner(plan, holder.publicKey).encrypt(sibling, { calibration })).toThrow(
      /planned for another network/,
    );
    const { folded } = fold(sibling);
    expect(() => materialize(plan.program, folded, calibrate(folded, calibration))).toThrow(ParameterError);
  });

  test("factors of another network", () => {
    const { folded } = fold(network);
    const factors = calibrate(folded, calibration);
    for (const wrong of [
      { ...factors, scales: factors.scales.slice(1) },
      { ...factors, scales: factors.scales.map(() => Number.NaN) },
      { ...factors, outputScale: -1 },
    ]) {
      expect(() => materialize(plan.program, folded, wrong)).toThrow(ParameterError);
    }
  });
});

describe("devices, keys and what is exchanged", () => {
  test("what is no device", async () => {
    for (const value of nonsense) {
      await expectClearLater(() => KeyHolder.create(plan, any(value)));
      expectClear(() => new Server(plan, any(value), holder.evaluationKeys));
    }
    const promise = any(openCpuDevice().then((late) => late.close()));
    await expect(KeyHolder.create(plan, promise)).rejects.toThrow(/await/);
  });

  test("what is no key", async () => {
    for (const value of [...nonsense, holder.publicKey, holder]) {
      expectClear(() => new Server(plan, device, any(value)));
      await expectClearLater(() => Server.withMemoryLimit(plan, device, any(value), { memoryLimit: 0 }));
    }
    for (const value of [...nonsense, holder.evaluationKeys]) expectClear(() => new ModelOwner(plan, any(value)));
    for (const options of [
      undefined,
      null,
      {},
      { memoryLimit: -1 },
      { memoryLimit: "1" },
      { memoryLimit: Number.NaN },
    ]) {
      await expectClearLater(() => Server.withMemoryLimit(plan, device, holder.evaluationKeys, any(options)));
    }
  });

  test("what is no image, model or result", async () => {
    using input = holder.encrypt(image);
    using model = new ModelOwner(plan, holder.publicKey).encrypt(network, { calibration });
    for (const value of [...nonsense, input.ciphertexts[0], plan]) {
      await expectClearLater(() => server.run(any(value), input));
      await expectClearLater(() => server.run(model, any(value)));
      await expectClearLater(() => holder.decrypt(any(value)));
      expectClear(() => server.load(any(value)));
    }
    for (const value of nonsense.filter((each) => typeof each !== "string")) {
      expectClear(() => new EncryptedImage(any(value), input.ciphertexts));
      expectClear(() => new EncryptedImage(plan.identity, any(value)));
      expectClear(() => new EncryptedResult(plan.identity, [any(value)], 1, { image: true, model: true }));
      expectClear(() => new EncryptedResult(plan.identity, [], 1, any(value)));
    }
  });

  test("a key holder that was disposed of", async () => {
    const gone = await KeyHolder.create(plan, device);
    const publicKey = gone.publicKey;
    using model = new ModelOwner(plan, publicKey).encrypt(network, { calibration });
    using input = gone.encrypt(image);
    using result = await new Server(plan, device, gone.evaluationKeys).run(model, input);
    gone[Symbol.dispose]();
    expect(() => gone.encrypt(image)).toThrow(/disposed of/);
    expect(() => new ModelOwner(plan, publicKey).encrypt(network, { calibration })).toThrow(/disposed of/);
    expect(() => new Server(plan, device, gone.evaluationKeys)).toThrow(/disposed of/);
    await expect(gone.decrypt(result)).rejects.toThrow(/disposed of/);
  });
});
