/** Networks with random weights for the tests of all of nn; all randomness comes from a seed. */
import { mulberry32 } from "../../src/data/mulberry32.js";
import type { Layer, Network, Shape } from "../../src/nn/graph/network.js";
import { outputShape, sizeOf, valueShapes } from "../../src/nn/graph/shapes.js";

/** Uniform numbers in [0, 1) from a seed: networks and images that can be drawn again. */
export function uniform(seed: number): () => number {
  const word = mulberry32(seed);
  return () => word() / 2 ** 32;
}

/** Layers with random weights, of a size that keeps a unit signal near one. */
export class RandomLayers {
  constructor(readonly random: () => number) {}

  between(low: number, high: number): number {
    return low + (high - low) * this.random();
  }

  integer(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  array(length: number, low: number, high: number): Float64Array {
    return Float64Array.from({ length }, () => this.between(low, high));
  }

  conv(
    inChannels: number,
    outChannels: number,
    kernel: [number, number],
    stride: [number, number],
    padding: number[],
  ): Layer {
    const reach = Math.sqrt(3 / (inChannels * kernel[0] * kernel[1]));
    const [top, left, bottom, right] = padding;
    return {
      op: "conv",
      inChannels,
      outChannels,
      kernel,
      stride,
      dilation: [1, 1],
      padding: { before: [top, left], after: [bottom, right] },
      groups: 1,
      weights: this.array(outChannels * inChannels * kernel[0] * kernel[1], -reach, reach),
      bias: this.array(outChannels, -0.5, 0.5),
    };
  }

  batchNorm(channels: number): Layer {
    return {
      op: "batchNorm",
      gamma: this.array(channels, -1.5, 1.5),
      beta: this.array(channels, -0.5, 0.5),
      mean: this.array(channels, -0.5, 0.5),
      variance: this.array(channels, 0.3, 2),
      epsilon: 1e-5,
    };
  }

  quad(channels: number): Layer {
    const a = this.array(channels, 0.05, 0.3).map((value) => (this.random() < 0.3 ? -value : value));
    return { op: "quad", a, b: this.array(channels, -0.6, 0.6), c: this.array(channels, -0.3, 0.3) };
  }

  linear(inFeatures: number, outFeatures: number): Layer {
    const reach = Math.sqrt(3 / inFeatures);
    return {
      op: "linear",
      inFeatures,
      outFeatures,
      weights: this.array(inFeatures * outFeatures, -reach, reach),
      bias: this.array(outFeatures, -0.5, 0.5),
    };
  }
}

export function networkOf(input: Shape, layers: readonly Layer[]): Network {
  const [classes] = valueShapes(input, layers)[layers.length];
  const labels = Array.from({ length: classes }, (_, i) => `class ${i}`);
  const card = { name: "random", labels, positive: 0, threshold: 0.5, input: { scale: 1 / 127.5, offset: -1 } };
  return { input, layers, classes, card };
}

export type Brick =
  | { conv: number; kernel?: number; stride?: number | [number, number]; padding?: number }
  | { pool: number | [number, number] }
  | { linear: number }
  | "bn"
  | "quad"
  | "gap"
  | "flatten";

/** A network from a short description. */
export function randomNetwork(input: Shape, bricks: readonly Brick[], seed: number): Network {
  const make = new RandomLayers(uniform(seed));
  const layers: Layer[] = [];
  let shape = input;
  for (const brick of bricks) {
    const layer = layerOf(brick, shape, make);
    layers.push(layer);
    shape = outputShape(layer, [shape]);
  }
  return networkOf(input, layers);
}

function layerOf(brick: Brick, shape: Shape, make: RandomLayers): Layer {
  if (brick === "gap") return { op: "globalAvgPool" };
  if (brick === "flatten") return { op: "flatten" };
  if (brick === "bn") return make.batchNorm(shape[0]);
  if (brick === "quad") return make.quad(shape[0]);
  if ("linear" in brick) return make.linear(sizeOf(shape), brick.linear);
  if ("pool" in brick) {
    const kernel = typeof brick.pool === "number" ? [brick.pool, brick.pool] : brick.pool;
    return { op: "avgPool", kernel, stride: kernel };
  }
  const { conv, kernel = 3, stride = 1, padding = 0 } = brick;
  const strides: [number, number] = typeof stride === "number" ? [stride, stride] : stride;
  return make.conv(shape[0], conv, [kernel, kernel], strides, Array(4).fill(padding));
}

/** RL-3 of the design, 28×28: three times convolution, batch norm, quadratic. */
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
  return randomNetwork([1, 28, 28], bricks, seed);
}

/**
 * A chain of blocks in any order that the types allow: uneven kernels, strides and paddings, batch norm before and
 * after everything, quadratics that have no linear map beside them, poolings with a rest, several matrices.
 */
export function randomChain(seed: number): Network {
  const make = new RandomLayers(uniform(seed));
  const input = [make.integer(1, 3), make.integer(7, 12), make.integer(7, 12)];
  const layers: Layer[] = [];
  const shape = () => valueShapes(input, layers)[layers.length];
  const maybe = (chance: number, layer: () => Layer) => {
    if (make.random() < chance) layers.push(layer());
  };
  const pool = () => {
    const [, height, width] = shape();
    const kernel = [make.integer(1, Math.min(3, height)), make.integer(1, Math.min(3, width))] as const;
    layers.push({ op: "avgPool", kernel, stride: kernel });
  };
  maybe(0.2, () => make.batchNorm(shape()[0]));
  maybe(0.1, () => make.quad(shape()[0]));
  for (let block = make.integer(1, 3); block > 0; block--) {
    const [channels, height, width] = shape();
    const padding = [0, 0, 0, 0].map(() => make.integer(0, 2));
    const kernel: [number, number] = [
      make.integer(1, Math.min(4, height + padding[0] + padding[2])),
      make.integer(1, Math.min(4, width + padding[1] + padding[3])),
    ];
    const outputs = make.integer(1, 4);
    layers.push(make.conv(channels, outputs, kernel, [make.integer(1, 2), make.integer(1, 2)], padding));
    if (make.random() < 0.2) pool();
    maybe(0.7, () => make.batchNorm(outputs));
    maybe(0.8, () => make.quad(outputs));
    maybe(0.2, () => make.batchNorm(outputs));
    if (make.random() < 0.4) pool();
    maybe(0.1, () => make.quad(outputs));
  }
  maybe(0.4, () => ({ op: "globalAvgPool" }));
  maybe(0.1, () => make.quad(shape()[0]));
  layers.push({ op: "flatten" });
  for (let matrix = make.integer(0, 2); matrix > 0; matrix--) {
    layers.push(make.linear(shape()[0], make.integer(1, 5)));
    maybe(0.3, () => make.batchNorm(shape()[0]));
    maybe(0.4, () => make.quad(shape()[0]));
  }
  return networkOf(input, layers);
}

export function randomImage({ input }: Pick<Network, "input">, seed: number): Float64Array {
  return new RandomLayers(uniform(seed)).array(sizeOf(input), -1, 1);
}
