import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Randomness } from "../../src/ckks/randomness.js";
import { ParameterError, UnsupportedLayerError } from "../../src/errors.js";
import {
  compile,
  foldFor,
  interpret,
  KeyHolder,
  type Layer,
  ModelOwner,
  modelSize,
  type Network,
  Server,
  weightsFor,
} from "../../src/nn/index.js";
import { planProgram } from "../../src/nn/plan/plan.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { randomImage } from "./random-network.js";

const fill = (length: number, value = 0.1) => new Float64Array(length).fill(value);
const flat: Layer = { op: "flatten" };
const gap: Layer = { op: "globalAvgPool" };
const quad = (channels: number): Layer => ({ op: "quad", a: fill(channels), b: fill(channels), c: fill(channels) });

function linear(inFeatures: number, outFeatures: number, weight = 0.1): Layer {
  return {
    op: "linear",
    inFeatures,
    outFeatures,
    weights: fill(inFeatures * outFeatures, weight),
    bias: fill(outFeatures),
  };
}

function conv(inChannels: number, outChannels: number, size: number, weight = 0.1, padding = 0, stride = 1): Layer {
  return {
    op: "conv",
    inChannels,
    outChannels,
    kernel: [size, size],
    stride: [stride, stride],
    dilation: [1, 1],
    padding: { before: [padding, padding], after: [padding, padding] },
    groups: 1,
    weights: fill(inChannels * outChannels * size * size, weight),
    bias: Float64Array.from({ length: outChannels }, (_, i) => i + 0.5),
  };
}

function batchNorm(channels: number): Layer {
  return {
    op: "batchNorm",
    gamma: fill(channels),
    beta: fill(channels),
    mean: fill(channels),
    variance: fill(channels),
    epsilon: 1e-5,
  };
}

function networkOf(channels: number, height: number, layers: readonly Layer[], classes = 2): Network {
  const labels = Array.from({ length: classes }, (_, i) => `class ${i}`);
  const card = { name: "made up", labels, positive: 0, threshold: 0.5, input: { scale: 1, offset: 0 } };
  return { input: [channels, height, height], layers, classes, card };
}

/** Most bytes that planning may take in all for a network that is refused. */
const MOST_BYTES = 16 * 2 ** 20;

