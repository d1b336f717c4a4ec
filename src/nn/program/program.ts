/**
 * A program: what is done to encrypted images, as a list of assignments, plain data. It serialises (JSON), prints, runs encrypted,
 * runs in the clear (`simulate`) and is counted, all by one walker (`walk.ts`). It is public: it says the architecture and the
 * rotations, and holds no weight; each step names the folded layer that its weights come from.
 */
import type { PolynomialBasis } from "../../ckks/circuits/polynomial.js";
import type { Shape } from "../graph/network.js";
import type { Layout } from "../layout/layout.js";
import type { DiagonalGroup } from "../plan/split.js";

export type { DiagonalGroup };

/** One ciphertext, once it is there, at its `level`. */
export interface ProgramValue {
  readonly level: number;
  /** Where its elements lie: an index into `layouts`. */
  readonly layout: number;
  /** Which of the layout's ciphertexts it is. */
  readonly ciphertext: number;
}

/**
 * Windows whose taps the key holder lays out as channels: the first layer is then a matrix on channels alone. Lists have one entry an
 * axis: extents of the `kernel`, its `stride` and `dilation`, and zeros `before` the first element.
 */
export interface Taps {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
  /** Windows along each axis. */
  readonly output: readonly number[];
}

/** What is done to the ciphertexts of an image: `steps` on `values`, each of which lies as its entry of `layouts` says, in `slots` slots. */
export interface Program {
  readonly slots: number;
  /** Levels used up: the level of the images; results are at level 0. */
  readonly depth: number;
  /** Logits. */
  readonly classes: number;
  /** Of an image as the network takes it. */
  readonly input: Shape;
  /** Images that run at once, side by side; 1 unless said. In layouts they are the last dimension. */
  readonly images?: number;
  /**
   * Each element of a value is a ciphertext of its own, and each slot another image: as many as there are slots. Weights are numbers,
   * no step has other operands, and none rotates.
   */
  readonly throughput?: true;
  /** How the key holder rearranges it before it is laid into slots; absent where not at all. */
  readonly taps?: Taps;
  readonly layouts: readonly Layout[];
  readonly values: readonly ProgramValue[];
  /** The ciphertexts of an image: values, in order. */
  readonly inputs: readonly number[];
  /** In the order in which they run; each makes its outputs, which nothing made before. */
  readonly steps: readonly Step[];
  /** The ciphertexts of a result, in order. */
  readonly outputs: readonly number[];
}

interface Assignment {
  /** Values that it takes, all at one level. */
  readonly inputs: readonly number[];
  /** Values that it makes, all at one level. */
  readonly outputs: readonly number[];
}

/** What comes from a layer of the network, and the sum pools that came into it. */
export interface LayerStep extends Assignment {
  /** Index of the folded layer that it computes. */
  readonly layer: number;
  /**
   * Applied one after another as y += Σ rotate(y, step) to each result before its last drop, at the unrescaled scale: what
   * completes the product, and the sum pools, two powers of two at a time (see `Fold`). The bias is added after the drop.
   */
  readonly folds: readonly (readonly number[])[];
  /** Windows of the sum pools that came into this step, in order. */
  readonly pools: readonly (readonly number[])[];
}

/**
 * y_o = Σ_g rotate(Σ u ⊙ rotate(x_input, baby), giant_g) over the groups of output o, then the folds, one drop, and the bias. With
 * encrypted weights each inner sum is relinearised. One level. Its operands: the terms' vectors in order, then a bias for each
 * output. With a `pair` each x is first x + i·rotate(x, pair), and after the folds y is y + its conjugate.
 */
export interface LinearStep extends LayerStep {
  readonly op: "linear";
  /** Of each input, which of the layer's terms it belongs to. */
  readonly terms: readonly number[];
  /** `output` and `input` count this step's own. */
  readonly groups: readonly DiagonalGroup[];
  /** Each vector holds two diagonals, this many slots apart, of half the weights: w/2 − i·w′/2. Absent where it holds one. */
  readonly pair?: number;
  /** Mask of the slot bits that complete the product: see `SlotMatrix`. */
  readonly folded: number;
  /** Where the product lies before the pools: an index into `layouts`. */
  readonly target: number;
  /** Weights and bias are multiplied by 1 + i·GUARD: of what the key holder gets. */
  readonly guarded: boolean;
}

/** y = x², relinearised, folded, dropped. One level, no operands. */
export interface SquareStep extends LayerStep {
  readonly op: "square";
}

/** y = x_0 ⊙ x_1. One level, no operands. */
export interface MultiplyStep extends LayerStep {
  readonly op: "multiply";
}

/** y = a ⊙ x² + b ⊙ x + c: the square drops to level − 1, the sum is folded there and drops to level − 2. Operands: a, b, c. */
export interface QuadStep extends LayerStep {
  readonly op: "quad";
}

/** y = p(x) with the `coefficients` in the `basis`, on the `interval`: the polynomial of layer `layer`. No operands: all of it is public. */
export interface PolynomialStep extends Assignment {
  readonly op: "polynomial";
  readonly layer: number;
  readonly basis: PolynomialBasis;
  readonly coefficients: readonly number[];
  readonly interval: readonly [number, number];
}

/** y = Σ x, layer `layer`. No level, no operands. */
export interface AddStep extends Assignment {
  readonly op: "add";
  readonly layer: number;
}

/** y = x + offset, layer `layer`. No level. Operand: the offset. */
export interface ShiftStep extends Assignment {
  readonly op: "shift";
  readonly layer: number;
}

/** The same values at a lower level, where something else awaits them. */
export interface LowerStep extends Assignment {
  readonly op: "lower";
}

/**
 * y_o = Σ w·x + b for all outputs, with numbers: layer `layer` and the `pools` behind it, in throughput mode. One level. Its inputs
 * are the elements of each value that the layer takes, in order.
 */
export interface CombineStep extends Assignment {
  readonly op: "combine";
  readonly layer: number;
  /** How many numbers are not zero whatever the weights are. */
  readonly products: number;
  readonly pools: readonly (readonly number[])[];
  /** Whether it gives the logits: weights and constants are multiplied by 1 + i·GUARD then. */
  readonly readout: boolean;
}

/** One step of a program. */
export type Step =
  | CombineStep
  | LinearStep
  | SquareStep
  | MultiplyStep
  | QuadStep
  | PolynomialStep
  | AddStep
  | ShiftStep
  | LowerStep;

/** The step of that operation. */
export type StepOf<Op extends Step["op"]> = Extract<Step, { op: Op }>;

/** Images that a program takes at once. */
export function imagesOf({ images = 1, throughput, slots }: Pick<Program, "images" | "throughput" | "slots">): number {
  return throughput ? slots : images;
}

/** The results of one of so many images, out of those of all, [class][image]. */
export function ofImage(results: Float64Array, image: number, images: number): Float64Array {
  return Float64Array.from({ length: results.length / images }, (_, k) => results[k * images + image]);
}
