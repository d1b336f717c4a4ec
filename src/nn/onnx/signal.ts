import { BlindsightError, FormatError, UnsupportedLayerError } from "../../errors.js";
import type { Layer, Shape } from "../graph.js";
import { outputShape, shapeText, sizeOf } from "../shapes.js";
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

export type Value = Signal | Tensor;

/** Beyond this a feature map is no network for encryption, and a hostile file could ask for any amount of memory. */
const LARGEST_MAP = 2 ** 22;

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

/** @throws UnsupportedLayerError for a feature map of more than 2^22 values. */
export function expectMapSize(shape: Shape, label: string): void {
  if (sizeOf(shape) <= LARGEST_MAP) return;
  throw new UnsupportedLayerError(
    `${label} has ${shapeText(shape)} values, more than ${LARGEST_MAP}`,
    "Use smaller images or fewer channels.",
  );
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

/** The layers from the image to this stage. */
export function layersUpTo(last: Stage): Layer[] {
  const layers: Layer[] = [];
  for (let stage: Stage | undefined = last; stage?.layer; stage = stage.previous) layers.push(stage.layer);
  return layers.reverse();
}

function expectFinite(layer: Layer, label: string): void {
  for (const values of Object.values(layer)) {
    if (values instanceof Float64Array && values.some((value) => !Number.isFinite(value))) {
      throw new FormatError(`${label}: its numbers overflow`, "Train and export the model again with smaller weights.");
    }
  }
}
