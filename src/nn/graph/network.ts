/**
 * Networks as blindsight sees them: layers that act on one image and on what other layers give. Weights are doubles.
 * `Network` is what a user brings (see `onnx.ts`); what is left of it to compute under encryption is a `FoldedNetwork`
 * (see `fold/`).
 */
import type { Polynomial } from "../../ckks/circuits/polynomial.js";
import type { Upsampled } from "../../picture/enlarge.js";
import type { PictureKind } from "../../picture/kind.js";

/**
 * Extents of a value, row-major, without the batch: [channels, ...extents], [1, 28, 28] for a grey image, [3, 500] for a signal
 * of three leads, [10] for ten features.
 */
export type Shape = readonly number[];

/** What every layer says of where its values come from. */
export interface Placed {
  /**
   * The values that it takes: 0 is the image, k + 1 what layer k gives. Without it a layer takes what stands before it: what the
   * layer before gives, or the image.
   */
  readonly inputs?: readonly number[];
}

/** Zeros around a value, axis by axis; less than none crops it. */
export interface Padding {
  /** Above, to the left. */
  readonly before: readonly number[];
  /** Below, to the right. */
  readonly after: readonly number[];
}

/** Cross-correlation over any number of axes, as ONNX's Conv. Lists have one entry an axis, channels left aside. */
export interface Conv extends Placed {
  readonly op: "conv";
  /** Channels that it takes. */
  readonly inChannels: number;
  /** Channels that it gives. */
  readonly outChannels: number;
  /** Taps along each axis. */
  readonly kernel: readonly number[];
  /** From one window to the next. */
  readonly stride: readonly number[];
  /** From one tap to the next: 1 unless dilated. */
  readonly dilation: readonly number[];
  readonly padding: Padding;
  /** Channels are cut into so many runs, each output sees the channels of its own run only: 1 as a rule. */
  readonly groups: number;
  /** [out][in of a group][...kernel]. */
  readonly weights: Float64Array;
  /** One value for each output channel. */
  readonly bias: Float64Array;
}

/** y = `gamma`·(x − `mean`)/√(`variance` + `epsilon`) + `beta`, per channel. */
export interface BatchNorm extends Placed {
  readonly op: "batchNorm";
  readonly gamma: Float64Array;
  readonly beta: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly epsilon: number;
}

/** y = `scale`·x + `offset`. Each has one number for each channel, or one for each element, which is what equal lengths mean. */
export interface Affine extends Placed {
  readonly op: "affine";
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

/** y = a·x² + b·x + c, per channel or per element: what stands in for ReLU. */
export interface Quad extends Placed {
  readonly op: "quad";
  /** Of x², by channel or by element. */
  readonly a: Float64Array;
  /** Of x. */
  readonly b: Float64Array;
  /** Constant. */
  readonly c: Float64Array;
}

/** Functions that no sum of products gives: only the clear-text interpreter computes them, `fitActivations` replaces them. */
export type ActivationName =
  | "relu"
  | "leakyRelu"
  | "elu"
  | "sigmoid"
  | "tanh"
  | "silu"
  | "gelu"
  | "geluTanh"
  | "softplus"
  | "mish"
  | "hardSwish"
  | "hardSigmoid"
  | "clip";

/** The function `name` of each element. */
export interface Activation extends Placed {
  readonly op: "activation";
  readonly name: ActivationName;
  /** What the function takes besides x: leakyRelu, elu: [alpha]; hardSigmoid: [alpha, beta]; clip: [least, most]. */
  readonly parameters?: readonly number[];
}

/** y = p(x) of each element. */
export interface PolynomialLayer extends Placed {
  readonly op: "polynomial";
  readonly polynomial: Polynomial;
}

/** Means over windows of `kernel`, every `stride`, none of which leaves the value; a rest at the border is dropped. */
export interface AvgPool extends Placed {
  readonly op: "avgPool";
  /** Extents of a window, one an axis, channels left aside. */
  readonly kernel: readonly number[];
  /** From one window to the next. */
  readonly stride: readonly number[];
}

/** Mean over all of a channel: [channels, 1, 1] of [channels, height, width]. */
export interface GlobalAvgPool extends Placed {
  readonly op: "globalAvgPool";
}

/** The same numbers in the same order, as a vector. */
export interface Flatten extends Placed {
  readonly op: "flatten";
}

/** The same numbers in the same order, in another shape. */
export interface Reshape extends Placed {
  readonly op: "reshape";
  readonly shape: Shape;
}

/**
 * Any choice from its inputs, laid one after the other: element i of the result is element `index`[i] of them, or zero where
 * that is −1. Transposes, slices, concatenations, paddings and whatever else moves numbers.
 */
export interface Rearrange extends Placed {
  readonly op: "rearrange";
  readonly shape: Shape;
  readonly index: Int32Array;
}

/** y = `weights`·x + `bias`, from `inFeatures` to `outFeatures` numbers, whatever the shape of x; gives a vector. */
export interface Linear extends Placed {
  readonly op: "linear";
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** [out][in]. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/** The sum of two values or more of one shape. */
export interface Add extends Placed {
  readonly op: "add";
  readonly inputs: readonly number[];
}

/** The product, element by element, of two values of one shape. */
export interface Multiply extends Placed {
  readonly op: "multiply";
  readonly inputs: readonly number[];
}

/** What a network is made of. */
export type Layer =
  | Conv
  | BatchNorm
  | Affine
  | Quad
  | Activation
  | PolynomialLayer
  | AvgPool
  | GlobalAvgPool
  | Flatten
  | Reshape
  | Rearrange
  | Linear
  | Add
  | Multiply;

/** What a model file says about its own use. All optional in a file; `onnx.ts` fills in neutral values. */
export interface NetworkCard {
  /** What people call it. */
  readonly name: string;
  /** What it was trained on. */
  readonly dataset?: string;
  /** What makes its images, as DICOM's codes of modalities, e.g. ["CR", "DX"]: any where missing. The command line refuses DICOMs of others. */
  readonly modality?: readonly string[];
  /** Of the classes, in the order of their probabilities. */
  readonly labels: readonly string[];
  /** Class whose probability is compared with `threshold`, when there are two classes. */
  readonly positive: number;
  /** Probability of the class `positive` from which on the verdict is that class. */
  readonly threshold: number;
  /**
   * How logits become probabilities (`probabilities`): "softmax" (unless said) over classes of which an image has one, or
   * "sigmoid", each logit by itself: labels of which an image may have several, or none. One logit is always a sigmoid's, of
   * two classes: it speaks for class 1.
   */
  readonly activation?: "softmax" | "sigmoid";
  /** A pixel v in 0..255 enters the network as v·scale + offset. */
  readonly input: { readonly scale: number; readonly offset: number };
  /** How the images that it was trained on were enlarged to its size, where they were smaller. Pictures are then treated alike. */
  readonly upsampled?: Upsampled;
  /** Smallest and largest mean and standard deviation of the pixels (0..255) over the training images. */
  readonly training?: { readonly pixelMean: readonly [number, number]; readonly pixelStd: readonly [number, number] };
  /** What its training images look like, for telling an image of another kind (`unlikeTraining`). */
  readonly kind?: PictureKind;
  /** Name of the ReLU network that was trained beside this one. */
  readonly twin?: string;
}

/** `layers` over one image of the shape `input`, each after those that it takes; the last one gives the logits. Its `card` says what it is for. */
export interface Network {
  readonly input: Shape;
  readonly layers: readonly Layer[];
  /** As many as logits; two where there is one logit. */
  readonly classes: number;
  readonly card: NetworkCard;
}
