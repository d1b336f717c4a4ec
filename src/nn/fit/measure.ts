import { ParameterError } from "../../errors.js";
import { activationOf } from "../graph/activations.js";
import { interpret } from "../graph/interpret.js";
import type { Network } from "../graph/network.js";
import { planeOf, valueShapes } from "../graph/shapes.js";
import type { Interval } from "./intervals.js";
import { takersOf } from "./observed.js";
import { FitReport, type FittedLayer, type Gap } from "./report.js";
import type { StandIn } from "./stand-in.js";

/** What stands for an activation, and the smallest and largest value that it was made for. */
export interface MeasuredStandIn extends StandIn {
  readonly seen: Interval;
}

interface Errors {
  largest: number;
  squares: number;
  count: number;
  outside: number;
}

/**
 * Runs both networks on each image and says how far they are apart.
 * @throws ParameterError for logits that are not finite.
 */
export function measure(
  original: Network,
  fitted: Network,
  standIns: ReadonlyMap<number, MeasuredStandIn>,
  images: readonly Float64Array[],
): FitReport {
  const shapes = valueShapes(fitted.input, fitted.layers);
  const takers = takersOf(fitted, standIns.keys());
  const errors = new Map(
    [...standIns.keys()].map((index) => [index, { largest: 0, squares: 0, count: 0, outside: 0 }]),
  );
  const gap = new GapSums(original);
  for (const [number, image] of images.entries()) {
    // What each layer that is looked at was given, until it has given something itself.
    const given = new Map<number, Float64Array>();
    const keep = (value: number, values: Float64Array) => {
      for (const index of takers.get(value) ?? []) given.set(index, values);
    };
    keep(0, image);
    const logits = interpret(fitted, image, (index, _layer, _shape, values) => {
      const [entry, taken] = [standIns.get(index), given.get(index)];
      const layer = original.layers[index];
      if (entry && taken && layer.op === "activation") {
        const plane = planeOf(shapes[index + 1]);
        compare(errors.get(index)!, { f: activationOf(layer), taken, values, plane, ...entry });
        given.delete(index);
      }
      keep(index + 1, values);
    });
    gap.add(interpret(original, image), logits, number);
  }
  const layers = [...standIns]
    .sort(([a], [b]) => a - b)
    .map(([index, standIn]): FittedLayer => {
      const { layer: _layer, ...facts } = standIn;
      const { largest, squares, count, outside } = errors.get(index)!;
      const replaced = original.layers[index];
      if (replaced.op !== "activation") throw new RangeError(`layer ${index} is no activation`);
      return {
        index,
        name: replaced.name,
        shape: shapes[index + 1],
        ...facts,
        range: hull(facts.intervals),
        largestSeenError: largest,
        rmsError: Math.sqrt(squares / count),
        outside,
      };
    });
  return new FitReport(layers, gap.result());
}

interface Comparison {
  readonly f: (x: number) => number;
  /** What the layer takes and gives. */
  readonly taken: Float64Array;
  readonly values: Float64Array;
  readonly plane: number;
  readonly intervals: readonly Interval[];
}

function compare(errors: Errors, { f, taken, values, plane, intervals }: Comparison): void {
  for (const [i, x] of taken.entries()) {
    const error = Math.abs(values[i] - f(x));
    errors.largest = Math.max(errors.largest, error);
    errors.squares += error ** 2;
    errors.outside += Number(isOutside(x, intervals[intervals.length === 1 ? 0 : Math.floor(i / plane)]));
  }
  errors.count += taken.length;
}

export function isOutside(x: number, [low, high]: Interval): boolean {
  // Written so that NaN is outside.
  return !(x >= low && x <= high);
}

/** From the lowest end to the highest. */
function hull(intervals: readonly Interval[]): Interval {
  return intervals.reduce(([low, high], [a, b]) => [Math.min(low, a), Math.max(high, b)]);
}

class GapSums {
  private largest = 0;
  private squares = 0;
  private logitSquares = 0;
  private count = 0;
  private same = 0;
  private images = 0;

  constructor(private readonly network: Network) {}

  add(wanted: Float64Array, got: Float64Array, image: number): void {
    for (const [k, logit] of wanted.entries()) {
      const off = Math.abs(got[k] - logit);
      if (!Number.isFinite(off)) {
        throw new ParameterError(
          `image ${image}: logit ${k} is ${got[k]}, the original's ${logit}`,
          "check the weights; take higher degrees, or train the network with the polynomials in it",
        );
      }
      this.largest = Math.max(this.largest, off);
      this.squares += off ** 2;
      this.logitSquares += logit ** 2;
    }
    this.count += wanted.length;
    this.images++;
    const [before, after] = [wanted, got].map((logits) => this.verdictOf(logits));
    this.same += Number(before === after);
  }

  result(): Gap {
    const mean = (sum: number) => Math.sqrt(sum / this.count);
    return {
      largest: this.largest,
      rms: mean(this.squares),
      logitRms: mean(this.logitSquares),
      agreement: this.same / this.images,
      images: this.images,
    };
  }

  /** The class; of labels that are decided one by one, and of one logit, which ones are above zero. */
  private verdictOf(logits: Float64Array): string {
    if (logits.length === 1 || this.network.card.activation === "sigmoid")
      return Array.from(logits, (z) => z > 0).join();
    return `${logits.indexOf(logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY))}`;
  }
}
