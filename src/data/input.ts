/** What a model's card (`NetworkCard`) says about the pixels that it was made for. */
export interface InputCard {
  readonly input: { readonly scale: number; readonly offset: number };
}

/** What enters the network: every pixel (0..255) as v·scale + offset, by the model's card. */
export function imageToInput(pixels: ArrayLike<number>, card: InputCard): Float64Array {
  const { scale, offset } = card.input;
  return Float64Array.from(pixels, (value) => value * scale + offset);
}
