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
