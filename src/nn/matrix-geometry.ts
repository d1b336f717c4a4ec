/**
 * Every linear layer as one kind of map: a strided window over the input, dense or per channel. A matrix from a whole
 * map is a window as large as the map, a batch norm a window of one pixel per channel. The geometry, which a plan may
 * know, is kept apart from the values, which only the owner of the model knows.
 */
import type { FoldedLayer, Shape } from "./graph.js";
import { outputShape } from "./shapes.js";

export interface LinearGeometry {
  readonly input: Shape;
  readonly output: Shape;
  readonly kernel: readonly [height: number, width: number];
  readonly stride: readonly [vertical: number, horizontal: number];
  /** Zero padding above and to the left; what lies below and to the right follows from the output's size. */
  readonly padding: readonly [top: number, left: number];
  /** Channel c of the output sees channel c of the input only. */
  readonly depthwise: boolean;
}

export interface LinearValues {
  /** [out][in][row][column], or [channel][row][column] if depthwise. */
  readonly weights: Float64Array;
  /** [out][row][column] over the output. */
  readonly bias: Float64Array;
}

/**
 * The geometry of `layer` on a map of shape `input`; undefined for a layer that is not linear. Reads no weight.
 * @throws UnsupportedLayerError when the layer cannot follow such a map.
 */
export function linearGeometry(layer: FoldedLayer, input: Shape): LinearGeometry | undefined {
  const output = outputShape(layer, input);
  const whole: LinearGeometry = {
    input,
    output,
    kernel: [input.height, input.width],
    stride: [1, 1],
    padding: [0, 0],
    depthwise: false,
  };
  switch (layer.op) {
    case "conv2d": {
      const { kernel, stride, padding } = layer;
      return { ...whole, kernel, stride, padding: [padding.top, padding.left] };
    }
    case "dense":
      return whole;
    case "globalAvgPool":
      return { ...whole, depthwise: true };
    case "batchNorm2d":
      return { ...whole, kernel: [1, 1], depthwise: true };
    case "avgPool2d":
    case "sumPool2d":
      return { ...whole, kernel: layer.kernel, stride: layer.kernel, depthwise: true };
    default:
      return undefined;
  }
}

/** The numbers of a linear layer, in the form that `linearGeometry` announces. */
export function linearValues(layer: FoldedLayer, geometry: LinearGeometry): LinearValues {
  const { channels, height, width } = geometry.output;
  const perChannel = (value: (channel: number) => number): Float64Array =>
    Float64Array.from({ length: channels * height * width }, (_, i) => value(Math.floor(i / (height * width))));
  const window = geometry.kernel[0] * geometry.kernel[1];
  const constant = (value: number): LinearValues => ({
    weights: new Float64Array(channels * window).fill(value),
    bias: new Float64Array(channels * height * width),
  });
  switch (layer.op) {
    case "conv2d":
      return { weights: layer.weights, bias: layer.biasMap };
    case "dense":
      return { weights: layer.weights, bias: layer.bias };
    case "globalAvgPool":
    case "avgPool2d":
      return constant(1 / window);
    case "sumPool2d":
      return constant(1);
    case "batchNorm2d": {
      const slope = layer.gamma.map((gamma, c) => gamma / Math.sqrt(layer.variance[c] + layer.epsilon));
      return { weights: slope, bias: perChannel((c) => layer.beta[c] - slope[c] * layer.mean[c]) };
    }
    default:
      throw new TypeError(`${layer.op} is not a linear layer`);
  }
}
