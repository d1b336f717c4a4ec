/**
 * Networks as blindsight sees them: a chain of layers acting on one image. Weights are doubles.
 * `Network` is what a user brings (see `onnx.ts`); `FoldedNetwork` is what is left of it to compute under encryption
 * (see `fold.ts`). Arrays are row-major: images and feature maps [channel][row][column], kernels
 * [out][in][row][column], matrices [out][in].
 */
export interface Shape {
  /** Maps. */
  readonly channels: number;
  /** Rows, in pixels. */
  readonly height: number;
  /** Columns, in pixels. */
  readonly width: number;
}

/** Cross-correlation, as ONNX's Conv: from `inChannels` to `outChannels`, by `weights` of a `kernel`, every `stride` pixels. */
export interface Conv2d {
  readonly op: "conv2d";
  /** Channels that it takes. */
  readonly inChannels: number;
  /** Channels that it gives. */
  readonly outChannels: number;
  /** Size, in pixels. */
  readonly kernel: readonly [height: number, width: number];
  /** Pixels from one window to the next. */
  readonly stride: readonly [vertical: number, horizontal: number];
  /** Zero padding in pixels. */
  readonly padding: { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number };
  /** [out][in][row][column]. */
  readonly weights: Float64Array;
  /** One value for each output channel. */
  readonly bias: Float64Array;
}

/** y = `gamma`·(x − `mean`)/√(`variance` + `epsilon`) + `beta`, per channel. */
export interface BatchNorm2d {
  readonly op: "batchNorm2d";
  readonly gamma: Float64Array;
  readonly beta: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly epsilon: number;
}

/** y = a·x² + b·x + c, per channel: what stands in for ReLU. */
export interface Quad {
  readonly op: "quad";
  /** Of x², by channel. */
  readonly a: Float64Array;
  /** Of x, by channel. */
  readonly b: Float64Array;
  /** Constant, by channel. */
  readonly c: Float64Array;
}

/** Only the clear-text interpreter can run it. */
export interface Relu {
  readonly op: "relu";
}

/** Mean over windows that do not overlap and tile from the top left corner; a rest at the border is dropped. */
export interface AvgPool2d {
  readonly op: "avgPool2d";
  /** Size of a window, in pixels. */
  readonly kernel: readonly [height: number, width: number];
}

/** Mean over all pixels of a channel. */
export interface GlobalAvgPool {
  readonly op: "globalAvgPool";
}

/** An image as a vector, [channel][row][column]. */
export interface Flatten {
  readonly op: "flatten";
}

/** y = `weights`·x + `bias`, from `inFeatures` to `outFeatures` numbers. */
export interface Linear {
  readonly op: "linear";
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/** What a network is made of. */
export type Layer = Conv2d | BatchNorm2d | Quad | Relu | AvgPool2d | GlobalAvgPool | Flatten | Linear;

/** What a model file says about its own use. All optional in a file; `onnx.ts` fills in neutral values. */
export interface NetworkCard {
  /** What people call it. */
  readonly name: string;
  /** What it was trained on. */
  readonly dataset?: string;
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
  /** Smallest and largest mean and standard deviation of the pixels (0..255) over the training images. */
  readonly training?: { readonly pixelMean: readonly [number, number]; readonly pixelStd: readonly [number, number] };
  /** Name of the ReLU network that was trained beside this one. */
  readonly twin?: string;
}

/** A chain of `layers` over one image of the shape `input`, and its `card`. */
export interface Network {
  readonly input: Shape;
  readonly layers: readonly Layer[];
  /** As many as logits; two where there is one logit. */
  readonly classes: number;
  readonly card: NetworkCard;
}

/** A convolution whose bias may differ from position to position, as completing the square with padding demands. */
export interface FoldedConv2d extends Omit<Conv2d, "bias"> {
  /** [out][row][column] over the output. */
  readonly biasMap: Float64Array;
}

/** y = x², the only non-linearity left when the square has been completed. */
export interface Square {
  readonly op: "square";
}

/** Sum over windows as in AvgPool2d: rotations and additions only, the 1/k² went into the next weights. */
export interface SumPool2d {
  readonly op: "sumPool2d";
  /** Size of a window, in pixels. */
  readonly kernel: readonly [height: number, width: number];
}

/** A matrix from a whole feature map (any pooling merged into it) to features: weights [out][channel][row][column]. */
export interface Dense {
  readonly op: "dense";
  /** Numbers that it gives. */
  readonly outFeatures: number;
  /** [out][channel][row][column]. */
  readonly weights: Float64Array;
  /** One value for each output. */
  readonly bias: Float64Array;
}

/** What is left of layers to compute under encryption. */
export type FoldedLayer = FoldedConv2d | BatchNorm2d | Quad | Square | AvgPool2d | SumPool2d | GlobalAvgPool | Dense;

/** A chain of `layers` over one image of the shape `input`. */
export interface FoldedNetwork {
  readonly input: Shape;
  readonly layers: readonly FoldedLayer[];
  /** Number of logits. */
  readonly classes: number;
}

/** Each fold is exact and can be switched by itself; see `fold.ts`. */
export interface FoldOptions {
  /** Batch norm into the convolution before it. */
  readonly batchNorm: boolean;
  /** Complete the square: a·x² + b·x + c = a·(x + b/2a)² + (c − b²/4a). */
  readonly square: boolean;
  /** 1/k² of an average pooling into the weights after it. */
  readonly pooling: boolean;
  /** Linear after linear (global average pooling and the last matrix, matrix after matrix): one matrix. */
  readonly linear: boolean;
}
