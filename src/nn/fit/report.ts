import type { ActivationName, Shape } from "../graph/network.js";
import type { StandIn } from "./stand-in.js";

/** One activation that became a polynomial. */
export interface FittedLayer extends Omit<StandIn, "layer"> {
  /** Of the layer, in both networks. */
  readonly index: number;
  /** Of the function. */
  readonly name: ActivationName;
  /** Of what it is given and gives. */
  readonly shape: Shape;
  /** The ends of `intervals`, from the lowest to the highest. */
  readonly range: readonly [low: number, high: number];
  /** Smallest and largest value that it was given, with polynomials in the layers before. */
  readonly seen: readonly [low: number, high: number];
  /**
   * Levels under encryption, of a quadratic with its square completed, of a polynomial with its variable in the linear map
   * before: where no linear map of its own comes before, one more.
   */
  readonly levels: number;
  /** Largest |p(x) − f(x)| for the values of the images. */
  readonly largestSeenError: number;
  /** The root of the mean of its squares. */
  readonly rmsError: number;
  /** How many of these values lay outside of their interval: 0, for intervals are made to hold them. */
  readonly outside: number;
}

/** How far the logits are from those of the original, over some images. */
export interface Gap {
  /** Largest |logit − original logit|. */
  readonly largest: number;
  /** The root of the mean of its squares. */
  readonly rms: number;
  /** The root of the mean of squares of the original's logits, to hold the others against. */
  readonly logitRms: number;
  /** Share of the images that both give to the same class; with labels of which an image may have several, to all the same. */
  readonly agreement: number;
  /** How many there were. */
  readonly images: number;
}

/** What `fitActivations` did, layer by layer, and what it did to the logits. */
export class FitReport {
  constructor(
    /** In the network's order. */
    readonly layers: readonly FittedLayer[],
    /** From the original network. */
    readonly gap: Gap,
  ) {}

  /** A table for people: a line for each layer, and one for the logits. */
  describe(): string {
    const { largest, rms, logitRms, agreement, images } = this.gap;
    const same = Math.round(agreement * images);
    const share = logitRms > 0 ? ` (${percent(rms / logitRms)} of their own size)` : "";
    const logits =
      this.layers.length === 0
        ? "no activation to replace"
        : `logits: off by ${short(rms)} rms${share}, ${short(largest)} at most; ${same} of ${images} images in the same class`;
    return [...aligned([HEAD, ...this.layers.map(rowOf)].slice(this.layers.length === 0 ? 1 : 0)), logits].join("\n");
  }

  /** As `describe`. */
  toString(): string {
    return this.describe();
  }
}

const HEAD = [
  "layer",
  "function",
  "range",
  "degree",
  "levels",
  "fit",
  "rms error",
  "largest on images",
  "on the range",
];
const METHODS: Readonly<Record<StandIn["method"], string>> = {
  leastSquares: "least squares",
  minimax: "minimax",
  exact: "exact",
  own: "own",
};

function rowOf(layer: FittedLayer): string[] {
  const { index, name, range, intervals, degree, levels, method, rmsError, largestSeenError, largestError } = layer;
  const fit = intervals.length > 1 ? `${METHODS[method]}, ${intervals.length} channels` : METHODS[method];
  const where = `[${range.map(short).join(", ")}]`;
  const square = degree === 2 ? `${levels} (completed square)` : `${levels}`;
  return [
    `${index}`,
    name,
    where,
    `${degree}`,
    square,
    fit,
    short(rmsError),
    short(largestSeenError),
    short(largestError),
  ];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
}

function short(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
