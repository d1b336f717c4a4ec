import { sizeOf } from "../graph/shapes.js";
import type { LinearTerm } from "./folded.js";

/**
 * Terms that see one value at neighbouring places, as one term: what a convolution of pixels that were moved into channels (a
 * pixel-unshuffle, space to depth) is, with larger windows. One term's taps can be laid out by whoever encrypts the image. Only where the
 * windows fill each other's gaps, place by place: the same weights, no zero and none twice. Other terms stay as they are.
 * @param channels of the value
 */
export function joinTerms(terms: readonly LinearTerm[], channels: number, outputs: number): LinearTerm[] {
  const joined = terms.length > 1 ? joinedTerm(terms, channels, outputs) : undefined;
  return joined ? [joined] : [...terms];
}

function joinedTerm(terms: readonly LinearTerm[], channels: number, outputs: number): LinearTerm | undefined {
  const [first] = terms;
  const alike = terms.every(
    ({ input, groups, stride }) => input === first.input && groups === 1 && `${stride}` === `${first.stride}`,
  );
  if (!alike) return undefined;
  const axes = first.kernel.map((_, axis) => axis);
  // Places of taps along each axis, relative to a window's first.
  const places = terms.map(({ kernel, dilation, before }) =>
    axes.map((axis) => Array.from({ length: kernel[axis] }, (_, tap) => tap * dilation[axis] - before[axis])),
  );
  const least = axes.map((axis) => Math.min(...places.flatMap((term) => term[axis])));
  const kernel = axes.map((axis) => Math.max(...places.flatMap((term) => term[axis])) - least[axis] + 1);
  const taps = sizeOf(kernel);
  if (terms.reduce((sum, term) => sum + sizeOf(term.kernel), 0) !== taps) return undefined;
  const weights = new Float64Array(outputs * channels * taps);
  const taken = new Uint8Array(taps);
  for (const [k, term] of terms.entries()) {
    const own = sizeOf(term.kernel);
    for (let tap = 0; tap < own; tap++) {
      const to = placeOf(tap, term.kernel, places[k], least, kernel);
      if (taken[to]) return undefined;
      taken[to] = 1;
      for (let row = 0; row < outputs * channels; row++) weights[row * taps + to] = term.weights[row * own + tap];
    }
  }
  const before = least.map((each) => -each);
  return { ...first, kernel, before, dilation: axes.map(() => 1), weights };
}

/** Which tap of the joined window a term's tap is. */
function placeOf(
  tap: number,
  own: readonly number[],
  places: readonly (readonly number[])[],
  least: readonly number[],
  kernel: readonly number[],
): number {
  let [rest, at, size] = [tap, 0, 1];
  for (let axis = own.length - 1; axis >= 0; axis--) {
    at += (places[axis][rest % own[axis]] - least[axis]) * size;
    rest = Math.floor(rest / own[axis]);
    size *= kernel[axis];
  }
  return at;
}
