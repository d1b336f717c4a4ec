import { between, type Upsampled } from "./enlarge.js";

/**
 * The pixels that `enlarged` made these of, [channel][row][column]: exact but for rounding, and for others those whose enlargement is nearest (least squares).
 */
export function original(
  pixels: ArrayLike<number>,
  [channels, height, width]: readonly number[],
  upsampled: Upsampled | undefined,
): ArrayLike<number> {
  if (!upsampled) return pixels;
  const { from } = upsampled;
  const values = new Float64Array(channels * from * from);
  const narrow = new Float64Array(height * from);
  const [alongRows, alongColumns] = [solver(from, width), solver(from, height)];
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = alongRows((x) => pixels[(c * height + y) * width + x]);
      narrow.set(row, y * from);
    }
    for (let x = 0; x < from; x++) {
      const column = alongColumns((y) => narrow[y * from + x]);
      for (let y = 0; y < from; y++) values[(c * from + y) * from + x] = column[y];
    }
  }
  return values;
}

/** Least squares for one line: BᵀB is tridiagonal, since each new pixel lies between two neighbours, and positive definite. */
function solver(from: number, to: number): (line: (k: number) => number) => Float64Array {
  const places = between(from, to);
  const diagonal = new Float64Array(from);
  const beside = new Float64Array(from);
  for (const { low, high, share } of places) {
    // At the last pixel low and high are one.
    if (low === high) diagonal[low] += 1;
    else {
      diagonal[low] += (1 - share) ** 2;
      diagonal[high] += share ** 2;
      beside[low] += (1 - share) * share;
    }
  }
  for (let k = 1; k < from; k++) diagonal[k] -= beside[k - 1] ** 2 / diagonal[k - 1];
  return (line) => {
    const result = new Float64Array(from);
    places.forEach(({ low, high, share }, k) => {
      result[low] += (low === high ? 1 : 1 - share) * line(k);
      if (low !== high) result[high] += share * line(k);
    });
    for (let k = 1; k < from; k++) result[k] -= (beside[k - 1] / diagonal[k - 1]) * result[k - 1];
    for (let k = from - 1; k >= 0; k--) {
      const known = k + 1 < from ? beside[k] * result[k + 1] : 0;
      result[k] = (result[k] - known) / diagonal[k];
    }
    return result;
  };
}
