import { ParameterError } from "../../errors.js";
import type { ImageValues } from "../graph/image.js";
import { interpret } from "../graph/interpret.js";
import type { Network } from "../graph/network.js";
import { inputsOf, planeOf, sameShape, shapeText, valueShapes } from "../graph/shapes.js";
import type { Interval } from "./intervals.js";
import { isOutside } from "./measure.js";
import type { FitReport } from "./report.js";

/** A layer that is given values for which it was not fitted. */
export interface RangeLeft {
  /** Of the layer. */
  readonly index: number;
  /** Where it was fitted, from the lowest end to the highest of all channels. */
  readonly range: Interval;
  /** Smallest and largest value that it is given. */
  readonly given: Interval;
  /** How many values lie outside of the interval of their channel, and how many there are. */
  readonly outside: number;
  /** All of them. */
  readonly values: number;
}

/**
 * The layers of a fitted network that an image drives out of the interval on which they were fitted, in the network's order: none for an
 * image like those of the fit. Beyond its interval a quadratic strays slowly; a polynomial of degree n grows like the n-th power,
 * and nobody sees that under encryption. Costs one run in the clear.
 * @param report of the fit: without it only polynomial layers are looked at, which carry an interval of their own
 * @throws TypeError and ParameterError for what is no image of the network; ParameterError for another network's report.
 */
export function rangesLeft(network: Network, image: ImageValues, report?: FitReport): RangeLeft[] {
  const shapes = valueShapes(network.input, network.layers);
  const intervals = new Map<number, readonly Interval[]>();
  for (const [index, layer] of network.layers.entries()) {
    if (layer.op === "polynomial") intervals.set(index, [layer.polynomial.interval]);
  }
  for (const { index, shape, intervals: fitted } of report?.layers ?? []) {
    const op = network.layers[index]?.op;
    if ((op !== "quad" && op !== "affine" && op !== "polynomial") || !sameShape(shape, shapes[index + 1])) {
      const found = op ? `${op} of ${shapeText(shapes[index + 1])}` : "none";
      throw new ParameterError(
        `layer ${index} was fitted for ${shapeText(shape)}, but is ${found}`,
        "give the network and the report that one fitActivations gave",
      );
    }
    intervals.set(index, fitted);
  }
  const left: RangeLeft[] = [];
  const look = (value: number, values: Float64Array): void => {
    for (const [index, fitted] of intervals) {
      if (inputsOf(network.layers[index], index)[0] !== value) continue;
      const found = strayed(values, planeOf(shapes[value]), fitted);
      if (found.outside > 0) left.push({ index, ...found });
    }
  };
  interpret(network, image, (index, _layer, _shape, values) => {
    // The image as doubles is what the first layer that takes it was given.
    if (index === 0) look(0, Float64Array.from(image));
    look(index + 1, values);
  });
  return left.sort((a, b) => a.index - b.index);
}

function strayed(values: Float64Array, plane: number, intervals: readonly Interval[]): Omit<RangeLeft, "index"> {
  let [least, most, outside] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const [i, x] of values.entries()) {
    if (x < least) least = x;
    if (x > most) most = x;
    outside += Number(isOutside(x, intervals[intervals.length === 1 ? 0 : Math.floor(i / plane)]));
  }
  const range: Interval = [Math.min(...intervals.map(([low]) => low)), Math.max(...intervals.map(([, high]) => high))];
  return { range, given: [least, most], outside, values: values.length };
}
