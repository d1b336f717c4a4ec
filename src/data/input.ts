/** What a model's card (`NetworkCard`) says about the pixels that it was made for. */
export interface InputCard {
  readonly name: string;
  readonly input: { readonly scale: number; readonly offset: number };
  readonly training?: { readonly pixelMean: readonly [number, number]; readonly pixelStd: readonly [number, number] };
}

/** What enters the network: every pixel (0..255) as v·scale + offset, by the model's card. */
export function imageToInput(pixels: ArrayLike<number>, card: Pick<InputCard, "input">): Float64Array {
  const { scale, offset } = card.input;
  return Float64Array.from(pixels, (value) => value * scale + offset);
}

/**
 * A warning when a picture does not look like those that the model was trained on: its mean or its standard deviation
 * lies outside the range of the training images, widened by 5 % of that range (2 grey values at least). Undefined when
 * both lie inside or the card gives no ranges. A picture without a warning may still be of something else.
 */
export function farFromTraining(
  pixels: ArrayLike<number>,
  card: Pick<InputCard, "name" | "training">,
): string | undefined {
  if (!card.training) return undefined;
  const { mean, deviation } = statistics(pixels);
  const outside = [
    describe("mean grey value", mean, card.training.pixelMean),
    describe("contrast (standard deviation)", deviation, card.training.pixelStd),
  ].filter((text) => text !== undefined);
  if (outside.length === 0) return undefined;
  return `this image is unlike those that ${card.name} was trained on: ${outside.join("; ")}. Do not trust the verdict`;
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
