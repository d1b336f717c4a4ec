import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { compile, foldFor } from "../../src/nn/compile.js";
import { completed } from "../../src/nn/fold/curvature.js";
import { depthTable, fold, quadRanges } from "../../src/nn/fold.js";
import type { FoldedConv2d, FoldedNetwork, FoldOptions, Layer, Network, Quad } from "../../src/nn/graph.js";
import { interpret } from "../../src/nn/interpret.js";
import { interpretFolded } from "../../src/nn/interpret-folded.js";
import { networkOf, RandomLayers, randomChain, randomImage, rl3, uniform } from "./random-network.js";

const SETTINGS: FoldOptions[] = Array.from({ length: 16 }, (_, setting) => ({
  batchNorm: (setting & 1) !== 0,
  square: (setting & 2) !== 0,
  pooling: (setting & 4) !== 0,
  linear: (setting & 8) !== 0,
}));

/** Largest difference of logits, relative to max(1, |logit|). */
function difference(network: Network, folded: FoldedNetwork, image: Float64Array): number {
  const clear = interpret(network, image);
  const logits = interpretFolded(folded, image);
  expect(logits.length).toBe(clear.length);
  return clear.reduce(
    (worst, logit, i) => Math.max(worst, Math.abs(logit - logits[i]) / Math.max(1, Math.abs(logit))),
    0,
  );
}

function operators(network: Network, options?: Partial<FoldOptions>): string[] {
  return fold(network, options).folded.layers.map(({ op }) => op);
}

describe("fold", () => {
  it("fold(RL-3) = RL-3 to 1e-12, for every setting of the switches", () => {
    for (const seed of [1, 2, 3]) {
      const network = rl3(seed);
      for (const options of SETTINGS) {
        const { folded } = fold(network, options);
        expect(difference(network, folded, randomImage(network, seed)), JSON.stringify({ seed, options })).toBeLessThan(
          1e-12,
        );
      }
    }
  });

  it("fold(network) = network to 1e-12 for any chain, for every setting of the switches", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const network = randomChain(seed);
        const image = randomImage(network, seed + 1);
        for (const options of SETTINGS) {
          expect(difference(network, fold(network, options).folded, image), JSON.stringify(options)).toBeLessThan(
            1e-12,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  it("does not change the network that it folds", () => {
    const network = rl3(4);
    const before = JSON.stringify(network.layers.map((layer) => Object.values(layer).map(String)));
    for (const options of SETTINGS) fold(network, options);
    expect(JSON.stringify(network.layers.map((layer) => Object.values(layer).map(String)))).toBe(before);
  });

  it("RL-3 needs 15 levels as it is and 7 folded", () => {
    const table = depthTable(rl3(5));
    const depth = (on: Partial<FoldOptions>) => {
      const wanted = { batchNorm: false, square: false, pooling: false, linear: false, ...on };
      return table.find(({ options }) => JSON.stringify(options) === JSON.stringify(wanted))?.depth;
    };
    expect(table).toHaveLength(16);
    expect(depth({})).toBe(15);
    expect(depth({ batchNorm: true })).toBe(12);
    expect(depth({ square: true })).toBe(12);
    expect(depth({ pooling: true })).toBe(14);
    expect(depth({ linear: true })).toBe(14);
    expect(depth({ batchNorm: true, square: true })).toBe(9);
    expect(depth({ batchNorm: true, square: true, pooling: true, linear: true })).toBe(7);
  });

  it("a switch never costs a level", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const table = depthTable(randomChain(seed));
        for (const [setting, { depth }] of table.entries()) {
          for (const bit of [1, 2, 4, 8]) expect(table[setting | bit].depth).toBeLessThanOrEqual(depth);
        }
      }),
    );
  });

  it("RL-3 folded is conv–square three times, a sum pooling and one matrix", () => {
    expect(operators(rl3(6))).toEqual([
      "conv2d",
      "square",
      "conv2d",
      "square",
      "sumPool2d",
      "conv2d",
      "square",
      "dense",
    ]);
    expect(operators(rl3(6), { linear: false }).slice(-2)).toEqual(["globalAvgPool", "dense"]);
    expect(operators(rl3(6), { pooling: false })[4]).toBe("avgPool2d");
    expect(operators(rl3(6), { batchNorm: false }).slice(0, 3)).toEqual(["conv2d", "batchNorm2d", "square"]);
    expect(operators(rl3(6), { square: false }).slice(0, 2)).toEqual(["conv2d", "quad"]);
  });
});

