import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParameterError, UnsupportedLayerError } from "../../src/errors.js";
import { fold } from "../../src/nn/fold/fold.js";
import { interpretFolded } from "../../src/nn/fold/interpret.js";
import { foldedShapes } from "../../src/nn/fold/shapes.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Conv, Layer, Shape } from "../../src/nn/graph/network.js";
import { outputShape, sizeOf } from "../../src/nn/graph/shapes.js";
import { softmax } from "../../src/nn/probabilities.js";
import { networkOf, RandomLayers, randomChain, randomImage, rl3, uniform } from "./random-network.js";

const flatten: Layer = { op: "flatten" };

function apply(layer: Layer, input: Shape, values: readonly number[]): number[] {
  return [...interpret(networkOf(input, [layer, flatten]), Float64Array.from(values))];
}

describe("interpret", () => {
  it("conv is the sum over a zero-padded copy, for any kernel, stride and padding", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const make = new RandomLayers(uniform(seed));
        const input = [make.integer(1, 3), make.integer(3, 7), make.integer(3, 7)];
        const kernel: [number, number] = [make.integer(1, 3), make.integer(1, 3)];
        const stride: [number, number] = [make.integer(1, 3), make.integer(1, 3)];
        const padding = [0, 0, 0, 0].map(() => make.integer(0, 3));
        const conv = make.conv(input[0], 2, kernel, stride, padding) as Conv;
        const image = make.array(sizeOf(input), -1, 1);
        const actual = apply(conv, input, [...image]);
        for (const [i, value] of paddedConvolution(conv, input, image).entries())
          expect(actual[i]).toBeCloseTo(value, 12);
      }),
    );
  });

  it("avgPool tiles from the top left and drops the rest", () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(apply({ op: "avgPool", kernel: [2, 2], stride: [2, 2] }, [1, 3, 3], values)).toEqual([3]);
    expect(apply({ op: "avgPool", kernel: [1, 2], stride: [1, 2] }, [1, 3, 3], values)).toEqual([1.5, 4.5, 7.5]);
  });

  it("per-channel layers act on their channel", () => {
    const shape = [2, 1, 2];
    const quad: Layer = { op: "quad", a: Float64Array.of(1, 2), b: Float64Array.of(0, -1), c: Float64Array.of(3, 0) };
    expect(apply(quad, shape, [1, 2, 3, 4])).toEqual([4, 7, 15, 28]);
    expect(apply({ op: "activation", name: "relu" }, shape, [-1, 2, 0, -4])).toEqual([0, 2, 0, 0]);
    expect(apply({ op: "globalAvgPool" }, shape, [1, 2, 3, 5])).toEqual([1.5, 4]);
    const [gamma, beta, mean, variance] = [
      Float64Array.of(2, 1),
      Float64Array.of(0, 1),
      Float64Array.of(1, 0),
      Float64Array.of(3, 0),
    ];
    const norm: Layer = { op: "batchNorm", gamma, beta, mean, variance, epsilon: 1 };
    expect(apply(norm, shape, [1, 2, 3, 4])).toEqual([0, 1, 4, 5]);
  });

  it("linear takes features in the order channel, row, column", () => {
    const linear: Layer = {
      op: "linear",
      inFeatures: 4,
      outFeatures: 1,
      weights: Float64Array.of(1, 10, 100, 1000),
      bias: Float64Array.of(0.5),
    };
    const network = networkOf([2, 1, 2], [flatten, linear]);
    expect([...interpret(network, Float64Array.of(1, 2, 3, 4))]).toEqual([4321.5]);
  });

  it("refuses an image of another size", () => {
    expect(() => interpret(rl3(1), new Float64Array(783))).toThrow(ParameterError);
    expect(() => interpretFolded(fold(rl3(1)).folded, new Float64Array(785))).toThrow(/785 values.*784 \(1×28×28\)/);
  });

  // What `map` makes of an array is of its kind: a network that begins with a quadratic gave 161 for 5025.
  it("takes floats and plain arrays for the same image, and no integers, of which each layer would keep eight bits", () => {
    const quad: Layer = { op: "quad", a: Float64Array.of(0.5), b: Float64Array.of(0.25), c: Float64Array.of(0) };
    const network = networkOf([1, 1, 2], [quad, flatten]);
    for (const image of [Float64Array.of(100, 3), Float32Array.of(100, 3), [100, 3]]) {
      for (const run of [() => interpret(network, image), () => interpretFolded(fold(network).folded, image)]) {
        expect(run()).toEqual(Float64Array.of(5025, 5.25));
      }
    }
    expect(() => interpret(network, Uint8Array.of(100, 3) as never)).toThrow(
      /^the image: a Float64Array.*pixels v enter as/,
    );
  });
});

