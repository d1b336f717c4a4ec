import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Polynomial } from "../../src/ckks/circuits/polynomial.js";
import { ParameterError, UnsupportedLayerError } from "../../src/errors.js";
import type { ActivationName, Layer, Network } from "../../src/nn/graph/network.js";
import { compile, fitActivations, interpret, KeyHolder, ModelOwner, Randomness, Server } from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { networkOf, RandomLayers, randomImage, uniform } from "./random-network.js";

/** Two blocks with activations, the second around a skip connection. */
function network(first: ActivationName, second: ActivationName): Network {
  const make = new RandomLayers(uniform(5));
  const same = [1, 1, 1, 1];
  const layers: Layer[] = [
    make.conv(1, 3, [3, 3], [1, 1], same),
    { op: "activation", name: first },
    make.conv(3, 3, [3, 3], [1, 1], same),
    { op: "add", inputs: [3, 1] },
    { op: "activation", name: second },
    { op: "globalAvgPool" },
    { op: "flatten" },
    make.linear(3, 3),
  ];
  return networkOf([1, 6, 6], layers);
}
const images = (of: Network) => Array.from({ length: 24 }, (_, k) => randomImage(of, k).map((value) => 2 * value));

/** The only layer of it: one number in, one out. */
function single(name: ActivationName): Network {
  const linear: Layer = {
    op: "linear",
    inFeatures: 1,
    outFeatures: 1,
    weights: Float64Array.of(1),
    bias: Float64Array.of(0),
  };
  return { ...networkOf([1], [{ op: "activation", name }, linear]), classes: 2 };
}

describe("a fitted network", () => {
  test("ReLU over a standard Gaussian is x²/√8π + x/2 + 1/√8π, and the report says by how much it errs", () => {
    // 4,001 quantiles of the Gaussian, by its own sums.
    const values: number[] = [];
    const total = 12_000;
    for (let k = -500; k <= 500; k++) {
      const times = Math.round((total * Math.exp(-((k / 100) ** 2) / 2)) / (100 * Math.sqrt(2 * Math.PI)));
      for (let i = 0; i < times; i++) values.push(k / 100);
    }
    const relu = single("relu");
    const { network: fitted, report } = fitActivations(
      relu,
      values.map((value) => [value]),
      { margin: 1 },
    );
    const [quad] = fitted.layers as Extract<Layer, { op: "quad" }>[];
    const wanted = 1 / Math.sqrt(8 * Math.PI);
    expect(quad.op).toBe("quad");
    for (const [got, exact] of [
      [quad.a[0], wanted],
      [quad.b[0], 0.5],
      [quad.c[0], wanted],
    ]) {
      expect(Math.abs(got - exact)).toBeLessThan(3e-3);
    }
    const off = values.map((value) => Math.abs(interpret(fitted, [value])[0] - Math.max(value, 0)));
    expect(report.gap.largest).toBeCloseTo(Math.max(...off), 12);
    expect(report.gap.rms).toBeCloseTo(Math.sqrt(off.reduce((sum, each) => sum + each ** 2, 0) / off.length), 12);
    expect(report.layers).toMatchObject([{ index: 0, name: "relu", degree: 2, levels: 1 }]);
    expect(report.describe()).toMatch(/layer 0: relu on \[.*\] is of degree 2, 1 level;/);
  });

  test("by degree, by depth, by error: what was asked for, and its range is twice that of the images", () => {
    const sigmoid = single("sigmoid");
    const few = [[-4], [4]];
    for (const [options, degree] of [
      [{ degree: 7 }, 7],
      [{ depth: 4 }, 15],
      [{ depth: 1 }, 2],
      [{}, 3],
    ] as const) {
      const { report } = fitActivations(sigmoid, few, options);
      expect(report.layers[0].degree).toBe(degree);
    }
    const { network: fitted, report } = fitActivations(sigmoid, few, { error: 0.01 });
    const [{ range, largestError, degree, levels }] = report.layers;
    expect(range[0]).toBeCloseTo(-8, 1);
    expect(range[1]).toBeCloseTo(8, 1);
    expect(largestError).toBeLessThan(0.0101);
    expect(levels).toBe(Math.ceil(Math.log2(degree + 1)));
    for (let x = -8; x <= 8; x += 0.125) {
      expect(Math.abs(interpret(fitted, [x])[0] - 1 / (1 + Math.exp(-x)))).toBeLessThan(0.0101);
    }
  });

  test("a polynomial of one's own, a clip that nothing reaches, a network without activations", () => {
    const own = Polynomial.monomial([0, 0.5, 0.25]);
    const { network: fitted } = fitActivations(single("relu"), [[1]], { replace: { relu: own } });
    expect(interpret(fitted, [2])[0]).toBe(2);
    const clip = single("clip");
    const wide: Network = {
      ...clip,
      layers: [{ op: "activation", name: "clip", parameters: [-9, 9] }, clip.layers[1]],
    };
    expect(fitActivations(wide, [[1], [-1]]).network.layers[0].op).toBe("affine");
    const plain = fitActivations(fitted, [[1]]);
    expect(plain.report.layers).toEqual([]);
    expect(plain.report.gap).toEqual({ largest: 0, rms: 0, agreement: 1 });
  });

  test("what cannot be is refused", () => {
    const relu = single("relu");
    for (const options of [
      { degree: 1 },
      { degree: 64 },
      { depth: 0 },
      { error: 0 },
      { margin: 0.5 },
      { degree: 2, error: 0.1 },
    ]) {
      expect(() => fitActivations(relu, [[1]], options), JSON.stringify(options)).toThrow(ParameterError);
    }
    expect(() => fitActivations(relu, [])).toThrow(ParameterError);
    expect(() => fitActivations(relu, [[Number.NaN]])).toThrow(ParameterError);
    expect(() => fitActivations(single("sigmoid"), [[-60], [60]], { error: 1e-6 })).toThrow(/errs by .* at degree 63/);
    expect(() => compile(relu)).toThrow(UnsupportedLayerError);
    expect(() => compile(relu)).toThrow(expect.objectContaining({ fix: expect.stringContaining("fitActivations") }));
  });
});

describe("encrypted, it gives what it gives in the clear", () => {
  let device: Device;
  beforeAll(async () => {
    device = await openCpuDevice();
  });
  afterAll(() => device.close());

  test.each([
    ["relu", "gelu", {}],
    ["silu", "sigmoid", { degree: 3 }],
    ["tanh", "relu", { depth: 3 }],
  ] as const)("%s and %s, %o", async (first, second, options) => {
    const original = network(first, second);
    const { network: fitted, report } = fitActivations(original, images(original), options);
    expect(report.layers.map(({ name }) => name)).toEqual([first, second]);
    const plan = compile(fitted);
    using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
    const server = new Server(plan, device, holder.evaluationKeys);
    const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
    using model = server.load(owner.encrypt(fitted, { calibration: images(original) }));
    for (const image of images(original).slice(0, 2)) {
      using result = await server.run(model, holder.encrypt(image));
      const logits = await holder.decrypt(result);
      for (const [k, logit] of interpret(fitted, image).entries())
        expect(Math.abs(logits[k] - logit)).toBeLessThan(2e-3);
    }
  });
});
