import { UnsupportedLayerError } from "../../errors.js";
import type { Layer, Padding, Shape } from "./network.js";

/** Number of elements of a value of this shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** "8×14×14": channels first, for messages. */
export function shapeText(shape: Shape): string {
  return shape.join("×");
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** Elements of one channel. */
export function planeOf(shape: Shape): number {
  return sizeOf(shape.slice(1));
}

/** Beyond this a value is of no network for encryption, and a small file could ask for any amount of memory. */
const LARGEST_VALUE = 2 ** 22;

/** @throws UnsupportedLayerError for more than 2^22 elements; `what` names them. */
export function expectMapSize(shape: Shape, what: string): void {
  if (sizeOf(shape) <= LARGEST_VALUE) return;
  throw new UnsupportedLayerError(
    `${what} has ${shapeText(shape)} values, more than ${LARGEST_VALUE}`,
    "Use smaller images or fewer channels.",
  );
}

/** The values that a layer takes: 0 is the image, k + 1 what layer k gives. */
export function inputsOf(layer: { readonly inputs?: readonly number[] }, index: number): readonly number[] {
  return layer.inputs ?? [index];
}

/**
 * Shapes of all values of a network: of the image, then of what each layer gives.
 * @throws UnsupportedLayerError, RangeError as `outputShape`; RangeError for a layer that takes a value that is not there yet.
 */
export function valueShapes(input: Shape, layers: readonly Layer[]): Shape[] {
  const shapes: Shape[] = [input];
  for (const [index, layer] of layers.entries()) {
    const taken = inputsOf(layer, index);
    const wrong = taken.find((value) => !(Number.isInteger(value) && value >= 0 && value <= index));
    if (wrong !== undefined) {
      throw new RangeError(`layer ${index} (${layer.op}) takes value ${wrong}, which is not there before it`);
    }
    shapes.push(
      outputShape(
        layer,
        taken.map((value) => shapes[value]),
      ),
    );
  }
  return shapes;
}

/**
 * Shape of what `layer` makes of values of the shapes `inputs`.
 * @throws UnsupportedLayerError when the layer cannot follow such values (channels, features, kernel).
 * @throws RangeError when the layer contradicts itself: an array whose length is not what its shape asks for.
 */
export function outputShape(layer: Layer, inputs: readonly Shape[]): Shape {
  const [input] = inputs;
  const several = layer.op === "add" || layer.op === "multiply" || layer.op === "rearrange";
  if (inputs.length < 1 || (!several && inputs.length !== 1)) {
    throw new RangeError(`${layer.op} takes one value, not ${inputs.length}`);
  }
  switch (layer.op) {
    case "conv": {
      const { kernel, stride, dilation, padding, groups, inChannels, outChannels } = layer;
      expectAxes(layer.op, input, [kernel, stride, dilation, padding.before, padding.after]);
      expectChannels(layer.op, inChannels, input);
      if (!(groups >= 1 && inChannels % groups === 0 && outChannels % groups === 0)) {
        throw new RangeError(`conv of ${inChannels} to ${outChannels} channels in ${groups} groups`);
      }
      expectLength("conv weights", layer.weights, (outChannels * inChannels * sizeOf(kernel)) / groups);
      expectLength("conv bias", layer.bias, outChannels);
      return [outChannels, ...windows(input, kernel, stride, dilation, padding)];
    }
    case "batchNorm":
      expectChannels(layer.op, layer.gamma.length, input);
      for (const name of ["beta", "mean", "variance"] as const) {
        expectLength(`batchNorm ${name}`, layer[name], layer.gamma.length);
      }
      return input;
    case "affine":
      expectEach("affine scale", layer.scale, input);
      expectLength("affine offset", layer.offset, layer.scale.length);
      return input;
    case "quad":
      expectEach("quad a", layer.a, input);
      expectLength("quad b", layer.b, layer.a.length);
      expectLength("quad c", layer.c, layer.a.length);
      return input;
    case "activation":
    case "polynomial":
      return input;
    case "avgPool": {
      const { kernel, stride } = layer;
      expectAxes(layer.op, input, [kernel, stride]);
      return [input[0], ...windows(input, kernel, stride)];
    }
    case "globalAvgPool":
      return [input[0], ...input.slice(1).map(() => 1)];
    case "flatten":
      return [sizeOf(input)];
    case "reshape":
      expectExtents(layer.op, layer.shape);
      if (sizeOf(layer.shape) === sizeOf(input)) return layer.shape;
      throw misfit(`reshape makes ${shapeText(layer.shape)} of ${shapeText(input)}`);
    case "rearrange": {
      expectExtents(layer.op, layer.shape);
      expectLength("rearrange index", layer.index, sizeOf(layer.shape));
      const most = inputs.reduce((sum, shape) => sum + sizeOf(shape), 0);
      if (layer.index.every((from) => from >= -1 && from < most)) return layer.shape;
      throw new RangeError(`rearrange takes an element beyond the ${most} that there are`);
    }
    case "linear":
      if (layer.inFeatures !== sizeOf(input)) {
        throw misfit(`linear takes ${layer.inFeatures} features, but gets ${sizeOf(input)} (${shapeText(input)})`);
      }
      expectLength("linear weights", layer.weights, layer.outFeatures * layer.inFeatures);
      expectLength("linear bias", layer.bias, layer.outFeatures);
      return [layer.outFeatures];
    case "add":
    case "multiply":
      if (inputs.length >= 2 && (layer.op === "add" || inputs.length === 2)) {
        if (inputs.every((other) => sameShape(other, input))) return input;
        throw misfit(`${layer.op} joins ${inputs.map(shapeText).join(" and ")}`);
      }
      throw new RangeError(`${layer.op} takes ${inputs.length} values`);
  }
}

/** How many windows there are along each axis. */
function windows(
  input: Shape,
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[] = kernel.map(() => 1),
  padding: Padding = { before: kernel.map(() => 0), after: kernel.map(() => 0) },
): number[] {
  return kernel.map((taps, axis) => {
    if (![taps, stride[axis], dilation[axis]].every((size) => Number.isSafeInteger(size) && size >= 1)) {
      throw new RangeError(
        `kernel ${taps}, stride ${stride[axis]} and dilation ${dilation[axis]} must be positive integers`,
      );
    }
    const reach = (taps - 1) * dilation[axis] + 1;
    const extent = input[axis + 1] + padding.before[axis] + padding.after[axis];
    if (!(reach <= extent)) throw misfit(`a window of ${reach} does not fit into ${shapeText(input)}`);
    return Math.floor((extent - reach) / stride[axis]) + 1;
  });
}

function expectExtents(op: string, shape: Shape): void {
  if (shape.length >= 1 && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 1)) return;
  throw new RangeError(`${op} to [${shape.join(", ")}], which is no shape`);
}

function expectAxes(op: string, input: Shape, lists: readonly (readonly number[])[]): void {
  for (const list of lists) {
    if (list.length === input.length - 1) continue;
    throw misfit(`${op} over ${list.length} axes gets ${shapeText(input)}`);
  }
}

function expectChannels(op: string, channels: number, input: Shape): void {
  if (channels === input[0]) return;
  throw misfit(`${op} is made for ${channels} channels, but gets ${input[0]} (${shapeText(input)})`);
}

/** One number a channel, or one an element. */
function expectEach(name: string, values: Float64Array, input: Shape): void {
  if (values.length === input[0] || values.length === sizeOf(input)) return;
  throw misfit(`${name} has ${values.length} numbers for ${shapeText(input)}`);
}

function expectLength(name: string, values: { readonly length: number }, length: number): void {
  if (values.length !== length) throw new RangeError(`${name} has ${values.length} values instead of ${length}`);
}

function misfit(message: string): UnsupportedLayerError {
  return new UnsupportedLayerError(
    message,
    "Check the layers' sizes and the size of the image that the network takes.",
  );
}
