import { UnsupportedLayerError } from "../errors.js";
import type { FoldedLayer, Layer, Shape } from "./graph.js";

/** Number of values in a feature map of this shape. */
export function sizeOf(shape: Shape): number {
  return shape.channels * shape.height * shape.width;
}

/** "8×14×14": channels, height, width, for messages. */
export function shapeText(shape: Shape): string {
  return `${shape.channels}×${shape.height}×${shape.width}`;
}

/** Beyond this a feature map is no network for encryption, and a small file could ask for any amount of memory. */
const LARGEST_MAP = 2 ** 22;

/** @throws UnsupportedLayerError for a feature map of more than 2^22 values; `what` names it. */
export function expectMapSize(shape: Shape, what: string): void {
  if (sizeOf(shape) <= LARGEST_MAP) return;
  throw new UnsupportedLayerError(
    `${what} has ${shapeText(shape)} values, more than ${LARGEST_MAP}`,
    "Use smaller images or fewer channels.",
  );
}

/**
 * Shape of what `layer` makes of a feature map of shape `input`; features after `flatten`, `linear` and `dense` are
 * channels of a 1×1 map.
 * @throws UnsupportedLayerError when the layer cannot follow such a feature map (channels, features, kernel).
 * @throws RangeError when the layer contradicts itself: an array whose length is not what its shape asks for.
 */
export function outputShape(layer: Layer | FoldedLayer, input: Shape): Shape {
  switch (layer.op) {
    case "conv2d": {
      const [kernelHeight, kernelWidth] = layer.kernel;
      const { top, bottom, left, right } = layer.padding;
      expectChannels(layer.op, layer.inChannels, input);
      const output = {
        channels: layer.outChannels,
        height: windows(input, input.height + top + bottom, kernelHeight, layer.stride[0]),
        width: windows(input, input.width + left + right, kernelWidth, layer.stride[1]),
      };
      expectLength("conv2d weights", layer.weights, layer.outChannels * layer.inChannels * kernelHeight * kernelWidth);
      if ("biasMap" in layer) expectLength("conv2d biasMap", layer.biasMap, sizeOf(output));
      else expectLength("conv2d bias", layer.bias, layer.outChannels);
      return output;
    }
    case "batchNorm2d":
      expectChannels(layer.op, layer.gamma.length, input);
      for (const name of ["beta", "mean", "variance"] as const) {
        expectLength(`batchNorm2d ${name}`, layer[name], layer.gamma.length);
      }
      return input;
    case "quad":
      expectChannels(layer.op, layer.a.length, input);
      expectLength("quad b", layer.b, layer.a.length);
      expectLength("quad c", layer.c, layer.a.length);
      return input;
    case "relu":
    case "square":
      return input;
    case "avgPool2d":
    case "sumPool2d":
      return {
        channels: input.channels,
        height: windows(input, input.height, layer.kernel[0], layer.kernel[0]),
        width: windows(input, input.width, layer.kernel[1], layer.kernel[1]),
      };
    case "globalAvgPool":
      return { channels: input.channels, height: 1, width: 1 };
    case "flatten":
      return { channels: sizeOf(input), height: 1, width: 1 };
    case "linear":
      if (layer.inFeatures !== sizeOf(input)) {
        throw misfit(`linear takes ${layer.inFeatures} features, but gets ${sizeOf(input)} (${shapeText(input)})`);
      }
      expectLength("linear weights", layer.weights, layer.outFeatures * layer.inFeatures);
      expectLength("linear bias", layer.bias, layer.outFeatures);
      return { channels: layer.outFeatures, height: 1, width: 1 };
    case "dense":
      expectLength("dense weights", layer.weights, layer.outFeatures * sizeOf(input));
      expectLength("dense bias", layer.bias, layer.outFeatures);
      return { channels: layer.outFeatures, height: 1, width: 1 };
  }
}

/** Shapes along the chain: what layer i takes is entry i, the last entry is what the network gives. */
export function layerShapes(input: Shape, layers: readonly (Layer | FoldedLayer)[]): Shape[] {
  const shapes = [input];
  for (const layer of layers) shapes.push(outputShape(layer, shapes[shapes.length - 1]));
  return shapes;
}

function windows(input: Shape, extent: number, kernel: number, stride: number): number {
  if (!(Number.isSafeInteger(kernel) && Number.isSafeInteger(stride) && kernel >= 1 && stride >= 1)) {
    throw new RangeError(`kernel ${kernel} and stride ${stride} must be positive integers`);
  }
  if (kernel > extent) throw misfit(`a window of ${kernel} pixels does not fit into a ${shapeText(input)} feature map`);
  return Math.floor((extent - kernel) / stride) + 1;
}

function expectChannels(op: string, channels: number, input: Shape): void {
  if (channels === input.channels) return;
  throw misfit(`${op} is made for ${channels} channels, but gets ${input.channels} (${shapeText(input)})`);
}

function expectLength(name: string, values: Float64Array, length: number): void {
  if (values.length !== length) throw new RangeError(`${name} has ${values.length} values instead of ${length}`);
}

function misfit(message: string): UnsupportedLayerError {
  return new UnsupportedLayerError(
    message,
    "Check the layers' sizes and the size of the image that the network takes.",
  );
}
