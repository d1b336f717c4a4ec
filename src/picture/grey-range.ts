/** What a model's card says of the grey values of its training images. */
export interface GreyRanges {
  readonly pixelMean: readonly [number, number];
  readonly pixelStd: readonly [number, number];
}

/**
 * What of a picture lies outside the ranges of the training images, widened by 5 % of the range (2 grey values at least): its mean,
 * its standard deviation. Nothing is no proof: a picture within both may still be of something else.
 */
export function outsideRanges(pixels: ArrayLike<number>, training: GreyRanges): string[] {
  const { mean, deviation } = statistics(pixels);
  return [
    describe("mean grey value", mean, training.pixelMean),
    describe("contrast (standard deviation)", deviation, training.pixelStd),
  ].filter((text) => text !== undefined);
}

function describe(what: string, value: number, [low, high]: readonly [number, number]): string | undefined {
  const margin = Math.max(2, 0.05 * (high - low));
  if (value >= low - margin && value <= high + margin) return undefined;
  return `its ${what} is ${value.toFixed(1)}, theirs ${low.toFixed(1)} to ${high.toFixed(1)}`;
}

function statistics(pixels: ArrayLike<number>): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (let k = 0; k < pixels.length; k++) {
    sum += pixels[k];
    squares += pixels[k] * pixels[k];
  }
  const mean = sum / pixels.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / pixels.length - mean * mean)) };
}
