/** Networks with random weights for the tests of planning and simulation; all randomness comes from a seed. */
import type { BatchNorm2d, Conv2d, Layer, Linear, Network, Quad, Shape } from "../../src/nn/graph.js";
import { outputShape, sizeOf } from "../../src/nn/shapes.js";
import { uniform } from "./random-network.js";

/** Uniform numbers in [−1, 1). */
export function randomSource(seed: number): () => number {
  const random = uniform(seed);
  return () => 2 * random() - 1;
}

export function randomValues(random: () => number, length: number, scale = 1): Float64Array {
  return Float64Array.from({ length }, () => random() * scale);
}

export type Brick =
  | { conv: number; kernel?: number; stride?: number | [number, number]; padding?: number }
  | { pool: number | [number, number] }
  | { linear: number }
  | "bn"
  | "quad"
  | "gap"
  | "flatten";

/** A network from a short description; the weights are such that values stay near 1. */
export function randomNetwork(input: Shape, bricks: readonly Brick[], seed: number): Network {
  const random = randomSource(seed);
  const layers: Layer[] = [];
  let shape = input;
  for (const brick of bricks) {
    const layer = randomLayer(brick, shape, random);
    layers.push(layer);
    shape = outputShape(layer, shape);
  }
  const labels = Array.from({ length: shape.channels }, (_, i) => `class ${i}`);
  const card = { name: "random", labels, positive: 0, threshold: 0.5, input: { scale: 1, offset: 0 } };
  return { input, layers, classes: shape.channels, card };
}

export function randomImage(network: { readonly input: Shape }, seed: number): Float64Array {
  return randomValues(randomSource(seed), sizeOf(network.input));
}

/** RL-3 of the design: three times conv, batch norm, quadratic. */
export function rl3(seed = 1): Network {
  const bricks: Brick[] = [
    { conv: 8, kernel: 5, stride: 2, padding: 2 },
    "bn",
    "quad",
    { conv: 16, kernel: 3, padding: 1 },
    "bn",
    "quad",
    { pool: 2 },
    { conv: 32, kernel: 3, padding: 1 },
    "bn",
    "quad",
    "gap",
    "flatten",
    { linear: 2 },
  ];
  return randomNetwork({ channels: 1, height: 28, width: 28 }, bricks, seed);
}

function randomLayer(brick: Brick, shape: Shape, random: () => number): Layer {
  if (brick === "gap") return { op: "globalAvgPool" };
  if (brick === "flatten") return { op: "flatten" };
  if (brick === "bn") return batchNorm(shape.channels, random);
  if (brick === "quad") return quad(shape.channels, random);
  if ("conv" in brick) return conv(brick, shape.channels, random);
  if ("linear" in brick) return linear(sizeOf(shape), brick.linear, random);
  const { pool } = brick;
  return { op: "avgPool2d", kernel: typeof pool === "number" ? [pool, pool] : pool };
}

function conv(brick: Extract<Brick, { conv: number }>, inChannels: number, random: () => number): Conv2d {
  const { conv: outChannels, kernel = 3, stride = 1, padding = 0 } = brick;
  const fan = inChannels * kernel ** 2;
  return {
    op: "conv2d",
    inChannels,
    outChannels,
    kernel: [kernel, kernel],
    stride: typeof stride === "number" ? [stride, stride] : stride,
    padding: { top: padding, left: padding, bottom: padding, right: padding },
    weights: randomValues(random, outChannels * fan, Math.sqrt(3 / fan)),
    bias: randomValues(random, outChannels),
  };
}

function linear(inFeatures: number, outFeatures: number, random: () => number): Linear {
  const weights = randomValues(random, inFeatures * outFeatures, Math.sqrt(3 / inFeatures));
  return { op: "linear", inFeatures, outFeatures, weights, bias: randomValues(random, outFeatures) };
}

function batchNorm(channels: number, random: () => number): BatchNorm2d {
  return {
    op: "batchNorm2d",
    gamma: randomValues(random, channels).map((v) => 1 + v / 2),
    beta: randomValues(random, channels, 0.3),
    mean: randomValues(random, channels, 0.3),
    variance: randomValues(random, channels).map((v) => 1 + v / 2),
    epsilon: 1e-5,
  };
}

function quad(channels: number, random: () => number): Quad {
  return {
    op: "quad",
    a: randomValues(random, channels).map((v) => 0.2 + v / 10),
    b: randomValues(random, channels).map((v) => 0.5 + v / 10),
    c: randomValues(random, channels, 0.3),
  };
}
