import { BlindsightError, FormatError, UnsupportedLayerError } from "../../errors.js";
import type { Conv2d, Layer, NetworkCard, Shape } from "../graph.js";
import { expectMapSize, outputShape } from "../shapes.js";
import type { Tensor } from "./tensor.js";

/** What the layers up to some point of the graph make of the image; a chain back to the input. */
export interface Stage {
  readonly shape: Shape;
  /** ONNX sees a matrix [batch, features], not a feature map [batch, channels, height, width]. */
  readonly flat: boolean;
  readonly layer?: Layer;
  readonly previous?: Stage;
}

/** a·x² + b·x + c, one entry for each channel. */
export interface Polynomial {
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly c: Float64Array;
}

/**
 * A value that depends on the image: a polynomial of a stage, the stage itself when there is none. Element-wise
 * operators only change the polynomial, so that every spelling of a quadratic reads as the same one.
 */
export interface Signal {
  readonly kind: "signal";
  readonly stage: Stage;
  readonly polynomial?: Polynomial;
}

/** Features with zeros around them: a convolution takes the zeros as its own padding, nothing else can. */
export interface Padded {
  readonly kind: "padded";
  readonly signal: Signal;
  readonly padding: Conv2d["padding"];
  /** The node that padded. */
  readonly label: string;
}

/** What a Softmax, LogSoftmax or Sigmoid gives: only the graph's output may be that, and then the logits are taken. */
export interface Probabilities {
  readonly kind: "probabilities";
  readonly signal: Signal;
  readonly activation: NonNullable<NetworkCard["activation"]>;
  /** The node that made them. */
  readonly label: string;
}

export type Value = Signal | Tensor | Padded | Probabilities;

export function signalOf(stage: Stage): Signal {
  return { kind: "signal", stage };
}

/** ONNX's shape of the value, batch 1 in front. */
export function dimsOf({ shape, flat }: Stage): number[] {
  return flat ? [1, shape.channels] : [1, shape.channels, shape.height, shape.width];
}

/** The stage after one more layer; `label` names the node in errors. */
export function append(stage: Stage, layer: Layer, label: string, flat = stage.flat): Stage {
  expectFinite(layer, label);
  try {
    const shape = outputShape(layer, stage.shape);
    expectMapSize(shape, label);
    return { shape, flat, layer, previous: stage };
  } catch (error) {
    if (!(error instanceof BlindsightError) || error.message.startsWith(label)) throw error;
    throw new UnsupportedLayerError(`${label}: ${error.message}`, error.fix, { cause: error });
  }
}

/** The value as a stage: a pending polynomial becomes a layer, or the bias of the convolution or matrix before it. */
export function settle({ stage, polynomial }: Signal, label: string): Stage {
  if (!polynomial) return stage;
  const { a, b, c } = polynomial;
  if (a.some((value) => value !== 0)) return append(stage, { op: "quad", a, b, c }, label);
  if (b.every((value) => value === 1)) {
    if (c.every((value) => value === 0)) return stage;
    const { layer, previous } = stage;
    if (previous && (layer?.op === "conv2d" || layer?.op === "linear")) {
      return append(previous, { ...layer, bias: layer.bias.map((bias, i) => bias + c[i]) }, label, stage.flat);
    }
  }
  const affine = { gamma: b, beta: c, mean: b.map(() => 0), variance: b.map(() => 1), epsilon: 0 };
  return append(stage, { op: "batchNorm2d", ...affine }, label);
}

/** The image that this stage is made of, and the layers from there to it. */
export function chainOf(last: Stage): { input: Shape; layers: Layer[] } {
  const layers: Layer[] = [];
  let stage = last;
  for (; stage.layer && stage.previous; stage = stage.previous) layers.push(stage.layer);
  return { input: stage.shape, layers: layers.reverse() };
}

function expectFinite(layer: Layer, label: string): void {
  for (const values of Object.values(layer)) {
    if (values instanceof Float64Array && values.some((value) => !Number.isFinite(value))) {
      throw new FormatError(`${label}: its numbers overflow`, "Train and export the model again with smaller weights.");
    }
  }
}
