import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Ciphertext, stateOf } from "../../src/ckks/ciphertext.js";
import type { EvaluationKeys } from "../../src/ckks/keys/evaluation-keys.js";
import { KeyHolder as SecretHolder } from "../../src/ckks/keys/holder.js";
import { Randomness } from "../../src/ckks/randomness.js";
import { KeyMismatchError, LevelError, MissingKeyError, ParameterError } from "../../src/errors.js";
import { compile, EncryptedImage, EncryptedResult, KeyHolder, ModelOwner, Server } from "../../src/nn/index.js";
import { Model } from "../../src/nn/model.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { type Brick, randomImage, randomNetwork } from "./random-network.js";

const bricks: Brick[] = [{ conv: 3, kernel: 3, padding: 1 }, "quad", "gap", "flatten", { linear: 2 }];
const network = randomNetwork([1, 6, 6], bricks, 6);
const image = randomImage(network, 1);
const calibration = [image];
const plan = compile(network);

let device: Device;
let holder: KeyHolder;
let server: Server;
let model: ReturnType<ModelOwner["encrypt"]>;
let input: EncryptedImage;
let result: EncryptedResult;
/** The same secret key in the layer below, which encrypts anything at any level. */
let secret: SecretHolder;

beforeAll(async () => {
  device = await openCpuDevice();
  holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  secret = await SecretHolder.create(device, plan.parameters, Randomness.seededUnsafe(1));
  server = new Server(plan, device, holder.evaluationKeys);
  model = server.load(
    new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2)).encrypt(network, { calibration }),
  );
  input = holder.encrypt(image);
  result = await server.run(model, input);
});
afterAll(() => device.close());

/** One field of a ciphertext changed, its limbs shared. */
function altered(ct: Ciphertext, change: Partial<ReturnType<typeof stateOf>> & { parts?: Ciphertext["parts"] }) {
  return new Ciphertext(change.parts ?? ct.parts, { ...stateOf(ct), ...change });
}

describe("a result is looked at before it is decrypted", () => {
  const both = { image: true, model: true };
  const withLogits = (logits: readonly Ciphertext[]) => new EncryptedResult(plan.identity, logits, 1, both);

  test("an output scale that calibration never gives", async () => {
    for (const scale of [Number.NaN, -1, 0, 0.5, 3, Number.POSITIVE_INFINITY, 2 ** 1023, "2", undefined]) {
      expect(() => new EncryptedResult(plan.identity, result.ciphertexts, scale as number, both)).toThrow(
        ParameterError,
      );
      const forged = Object.assign(withLogits(result.ciphertexts), { outputScale: scale });
      await expect(holder.decrypt(forged)).rejects.toThrow(/outputScale .* is not a power of two/);
      expect(() => new Model(plan.identity, model.steps, scale as number, model.fingerprint)).toThrow(ParameterError);
    }
  });

  test("another number of ciphertexts", async () => {
    const [logit] = result.ciphertexts;
    for (const logits of [
      [logit, logit],
      [logit, logit, logit],
    ]) {
      await expect(holder.decrypt(withLogits(logits))).rejects.toThrow(/the result has . ciphertexts, the plan 1/);
    }
  });

  test("flags that contradict the plan", async () => {
    for (const encrypted of [
      { image: false, model: true },
      { image: true, model: false },
    ]) {
      const forged = new EncryptedResult(plan.identity, result.ciphertexts, 1, encrypted);
      await expect(holder.decrypt(forged)).rejects.toThrow(ParameterError);
    }
  });

  test("ciphertexts of another level, state, width, key or number of parts", async () => {
    const [logit] = result.ciphertexts;
    const refusals: [Ciphertext, new (...args: never[]) => Error][] = [
      [secret.encrypt([1], { level: 1 }), LevelError],
      [altered(logit, { level: 1 }), LevelError],
      [altered(logit, { state: "product" }), LevelError],
      [altered(logit, { parts: [...logit.parts, ...logit.parts] }), LevelError],
      [altered(logit, { slots: 8 }), ParameterError],
      [altered(logit, { slots: plan.program.slots / 2 }), ParameterError],
      [altered(secret.encrypt([1], { level: 1 }), { level: 0 }), ParameterError],
      [altered(logit, { fingerprint: "00" }), KeyMismatchError],
    ];
    for (const [forged, error] of refusals) {
      await expect(holder.decrypt(withLogits([forged]))).rejects.toThrow(error);
    }
  });

  test("a ciphertext of another device, whole or in part: nothing is decrypted", async () => {
    const elsewhere = await openCpuDevice();
    const foreign = (await SecretHolder.create(elsewhere, plan.parameters)).encrypt([1], { level: 0 });
    const [logit] = result.ciphertexts;
    const read = vi.spyOn(device, "read");
    for (const parts of [foreign.parts, [logit.parts[0], foreign.parts[1]]]) {
      const forged = altered(logit, { parts });
      await expect(holder.decrypt(withLogits([forged]))).rejects.toThrow(/ciphertext 0 .* is on another device/);
    }
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
    await elsewhere.close();
  });

  test("one that was disposed of, in part or whole", async () => {
    using again = await server.run(model, input);
    again.ciphertexts[0][Symbol.dispose]();
    await expect(holder.decrypt(again)).rejects.toThrow(/disposed of/);
  });
});

