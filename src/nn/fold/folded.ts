/**
 * What is left of a network to compute under encryption. All that only moves numbers, and all that is linear by element, has
 * gone into the linear maps; so a value here is what a step gives, and its order in memory is its own.
 */
import type { Polynomial } from "../../ckks/circuits/polynomial.js";
import type { Shape } from "../graph/network.js";

/**
 * What one value adds to a linear layer: windows of weights that move over its axes. A matrix from a whole value is a window
 * as large as the value, a batch norm a window of one element in as many groups as there are channels. Windows move by `stride`,
 * their taps lie `dilation` apart.
 */
export interface LinearTerm {
  /** The value that it acts on: 0 is the image, k + 1 what layer k gives. */
  readonly input: number;
  /** One entry for each axis of that value, channels left aside; so have `stride`, `dilation` and `before`. */
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Zeros before the first element of each axis; less than none crops. What comes after the last follows from the layer's shape. */
  readonly before: readonly number[];
  /** Output channel o sees the input channels of its own run only. */
  readonly groups: number;
  /** [out][in of a group][...kernel]. */
  readonly weights: Float64Array;
  /** What each element of the input is multiplied by first; nothing where it is absent. */
  readonly inScale?: Float64Array;
}

/** y = outScale ⊙ Σ `terms` + bias. One level. */
export interface FoldedLinear {
  readonly op: "linear";
  /** What it was before it was folded, for tables and for the folds' own rules. */
  readonly kind: "conv" | "dense" | "norm" | "pool" | "identity";
  readonly terms: readonly LinearTerm[];
  /** Of what it gives: [out, ...windows along the axes]. Where there is one window along each axis it may be [out]. */
  readonly shape: Shape;
  /** One number for each element of the result; nothing where it is absent. */
  readonly outScale?: Float64Array;
  /** One number for each element of the result. */
  readonly bias: Float64Array;
}

/** y = x² of the value `input`, the only non-linearity left when the square has been completed. One level. */
export interface Square {
  readonly op: "square";
  readonly input: number;
}

/** y = `a`·x² + `b`·x + `c` by element of the value `input`. Two levels: for a quadratic that could not be completed. */
export interface FoldedQuad {
  readonly op: "quad";
  readonly input: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly c: Float64Array;
}

/** y = x + `offset` by element of the value `input`. No level. */
export interface Shift {
  readonly op: "shift";
  readonly input: number;
  readonly offset: Float64Array;
}

/** Sums over windows of the value `input` that tile from the first element on; a rest at the border is dropped. No level where extents are powers of two. */
export interface SumPool {
  readonly op: "sumPool";
  readonly input: number;
  /** One entry an axis, channels left aside. */
  readonly kernel: readonly number[];
}

/** The sum of the values `inputs`, of one shape. No level. */
export interface FoldedAdd {
  readonly op: "add";
  readonly inputs: readonly number[];
}

/** The product of the two values `inputs`, of one shape. One level. */
export interface FoldedMultiply {
  readonly op: "multiply";
  readonly inputs: readonly [number, number];
}

/** y = p(x) by element of the value `input`. ⌈log2(degree + 1)⌉ levels, see `polynomialCost`. */
export interface FoldedPolynomial {
  readonly op: "polynomial";
  readonly input: number;
  readonly polynomial: Polynomial;
}

/** What is left of layers to compute under encryption. */
export type FoldedLayer =
  | FoldedLinear
  | Square
  | FoldedQuad
  | Shift
  | SumPool
  | FoldedAdd
  | FoldedMultiply
  | FoldedPolynomial;

/** `layers` over one image of the shape `input`, each after those that it takes; the last one gives the logits. */
export interface FoldedNetwork {
  readonly input: Shape;
  readonly layers: readonly FoldedLayer[];
  /** Number of logits. */
  readonly classes: number;
}

/** Each fold is exact and can be switched by itself; see `fold.ts`. */
export interface FoldOptions {
  /** What is linear by element into the linear maps before or after it. */
  readonly batchNorm: boolean;
  /** Complete the square: a·x² + b·x + c = a·(x + b/2a)² + (c − b²/4a); polynomials' variables into what gives them. */
  readonly square: boolean;
  /** 1/k² of an average pooling into the weights after it. */
  readonly pooling: boolean;
  /** Linear after linear (global average pooling and the last matrix, matrix after matrix): one matrix. */
  readonly linear: boolean;
}

/** The values that a layer takes. */
export function takenBy(layer: FoldedLayer): readonly number[] {
  switch (layer.op) {
    case "linear":
      return layer.terms.map(({ input }) => input);
    case "add":
    case "multiply":
      return layer.inputs;
    default:
      return [layer.input];
  }
}
