import { mulberry32 } from "../../src/data/mulberry32.js";
import type { Layer, Network, Shape } from "../../src/nn/graph.js";
import { layerShapes } from "../../src/nn/shapes.js";

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
      op: "conv2d",
      inChannels,
      outChannels,
      kernel,
      stride,
      padding: { top, left, bottom, right },
      weights: this.array(outChannels * inChannels * kernel[0] * kernel[1], -reach, reach),
      bias: this.array(outChannels, -0.5, 0.5),
    };
  }

  batchNorm(channels: number): Layer {
    return {
      op: "batchNorm2d",
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
  const last = layerShapes(input, layers)[layers.length];
  const labels = Array.from({ length: last.channels }, (_, i) => `class ${i}`);
  const card = { name: "random", labels, positive: 0, threshold: 0.5, input: { scale: 1 / 127.5, offset: -1 } };
  return { input, layers, classes: last.channels, card };
}

/** RL-3 of the design, 28×28, with random weights. */
export function randomRl3(seed: number): Network {
  const make = new RandomLayers(uniform(seed));
  const block = (from: number, to: number, size: number, stride: number) => [
    make.conv(from, to, [size, size], [stride, stride], Array(4).fill((size - 1) / 2)),
    make.batchNorm(to),
    make.quad(to),
  ];
  const pool: Layer = { op: "avgPool2d", kernel: [2, 2] };
  const layers = [...block(1, 8, 5, 2), ...block(8, 16, 3, 1), pool, ...block(16, 32, 3, 1)];
  return networkOf({ channels: 1, height: 28, width: 28 }, [
    ...layers,
    { op: "globalAvgPool" },
    { op: "flatten" },
    make.linear(32, 2),
  ]);
}

/**
 * A chain of blocks in any order that the types allow: uneven kernels, strides and paddings, batch norm before and
 * after everything, quadratics that have no linear map beside them, poolings with a rest, several matrices.
 */
export function randomNetwork(seed: number): Network {
  const make = new RandomLayers(uniform(seed));
  const input = { channels: make.integer(1, 3), height: make.integer(7, 12), width: make.integer(7, 12) };
  const layers: Layer[] = [];
  const shape = () => layerShapes(input, layers)[layers.length];
  const maybe = (chance: number, layer: () => Layer) => {
    if (make.random() < chance) layers.push(layer());
  };
  const pool = () => {
    const { height, width } = shape();
    const kernel = [make.integer(1, Math.min(3, height)), make.integer(1, Math.min(3, width))] as const;
    layers.push({ op: "avgPool2d", kernel });
  };
  maybe(0.2, () => make.batchNorm(shape().channels));
  maybe(0.1, () => make.quad(shape().channels));
  for (let block = make.integer(1, 3); block > 0; block--) {
    const { channels, height, width } = shape();
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
  maybe(0.1, () => make.quad(shape().channels));
  layers.push({ op: "flatten" });
  for (let matrix = make.integer(0, 2); matrix > 0; matrix--) {
    layers.push(make.linear(shape().channels, make.integer(1, 5)));
    maybe(0.3, () => make.batchNorm(shape().channels));
    maybe(0.4, () => make.quad(shape().channels));
  }
  return networkOf(input, layers);
}

export function randomImage(network: Network, seed: number): Float64Array {
  const { channels, height, width } = network.input;
  return new RandomLayers(uniform(seed)).array(channels * height * width, -1, 1);
}