describe("an image is looked at before anything is computed", () => {
  test("of another level, state, width or key", async () => {
    const [ciphertext, ...rest] = input.ciphertexts;
    const refusals: [Ciphertext, new (...args: never[]) => Error][] = [
      [secret.encrypt([1], { level: 0 }), LevelError],
      [altered(ciphertext, { state: "product" }), LevelError],
      [altered(ciphertext, { slots: 16 }), ParameterError],
      [altered(ciphertext, { fingerprint: "00" }), KeyMismatchError],
    ];
    for (const [forged, error] of refusals) {
      await expect(server.run(model, new EncryptedImage(plan.identity, [forged, ...rest]))).rejects.toThrow(error);
    }
    expect(() => new EncryptedImage(plan.identity, [])).toThrow(RangeError);
    const more = new EncryptedImage(plan.identity, [...input.ciphertexts, ciphertext]);
    await expect(server.run(model, more)).rejects.toThrow(/the image has \d ciphertexts, the plan \d/);
    using gone = holder.encrypt(image);
    gone[Symbol.dispose]();
    await expect(server.run(model, gone)).rejects.toThrow(/disposed of/);
    await expect(server.run(model, ciphertext as never)).rejects.toThrow(TypeError);
  });
});

describe("a model is looked at when it is loaded, and when it runs", () => {
  const refused = async (steps: typeof model.steps, error: new (...args: never[]) => Error) => {
    const forged = new Model(plan.identity, steps, 1, model.fingerprint);
    expect(() => server.load(forged)).toThrow(error);
    await expect(server.run(forged, input)).rejects.toThrow(error);
  };
  const [first] = plan.program.steps;
  const bias = () => model.steps[0][model.steps[0].length - 1];

  test("steps that are missing, of another kind, or with fewer vectors", async () => {
    expect(first.op).toBe("linear");
    await refused([], ParameterError);
    await refused(model.steps.toReversed(), ParameterError);
    await refused([model.steps[0].slice(1), ...model.steps.slice(1)], ParameterError);
    await refused([[...model.steps[0], bias()], ...model.steps.slice(1)], ParameterError);
  });

  test("vectors of another level, width, key, or none at all", async () => {
    const withBias = (forged: Ciphertext) => [[...model.steps[0].slice(0, -1), forged], ...model.steps.slice(1)];
    await refused(withBias(altered(bias(), { level: bias().level + 1 })), LevelError);
    await refused(withBias(altered(bias(), { slots: 2 })), ParameterError);
    await refused(withBias(altered(bias(), { fingerprint: "00" })), KeyMismatchError);
    await refused(withBias(undefined as never), TypeError);
  });

  test("a vector with its second half on another device", async () => {
    const elsewhere = await openCpuDevice();
    const { level, parts } = bias();
    const foreign = (await SecretHolder.create(elsewhere, plan.parameters)).encrypt([1], { level });
    const forged = altered(bias(), { parts: [parts[0], foreign.parts[1]] });
    const steps = [[...model.steps[0].slice(0, -1), forged], ...model.steps.slice(1)];
    expect(() => server.load(new Model(plan.identity, steps, 1, model.fingerprint))).toThrow(/is on another device/);
    await elsewhere.close();
  });

  test("one that was disposed of", async () => {
    const other = new ModelOwner(plan, holder.publicKey).encrypt(network, { calibration });
    other[Symbol.dispose]();
    expect(() => server.load(other)).toThrow(/disposed of/);
  });
});

