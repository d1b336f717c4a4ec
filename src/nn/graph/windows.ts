/** Windows that move over the axes of a value, channels left aside. Lists have one entry an axis. */
export interface Windows {
  /** Extents of what they move over. */
  readonly input: readonly number[];
  /** How many there are along each axis. */
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  /** 1 unless said. */
  readonly dilation?: readonly number[];
  /** Zeros before the first element; none unless said. What comes after the last follows from `output`. */
  readonly padding?: { readonly before: readonly number[] };
}

/** Visits each tap of each window that is no padding: indices of the window, of the tap and of the element, all row-major. */
export function eachTap(windows: Windows, visit: (window: number, tap: number, element: number) => void): void {
  const axes = windows.kernel.map((_, axis) => tapsOf(windows, axis));
  const walk = (axis: number, window: number, tap: number, element: number): void => {
    if (axis === axes.length) {
      visit(window, tap, element);
      return;
    }
    const [outputs, taps, inputs] = [windows.output[axis], windows.kernel[axis], windows.input[axis]];
    for (const [at, tapAt, from] of axes[axis]) {
      walk(axis + 1, window * outputs + at, tap * taps + tapAt, element * inputs + from);
    }
  };
  walk(0, 0, 0, 0);
}

/** What is summed over windows: channels in and out, in groups, with the weights [out][in of a group][...kernel]. */
export interface Correlation {
  readonly windows: Windows;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly weights: Float64Array;
}

/** Adds each window's sum of weights times `values`, [in][...input], to `sums`, [out][...windows]. About a second for 10^9 products. */
export function correlate(correlation: Correlation, values: Float64Array, sums: Float64Array): void {
  const { windows, inChannels, outChannels, groups, weights } = correlation;
  const [taps, inPlane, outPlane] = [product(windows.kernel), product(windows.input), product(windows.output)];
  const [inGroup, outGroup] = [inChannels / groups, outChannels / groups];
  // The longest run is the innermost: places of one tap in all windows, or of all taps in the one window.
  const run = { at: new Int32Array(outPlane === 1 ? taps : outPlane), from: new Int32Array(0), count: 0 };
  run.from = new Int32Array(run.at.length);
  const eachPair = (visit: (weight: number, element: number, sum: number) => void) => {
    for (let o = 0; o < outChannels; o++) {
      const first = Math.floor(o / outGroup) * inGroup;
      for (let i = 0; i < inGroup; i++) visit((o * inGroup + i) * taps, (first + i) * inPlane, o * outPlane);
    }
  };
  if (outPlane === 1) {
    eachTap(windows, (_, tap, element) => {
      run.at[run.count] = tap;
      run.from[run.count++] = element;
    });
    eachPair((weight, element, sum) => {
      sums[sum] += dot(weights, weight, values, element, run);
    });
    return;
  }
  eachTapRun(windows, run, (tap) => {
    eachPair((weight, element, sum) => addScaled(sums, sum, weights[weight + tap], values, element, run));
  });
}

interface Run {
  readonly at: Int32Array;
  readonly from: Int32Array;
  readonly count: number;
}

function dot(
  weights: Float64Array,
  first: number,
  values: Float64Array,
  start: number,
  { at, from, count }: Run,
): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += weights[first + at[k]] * values[start + from[k]];
  return sum;
}

function addScaled(
  sums: Float64Array,
  first: number,
  weight: number,
  values: Float64Array,
  start: number,
  { at, from, count }: Run,
): void {
  for (let k = 0; k < count; k++) sums[first + at[k]] += weight * values[start + from[k]];
}

/** Visits each tap that is inside of some window, with the windows and elements where it is in `run`. */
function eachTapRun(
  windows: Windows,
  run: { at: Int32Array; from: Int32Array; count: number },
  visit: (tap: number) => void,
): void {
  const axes = windows.kernel.map((taps, axis) => {
    const places = Array.from({ length: taps }, (): [at: number, from: number][] => []);
    for (const [at, tap, from] of tapsOf(windows, axis)) places[tap].push([at, from]);
    return places;
  });
  const walkTaps = (axis: number, tap: number, chosen: readonly (readonly [at: number, from: number][])[]): void => {
    if (axis < axes.length) {
      for (const [k, places] of axes[axis].entries()) {
        walkTaps(axis + 1, tap * windows.kernel[axis] + k, [...chosen, places]);
      }
      return;
    }
    run.count = 0;
    const fill = (depth: number, at: number, from: number): void => {
      if (depth === chosen.length) {
        run.at[run.count] = at;
        run.from[run.count++] = from;
        return;
      }
      const [outputs, inputs] = [windows.output[depth], windows.input[depth]];
      for (const [a, f] of chosen[depth]) fill(depth + 1, at * outputs + a, from * inputs + f);
    };
    fill(0, 0, 0);
    if (run.count > 0) visit(tap);
  };
  walkTaps(0, 0, []);
}

function product(extents: readonly number[]): number {
  return extents.reduce((all, extent) => all * extent, 1);
}

/** Along one axis: [window, tap, element] wherever the tap is inside. */
export function tapsOf(
  { input, output, kernel, stride, dilation, padding }: Windows,
  axis: number,
): [window: number, tap: number, element: number][] {
  const found: [number, number, number][] = [];
  for (let at = 0; at < output[axis]; at++) {
    for (let tap = 0; tap < kernel[axis]; tap++) {
      const from = at * stride[axis] + tap * (dilation?.[axis] ?? 1) - (padding?.before[axis] ?? 0);
      if (from >= 0 && from < input[axis]) found.push([at, tap, from]);
    }
  }
  return found;
}
