/** Networks with activations for the tests of fits; all randomness comes from a seed. */
import { mulberry32 } from "../../src/data/mulberry32.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { ActivationName, Conv, Layer, Network, Shape } from "../../src/nn/graph/network.js";
import { inputsOf, valueShapes } from "../../src/nn/graph/shapes.js";

/** Gaussian numbers from a seed, by Box and Muller. */
export function gaussian(seed: number): () => number {
  const word = mulberry32(seed);
  const uniform = () => (word() + 0.5) / 2 ** 32;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

export function gaussians(count: number, seed: number, size = 1): Float64Array {
  const next = gaussian(seed);
  return Float64Array.from({ length: count }, () => size * next());
}

export function networkOf(input: Shape, layers: readonly Layer[]): Network {
  const [classes] = valueShapes(input, layers)[layers.length];
  const labels = Array.from({ length: classes }, (_, i) => `class ${i}`);
  return {
    input,
    layers,
    classes,
    card: { name: "fit", labels, positive: 0, threshold: 0.5, input: { scale: 1, offset: 0 } },
  };
}

/** One activation of as many channels as there are numbers in an image, and nothing else. */
export function alone(name: ActivationName, channels = 1, parameters?: readonly number[]): Network {
  return networkOf([channels], [{ op: "activation", name, ...(parameters ? { parameters } : {}) }]);
}

/** 3×3, same size. */
export function convolution(inChannels: number, outChannels: number, seed: number): Conv {
  return {
    op: "conv",
    inChannels,
    outChannels,
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding: { before: [1, 1], after: [1, 1] },
    groups: 1,
    weights: gaussians(inChannels * outChannels * 9, seed, Math.sqrt(2 / (9 * inChannels))),
    bias: gaussians(outChannels, seed + 1, 0.2),
  };
}

/** Two convolutions around a skip connection, each before an activation; a third activation takes what the first one takes. */
export function branched(first: ActivationName, second: ActivationName, third: ActivationName, seed = 1): Network {
  return networkOf(
    [1, 6, 6],
    [
      convolution(1, 4, seed),
      { op: "activation", name: first },
      convolution(4, 4, seed + 2),
      { op: "add", inputs: [3, 2] },
      { op: "activation", name: second },
      { op: "activation", name: third, inputs: [1] },
      { op: "multiply", inputs: [5, 6] },
      { op: "globalAvgPool" },
      {
        op: "linear",
        inFeatures: 4,
        outFeatures: 3,
        weights: gaussians(12, seed + 4),
        bias: gaussians(3, seed + 5, 0.1),
      },
    ],
  );
}

export function imagesFor({ input }: Network, count: number, seed = 100): Float64Array[] {
  const size = input.reduce((product, extent) => product * extent, 1);
  return Array.from({ length: count }, (_, k) => gaussians(size, seed + k));
}

/** What each layer is given, by its own walk. */
export function givenTo(network: Network, image: Float64Array): Float64Array[] {
  const values = [image];
  interpret(network, image, (_index, _layer, _shape, each) => values.push(each.slice()));
  return network.layers.map((layer, index) => values[inputsOf(layer, index)[0]]);
}
