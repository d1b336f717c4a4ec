import { interpret } from "../graph/interpret.js";
import type { ActivationName, Network } from "../graph/network.js";
import { classLogits } from "../probabilities.js";

/** One activation that became a polynomial. */
export interface FittedLayer {
  /** Of the layer in the network. */
  readonly index: number;
  /** Of the function. */
  readonly name: ActivationName;
  /** Where it was fitted: values beyond it are no longer near the function. */
  readonly range: readonly [low: number, high: number];
  /** Of the polynomial. */
  readonly degree: number;
  /** Levels under encryption; of a quadratic with its square completed. */
  readonly levels: number;
  /** Largest |polynomial − function| on the range. */
  readonly largestError: number;
  /** rms of that over the values of the images. */
  readonly rmsError: number;
}

/** How far a network is from the one that it stands for, over some images. */
export interface Gap {
  /** Largest |logit − original logit|. */
  readonly largest: number;
  /** The root of the mean of its squares. */
  readonly rms: number;
  /** Share of the images with the same class. */
  readonly agreement: number;
}

/** What `fitActivations` did. */
export class FitReport {
  constructor(
    /** In the network's order. */
    readonly layers: readonly FittedLayer[],
    /** From the original network. */
    readonly gap: Gap,
  ) {}

  /** A table for people. */
  describe(): string {
    const number = (value: number) => value.toPrecision(3);
    const rows = this.layers.map(
      ({ index, name, range, degree, levels, largestError, rmsError }) =>
        `layer ${index}: ${name} on [${range.map(number).join(", ")}] is of degree ${degree}, ${levels} level${levels === 1 ? "" : "s"}; ` +
        `errs by ${number(rmsError)} (rms), ${number(largestError)} at most on the range`,
    );
    const { largest, rms, agreement } = this.gap;
    const same = `${(100 * agreement).toFixed(1)} % of the images in the same class`;
    return [...rows, `logits: ${number(rms)} from the original's (rms), ${number(largest)} at most; ${same}`].join(
      "\n",
    );
  }
}

export function gapOf(original: Network, fitted: Network, images: readonly Float64Array[]): Gap {
  let [largest, squares, count, same] = [0, 0, 0, 0];
  for (const image of images) {
    const [wanted, got] = [interpret(original, image), interpret(fitted, image)];
    for (const [k, logit] of wanted.entries()) {
      const off = Math.abs(got[k] - logit);
      // Written so that NaN is kept, too.
      if (!(off <= largest)) largest = off;
      squares += off ** 2;
      count++;
    }
    same += Number(classOf(wanted) === classOf(got));
  }
  return { largest, rms: Math.sqrt(squares / count), agreement: same / images.length };
}

function classOf(logits: Float64Array): number {
  const all = classLogits(logits);
  return all.indexOf(Math.max(...all));
}