describe("interpretFolded", () => {
  it("shows every layer's output with its shape, the last one being the logits", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const network = randomChain(seed);
        const { folded } = fold(network);
        const shapes = foldedShapes(folded).slice(1);
        const seen: Float64Array[] = [];
        const logits = interpretFolded(folded, randomImage(network, seed), (index, layer, shape, values) => {
          expect(layer).toBe(folded.layers[index]);
          expect(shape).toEqual(shapes[index]);
          expect(values.length).toBe(sizeOf(shape));
          seen.push(values);
        });
        expect(seen).toHaveLength(folded.layers.length);
        if (seen.length > 0) expect(seen[seen.length - 1]).toBe(logits);
      }),
    );
  });
});

describe("softmax", () => {
  it("sums to 1, keeps the order, and is the same for shifted logits", () => {
    const finite = fc.float64Array({ minLength: 2, maxLength: 6, min: -1e3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(finite, fc.integer({ min: -500, max: 500 }), (logits, shift) => {
        const probabilities = softmax(logits);
        expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        for (const [i, p] of softmax(logits.map((logit) => logit + shift)).entries())
          expect(p).toBeCloseTo(probabilities[i], 9);
        const largest = logits.indexOf(Math.max(...logits));
        expect(probabilities[largest]).toBe(Math.max(...probabilities));
      }),
    );
  });

  it("of two logits is the logistic function of their difference", () => {
    expect(softmax(Float64Array.of(1, 3))[1]).toBeCloseTo(1 / (1 + Math.exp(-2)), 15);
    expect([...softmax(Float64Array.of(-1e308, 1e308))]).toEqual([0, 1]);
  });
});

describe("outputShape", () => {
  const make = new RandomLayers(uniform(3));
  const shape = [2, 5, 6];

  it("refuses a layer that cannot follow", () => {
    const misfits: Layer[] = [
      make.conv(3, 1, [3, 3], [1, 1], [0, 0, 0, 0]),
      make.conv(2, 1, [6, 1], [1, 1], [0, 0, 0, 0]),
      make.batchNorm(3),
      make.quad(1),
      { op: "avgPool", kernel: [6, 6], stride: [6, 6] },
      make.linear(59, 2),
    ];
    for (const layer of misfits) expect(() => outputShape(layer, [shape]), layer.op).toThrow(UnsupportedLayerError);
  });

  it("refuses a layer that contradicts itself", () => {
    const conv = make.conv(2, 1, [3, 3], [1, 1], [0, 0, 0, 0]) as Conv;
    expect(() => outputShape({ ...conv, bias: new Float64Array(2) }, [shape])).toThrow(RangeError);
    expect(() => outputShape({ ...conv, stride: [0, 1] }, [shape])).toThrow(RangeError);
    const linear = make.linear(60, 1) as Extract<Layer, { op: "linear" }>;
    expect(() => outputShape({ ...linear, weights: new Float64Array(59) }, [shape])).toThrow(RangeError);
  });
});

function paddedConvolution(conv: Conv, [channels, rows, columns]: Shape, image: Float64Array): number[] {
  const { before, after } = conv.padding;
  const [top, left] = before;
  const [height, width] = [rows + top + after[0], columns + left + after[1]];
  const padded = new Float64Array(channels * height * width);
  for (let i = 0; i < image.length; i++) {
    const [c, y, x] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    padded[(c * height + y + top) * width + x + left] = image[i];
  }
  const result: number[] = [];
  for (let o = 0; o < conv.outChannels; o++) {
    for (let y = 0; y + conv.kernel[0] <= height; y += conv.stride[0]) {
      for (let x = 0; x + conv.kernel[1] <= width; x += conv.stride[1]) {
        let sum = conv.bias[o];
        let tap = o * conv.inChannels * conv.kernel[0] * conv.kernel[1];
        for (let c = 0; c < conv.inChannels; c++) {
          for (let ky = 0; ky < conv.kernel[0]; ky++) {
            for (let kx = 0; kx < conv.kernel[1]; kx++)
              sum += conv.weights[tap++] * padded[(c * height + y + ky) * width + x + kx];
          }
        }
        result.push(sum);
      }
    }
  }
  return result;
}