describe("keys are looked at when the server opens", () => {
  const keysFor = (request: Parameters<SecretHolder["evaluationKeys"]>[0]) => secret.evaluationKeys(request);
  const relinearize = plan.relinearizationLevel;
  const { productRotations, rotations } = plan;
  const { conjugate } = plan.evaluationKeyRequest;
  const limited = (keys: EvaluationKeys) => Server.withMemoryLimit(plan, device, keys, { memoryLimit: 2 ** 20 });

  test.each([
    ["no rotation", { relinearize }, /no key for the rotation by \d+ at level \d+, .* and \d+ more/],
    [
      "no relinearisation",
      { relinearize: false, rotations, productRotations, conjugate },
      /no key for the relinearisation at level 3$/,
    ],
    ["no conjugation", { relinearize, rotations, productRotations }, /no key for conjugation at level 3$/],
    [
      "a conjugation that ends too low",
      { relinearize, rotations, productRotations, conjugate: [2] },
      /no key for conjugation at level 3 \(it reaches 2\)$/,
    ],
    [
      "a relinearisation that ends too low",
      { relinearize: 1, rotations, productRotations, conjugate },
      /\(it reaches 1\)/,
    ],
    [
      "rotations that end too low",
      {
        relinearize,
        rotations: new Map([...rotations].map(([step]) => [step, 0] as const)),
        productRotations,
        conjugate,
      },
      /\(it reaches 0\)/,
    ],
    [
      "one rotation less",
      { relinearize, rotations: new Map([...rotations].slice(1)), productRotations, conjugate },
      new RegExp(`the rotation by ${[...plan.rotations.keys()][0]} at level`),
    ],
  ] as const)("%s", async (_, request, message) => {
    using keys = keysFor(request);
    expect(() => new Server(plan, device, keys)).toThrow(MissingKeyError);
    expect(() => new Server(plan, device, keys)).toThrow(message);
    await expect(limited(keys)).rejects.toThrow(message);
    for (const { b } of keys.all.flatMap(({ digits }) => digits)) b.requireAlive(); // not taken apart
  });

  test("no key for products that are rotated, where the plan counts on them", async () => {
    const deeper = randomNetwork([1, 8, 8], [{ conv: 4 }, "quad", { conv: 8 }, "quad", "flatten", { linear: 2 }], 6);
    const counting = compile(deeper);
    expect(counting.productRotations.length).toBeGreaterThan(0);
    expect(compile(deeper, { maxKeyBytes: 0 }).productRotations.length).toBe(0);
    using other = await SecretHolder.create(device, counting.parameters, Randomness.seededUnsafe(1));
    using keys = other.evaluationKeys({ ...counting.evaluationKeyRequest, productRotations: [] });
    expect(() => new Server(counting, device, keys)).toThrow(/no key for products that are rotated by \d+ at level/);
  });

  test("keys that cover more than the plan will do", () => {
    using keys = keysFor({ rotations: [...plan.rotations.keys(), 77], productRotations, conjugate: true });
    expect(() => new Server(plan, device, keys)).not.toThrow();
  });

  test("keys that another server has taken over", async () => {
    const keys = keysFor({ relinearize, rotations, productRotations, conjugate });
    await limited(keys);
    expect(() => new Server(plan, device, keys)).toThrow(/disposed of/);
  });

  test("a plan without a product of ciphertexts needs no relinearisation key, and none is made", async () => {
    const linear = randomNetwork([1, 6, 6], ["flatten", { linear: 2 }], 6);
    const plain = compile(linear, { model: "plain" });
    expect(plain.relinearizationLevel).toBe(false);
    using alice = await KeyHolder.create(plain, device);
    expect(alice.evaluationKeys.relinearization).toBeUndefined();
    const bob = new Server(plain, device, alice.evaluationKeys);
    using own = bob.loadPlain(linear, { calibration });
    using out = await bob.run(own, alice.encrypt(image));
    expect(await alice.decrypt(out)).toHaveLength(2);
  });
});
