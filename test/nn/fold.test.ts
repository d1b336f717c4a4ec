import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.js";
import { compile, foldFor } from "../../src/nn/compile.js";
import { completed } from "../../src/nn/fold/curvature.js";
import { depthTable, fold, quadRanges } from "../../src/nn/fold/fold.js";
import type { FoldedLinear, FoldedNetwork, FoldOptions } from "../../src/nn/fold/folded.js";
import { interpretFolded } from "../../src/nn/fold/interpret.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Layer, Network, Quad } from "../../src/nn/graph/network.js";
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
  return fold(network, options).folded.layers.map((layer) => (layer.op === "linear" ? layer.kind : layer.op));
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
      // A pooling of 3×1 that no rotations can be, before one of 1×1.
      { examples: [[442695440]] },
    );
  });

  it("RL-3 folded is conv–square three times, a sum pooling and one matrix", () => {
    expect(operators(rl3(6))).toEqual(["conv", "square", "conv", "square", "sumPool", "conv", "square", "dense"]);
    expect(operators(rl3(6), { linear: false }).slice(-2)).toEqual(["pool", "dense"]);
    expect(operators(rl3(6), { pooling: false })[4]).toBe("pool");
    expect(operators(rl3(6), { batchNorm: false }).slice(0, 3)).toEqual(["conv", "norm", "square"]);
    expect(operators(rl3(6), { square: false }).slice(0, 2)).toEqual(["conv", "quad"]);
  });
});

describe("completing the square", () => {
  const make = new RandomLayers(uniform(7));
  const input = [1, 8, 8];
  const blocks = (second: Layer) =>
    networkOf(input, [make.conv(1, 3, [3, 3], [1, 1], [1, 1, 1, 1]), make.quad(3), second, { op: "flatten" }]);

  it("with zero padding a constant bias is right inside and wrong at the border", () => {
    const network = blocks(make.conv(3, 2, [3, 3], [1, 1], [1, 1, 1, 1]));
    const { folded } = fold(network);
    const convolution = folded.layers[2] as FoldedLinear;
    const inside = (index: number) => [index % 8, Math.floor(index / 8) % 8].every((at) => at >= 1 && at <= 6);
    const bias = convolution.bias.map((_, index) => convolution.bias[Math.floor(index / 64) * 64 + 4 * 8 + 4]);
    const constant = { ...folded, layers: folded.layers.with(2, { ...convolution, bias }) };
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
    const { bias } = fold(network).folded.layers[2] as FoldedLinear;
    expect(new Set(bias.map((value) => Math.fround(value))).size).toBe(2);
  });

  it("adds to the image what no linear map before can, and ends with a map where the network has none", () => {
    const conv = make.conv(1, 2, [3, 3], [1, 1], [0, 0, 0, 0]);
    const tail = make.linear(72, 2);
    const first = networkOf(input, [make.quad(1), conv, { op: "flatten" }, tail]);
    expect(operators(first)).toEqual(["shift", "square", "conv", "dense"]);
    expect(fold(first).depth).toBe(3);
    expect(operators(networkOf(input, [conv, make.quad(2), { op: "flatten" }]))).toEqual([
      "conv",
      "square",
      "identity",
    ]);
  });

  it("leaves a quadratic that a product takes", () => {
    const conv = make.conv(1, 1, [3, 3], [1, 1], [1, 1, 1, 1]);
    const layers: Layer[] = [
      conv,
      make.quad(1),
      { op: "multiply", inputs: [2, 1] },
      { op: "flatten" },
      make.linear(64, 2),
    ];
    expect(operators(networkOf(input, layers))).toContain("quad");
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
    const image = [1, 8, 8];
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
    expect(foldFor(compile(bent), other, images).layers.map(({ op }) => op)).toEqual(["linear", "square", "linear"]);
    expect(quadRanges(other, images)).toHaveLength(1);
  });
});

describe("what cannot be folded", () => {
  it("a ReLU is refused, with a way out", () => {
    const network = networkOf([2, 1, 1], [{ op: "activation", name: "relu" }]);
    expect(() => fold(network)).toThrow(UnsupportedLayerError);
    expect(() => fold(network)).toThrow(expect.objectContaining({ fix: expect.stringContaining("quadratic") }));
  });

  it("per-feature layers on a flattened feature map go into its matrix", () => {
    const make = new RandomLayers(uniform(9));
    const network = networkOf([2, 2, 2], [{ op: "flatten" }, make.quad(8), make.linear(8, 2)]);
    expect(difference(network, fold(network).folded, randomImage(network, 3))).toBeLessThan(1e-12);
    expect(operators(network)).toEqual(["shift", "square", "dense"]);
  });
});