describe("completing the square", () => {
  const make = new RandomLayers(uniform(7));
  const input = { channels: 1, height: 8, width: 8 };
  const blocks = (second: Layer) =>
    networkOf(input, [make.conv(1, 3, [3, 3], [1, 1], [1, 1, 1, 1]), make.quad(3), second, { op: "flatten" }]);

  it("with zero padding a constant bias is right inside and wrong at the border", () => {
    const network = blocks(make.conv(3, 2, [3, 3], [1, 1], [1, 1, 1, 1]));
    const { folded } = fold(network);
    const convolution = folded.layers[2] as FoldedConv2d;
    const inside = (index: number) => [index % 8, Math.floor(index / 8) % 8].every((at) => at >= 1 && at <= 6);
    const biasMap = convolution.biasMap.map((_, index) => convolution.biasMap[Math.floor(index / 64) * 64 + 4 * 8 + 4]);
    const constant = { ...folded, layers: folded.layers.with(2, { ...convolution, biasMap }) };
    const image = randomImage(network, 8);
    const clear = interpret(network, image);
    const wrong = interpretFolded(constant, image);
    const errors = clear.map((logit, index) => Math.abs(wrong[index] - logit));
    expect(Math.max(...errors.filter((_, index) => inside(index)))).toBeLessThan(1e-12);
    expect(Math.max(...errors.filter((_, index) => !inside(index)))).toBeGreaterThan(0.1);
    expect(difference(network, folded, image)).toBeLessThan(1e-12);
  });

  it("without padding the bias is constant", () => {
    const network = blocks(make.conv(3, 2, [3, 3], [2, 2], [0, 0, 0, 0]));
    const { biasMap } = fold(network).folded.layers[2] as FoldedConv2d;
    expect(new Set(biasMap.map((value) => Math.fround(value))).size).toBe(2);
  });

  it("leaves a quadratic that has no linear map on both sides", () => {
    const conv = make.conv(1, 2, [3, 3], [1, 1], [0, 0, 0, 0]);
    expect(operators(networkOf(input, [make.quad(1), conv, { op: "flatten" }]))).toEqual(["quad", "conv2d"]);
    expect(operators(networkOf(input, [conv, make.quad(2), { op: "flatten" }]))).toEqual(["conv2d", "quad"]);
  });

  it("a quadratic that is straight, or nearly, is folded to 1e-7 of it and costs no level more", () => {
    for (const a of [0, 1e-3, -1e-6, 1e-10, -1e-300]) {
      const quad = {
        op: "quad",
        a: Float64Array.of(0.1, a, 0),
        b: Float64Array.of(0.5, -0.7, 0),
        c: make.array(3, -1, 1),
      } as const;
      const network = networkOf(input, blocks(make.conv(3, 2, [3, 3], [1, 1], [1, 1, 1, 1])).layers.with(1, quad));
      const { folded, depth } = fold(network);
      expect(depth).toBe(3);
      expect(difference(network, folded, randomImage(network, 1))).toBeLessThan(1e-7);
    }
  });
});

describe("a square that is completed over known ranges", () => {
  const size = fc.double({ min: -12, max: 2, noNaN: true });
  const number = fc.tuple(fc.constantFrom(-1, 0, 1), size).map(([sign, exponent]) => sign * 10 ** exponent);

  it("is the quadratic to 2^-11 of its slope over the range, and exact where it bends enough", () => {
    fc.assert(
      fc.property(number, number, number, number, size, (a, b, c, middle, exponent) => {
        const h = 10 ** exponent;
        const [low, high] = [middle - h, middle + h];
        const one = (value: number) => Float64Array.of(value);
        const quad: Quad = { op: "quad", a: one(a), b: one(b), c: one(c) };
        const { shift, scale, factor, rest } = completed(quad, { low: one(low), high: one(high) });
        const width = Math.max(h, Math.abs(low) / 64, Math.abs(high) / 64);
        const slope = Math.abs(2 * a * middle + b) * width;
        const bound = Math.abs(a) * width ** 2 >= slope / 1024 ? 0 : slope / 2048;
        for (const x of [low, middle, high, low + h / 3]) {
          const wanted = a * x * x + b * x + c;
          const got = factor[0] * (scale[0] * (x + shift[0])) ** 2 + rest[0];
          const rounding =
            1e-12 * (Math.abs(factor[0]) * (scale[0] * (Math.abs(x) + Math.abs(shift[0]))) ** 2 + Math.abs(rest[0]));
          expect(Math.abs(got - wanted)).toBeLessThanOrEqual(bound * (1 + 1e-9) + rounding + 1e-300);
        }
      }),
    );
  });

  it("brings a channel whose foot is far away to the size of the others, and leaves the others", () => {
    const quad: Quad = {
      op: "quad",
      a: Float64Array.of(0.2, 1e-9, 0),
      b: Float64Array.of(0.5, 0.5, -3),
      c: new Float64Array(3),
    };
    const { shift, scale } = completed(quad, { low: new Float64Array(3).fill(-2), high: new Float64Array(3).fill(2) });
    const reach = shift.map((each, k) => scale[k] * (Math.abs(each) + 2));
    expect(scale[0]).toBe(1);
    for (const each of reach) expect(each <= reach[0] && each > reach[0] / 4).toBe(true);
    for (const each of scale) expect(Number.isInteger(Math.log2(each))).toBe(true);
  });

  it("the program depends on the architecture alone: straight or not, it is the same plan", () => {
    const make = new RandomLayers(uniform(7));
    const image = { channels: 1, height: 8, width: 8 };
    const bent = networkOf(image, [
      make.conv(1, 3, [3, 3], [1, 1], [1, 1, 1, 1]),
      make.quad(3),
      { op: "flatten" },
      make.linear(192, 2),
    ]);
    const straight = { ...make.quad(3), a: new Float64Array(3) } as Quad;
    const other = networkOf(image, bent.layers.with(1, straight));
    const images = [randomImage(bent, 1), randomImage(bent, 2)];
    expect(compile(other).identity).toBe(compile(bent).identity);
    expect(foldFor(compile(bent), other, images).layers.map(({ op }) => op)).toEqual(["conv2d", "square", "dense"]);
    expect(quadRanges(other, images)).toHaveLength(1);
  });
});

describe("what cannot be folded", () => {
  it("a ReLU is refused, with a way out", () => {
    const network = networkOf({ channels: 2, height: 1, width: 1 }, [{ op: "relu" }]);
    expect(() => fold(network)).toThrow(UnsupportedLayerError);
    expect(() => fold(network)).toThrow(expect.objectContaining({ fix: expect.stringContaining("quadratic") }));
  });

  it("per-feature layers on a flattened feature map are refused", () => {
    const make = new RandomLayers(uniform(9));
    const network = networkOf({ channels: 2, height: 2, width: 2 }, [
      { op: "flatten" },
      make.quad(8),
      make.linear(8, 2),
    ]);
    expect(() => fold(network)).toThrow(/quad on single features of a flattened 2×2×2/);
  });
});