/** Counts what is asked for in arrays of numbers, and refuses beyond the bound: nothing large is really allocated. */
function countAllocations(): { bytes: number } {
  const count = { bytes: 0 };
  const counted = (length: unknown, size: number): void => {
    if (typeof length === "number") count.bytes += length * size;
    if (count.bytes > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes were asked for`);
  };
  for (const type of [Float64Array, Int32Array, Uint8Array]) {
    const from = (items: ArrayLike<number>, map?: (value: number, index: number) => number) => {
      counted(items.length, type.BYTES_PER_ELEMENT);
      return Reflect.apply(type.from, type, [items, map]) as unknown;
    };
    const handler: ProxyHandler<typeof type> = {
      construct: (target, [first, ...rest]) => {
        counted(first, type.BYTES_PER_ELEMENT);
        return Reflect.construct(target, [first, ...rest]) as object;
      },
      get: (target, key) => (key === "from" ? from : Reflect.get(target, key)),
    };
    vi.stubGlobal(type.name, new Proxy(type, handler));
  }
  return count;
}
afterEach(() => vi.unstubAllGlobals());

test("a layer of more diagonals than vectors are allowed is planned where pairs leave few enough", () => {
  const network = networkOf(1, 65, [conv(1, 1, 65, 2 ** -8, 32), quad(1), flat, linear(4225, 2, 2 ** -8)]);
  const plan = compile(network, { model: "plain" });
  const [first] = plan.program.steps.filter((step) => step.op === "linear");
  expect(first.pair).toBeDefined();
  const products = first.groups.reduce((sum, { terms }) => sum + terms.length, 0);
  expect(products).toBeGreaterThanOrEqual((65 * 65) / 2);
  expect(products).toBeLessThanOrEqual(2 ** 12);
  expect(() => foldFor(plan, network)).not.toThrow(); // which has every diagonal, and each once
});

test("a first layer of too many diagonals is planned where its taps can be laid out", () => {
  const network = networkOf(1, 128, [conv(1, 1, 127, 0.1, 63, 64), quad(1), flat, linear(4, 2)]);
  const plan = compile(network, { model: "plain" });
  expect(plan.program.taps).toBeDefined();
  expect(() => foldFor(plan, network)).not.toThrow();
});

test("more levels than any ring holds: the way out is the network's, and with several images fewer of them", () => {
  const deep = Array.from({ length: 30 }, () => [conv(1, 1, 3, 0.1, 1), quad(1)]).flat();
  const refused = (work: () => unknown): UnsupportedLayerError => {
    try {
      work();
    } catch (error) {
      return error as UnsupportedLayerError;
    }
    throw new Error("nothing was refused");
  };
  const levels = refused(() => compile(networkOf(1, 4, [...deep, flat, linear(16, 2)])));
  expect(levels).toBeInstanceOf(UnsupportedLayerError);
  expect(levels.message).toMatch(/^the network takes \d+ levels: /);
  expect(levels.fix).toMatch(/fewer layers/);
  const wide = networkOf(8, 32, [conv(8, 8, 3, 0.1, 1), quad(8), flat, linear(8192, 2)]);
  expect(refused(() => compile(wide, { images: 1024 })).fix).toMatch(/^take fewer images at once/);
});

describe("what would be large is refused before it is allocated", () => {
  const cases: [string, () => Network, RegExp][] = [
    ["a bias map of 3.2 GB", () => networkOf(1, 20_000, [conv(1, 1, 1), gap, flat, linear(1, 2)]), /20000×20000/],
    [
      "a map that padding made large",
      () => networkOf(1, 1, [conv(1, 1, 1, 0.1, 10_000), gap, flat, linear(1, 2)]),
      /layer 1/,
    ],
    ["a matrix of 3.2 GB", () => networkOf(1, 20_000, [gap, flat, linear(1, 2)]), /20000×20000/],
    [
      "a matrix of 4 GiB behind a pooling",
      () => networkOf(1, 128, [gap, flat, linear(1, 32_768), quad(32_768), linear(32_768, 2)]),
      /2\^24/,
    ],
    [
      "matrix after matrix",
      () => networkOf(1, 128, [gap, flat, linear(1, 1), linear(1, 1), linear(1, 4096)], 4096),
      /2\^24/,
    ],
    [
      "a kernel as large as the map",
      () => networkOf(1, 128, [conv(1, 1, 127, 0.1, 63), quad(1), flat, linear(16_384, 2)]),
      /8065 weight vectors or more; 4096/,
    ],
    [
      "a hundred thousand layers",
      () =>
        networkOf(1, 1, [
          ...Array<Layer>(100_000).fill({ op: "avgPool", kernel: [1, 1], stride: [1, 1] }),
          flat,
          linear(1, 2),
        ]),
      /layers/,
    ],
  ];
  test.each(cases)("%s", (_, make, message) => {
    const network = make();
    const count = countAllocations();
    expect(() => compile(network)).toThrow(UnsupportedLayerError);
    expect(() => compile(network)).toThrow(message);
    expect(count.bytes).toBeLessThanOrEqual(MOST_BYTES);
  });

  test("a network that is to be encrypted for the plan of another", () => {
    const plan = compile(networkOf(1, 4, [flat, linear(16, 2)]));
    const huge = networkOf(1, 20_000, [gap, flat, linear(1, 2)]);
    countAllocations();
    expect(() => weightsFor(plan, huge, { calibration: [] })).toThrow(UnsupportedLayerError);
  });

  test("slots that no ring has", () => {
    const folded = { input: [1, 1, 1], classes: 1, layers: [] };
    const ones = [1, 1];
    const term = { input: 0, kernel: ones, stride: ones, dilation: ones, before: [0, 0], groups: 1, weights: fill(1) };
    const layers = [{ op: "linear" as const, kind: "dense" as const, shape: [1], terms: [term], bias: fill(1) }];
    expect(() => planProgram({ ...folded, layers }, { slots: 2 ** 40 })).toThrow(ParameterError);
  });
});

describe("many channels are planned by those that meet, not by every pair of blocks", () => {
  test("30,000 batch norms, which took 27 s, 1.4 GB and then a Map of more than 2^24 entries", () => {
    const plan = compile(networkOf(30_000, 1, [batchNorm(30_000), quad(30_000), flat, linear(30_000, 2)]));
    expect(modelSize(plan).vectors).toBeLessThan(12);
  });

  test("pools of 2,048 channels", () => {
    const pool: Layer = { op: "avgPool", kernel: [3, 3], stride: [3, 3] };
    const plan = compile(networkOf(2048, 4, [pool, quad(2048), gap, flat, linear(2048, 2)]));
    expect(modelSize(plan).vectors).toBeLessThan(32);
  });
});

describe("a layer that is all zero gives its bias", () => {
  let device: Device;
  beforeAll(async () => {
    device = await openCpuDevice();
  });
  afterAll(() => device.close());

  const tail = [quad(3), flat, linear(12, 2)];
  const cases: [string, Network][] = [
    ["a convolution with all windows in the padding", networkOf(1, 1, [conv(1, 3, 1, 0.1, 1, 2), ...tail])],
    ["a convolution of zeros", networkOf(2, 4, [conv(2, 3, 3, 0), ...tail])],
    ["a matrix of zeros at the end", networkOf(1, 4, [conv(1, 3, 3), quad(3), flat, linear(12, 2, 0)])],
    ["a hidden matrix of zeros", networkOf(1, 3, [flat, linear(9, 12, 0), quad(12), linear(12, 2)])],
  ];
  for (const model of ["encrypted", "plain"] as const) {
    test.each(cases)(`%s, ${model}`, async (_, network) => {
      const plan = compile(network, { model });
      using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
      const server = new Server(plan, device, holder.evaluationKeys);
      const image = randomImage(network, 1);
      const options = { calibration: [image] };
      using made =
        model === "plain"
          ? server.loadPlain(network, options)
          : server.load(new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2)).encrypt(network, options));
      using result = await server.run(made, holder.encrypt(image));
      const logits = await holder.decrypt(result);
      for (const [j, logit] of interpret(network, image).entries())
        expect(Math.abs(logits[j] - logit)).toBeLessThan(1e-3);
    });
  }
});
