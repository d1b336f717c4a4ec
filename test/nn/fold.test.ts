import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { depthTable, fold } from "../../src/nn/fold.js";
import type { FoldedConv2d, FoldedNetwork, FoldOptions, Layer, Network } from "../../src/nn/graph.js";
import { interpret } from "../../src/nn/interpret.js";
import { interpretFolded } from "../../src/nn/interpret-folded.js";
import { networkOf, RandomLayers, randomImage, randomNetwork, randomRl3, uniform } from "./random-network.js";

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
      const network = randomRl3(seed);
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
        const network = randomNetwork(seed);
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
    const network = randomRl3(4);
    const before = JSON.stringify(network.layers.map((layer) => Object.values(layer).map(String)));
    for (const options of SETTINGS) fold(network, options);
    expect(JSON.stringify(network.layers.map((layer) => Object.values(layer).map(String)))).toBe(before);
  });

  it("RL-3 needs 15 levels as it is and 7 folded", () => {
    const table = depthTable(randomRl3(5));
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
        const table = depthTable(randomNetwork(seed));
        for (const [setting, { depth }] of table.entries()) {
          for (const bit of [1, 2, 4, 8]) expect(table[setting | bit].depth).toBeLessThanOrEqual(depth);
        }
      }),
    );
  });

  it("RL-3 folded is conv–square three times, a sum pooling and one matrix", () => {
    expect(operators(randomRl3(6))).toEqual([
      "conv2d",
      "square",
      "conv2d",
      "square",
      "sumPool2d",
      "conv2d",
      "square",
      "dense",
    ]);
    expect(operators(randomRl3(6), { linear: false }).slice(-2)).toEqual(["globalAvgPool", "dense"]);
    expect(operators(randomRl3(6), { pooling: false })[4]).toBe("avgPool2d");
    expect(operators(randomRl3(6), { batchNorm: false }).slice(0, 3)).toEqual(["conv2d", "batchNorm2d", "square"]);
    expect(operators(randomRl3(6), { square: false }).slice(0, 2)).toEqual(["conv2d", "quad"]);
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

  it("refuses a quadratic without x² and names its channel", () => {
    const quad = {
      op: "quad",
      a: Float64Array.of(0.1, 1e-10, 0.2),
      b: new Float64Array(3),
      c: new Float64Array(3),
    } as const;
    const layers = blocks(make.conv(3, 2, [1, 1], [1, 1], [0, 0, 0, 0])).layers.with(1, quad);
    const network = networkOf(input, layers);
    expect(() => fold(network)).toThrow(UnsupportedLayerError);
    expect(() => fold(network)).toThrow(/channel 1/);
    expect(fold(network, { square: false }).depth).toBe(4);
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
