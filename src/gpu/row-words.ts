/** What the words of a row are, for those who read or rewrite rows; the shaders named alike say the same. */

/** In the place of a limb that is not there. */
export const NONE = 0xffffffff;

/** The first three are those of `intt`, too. */
export const NTT = {
  work: 0,
  input: 1,
  p: 2,
  twiddles: 3,
  out: 4,
  a: 5,
  factor: 6,
  galois: 7,
  sum: 8,
  conversion: 9,
} as const;

/** Where a sum of products begins that `intt` makes instead of reading an input. */
export const INTT = { sum: 5 } as const;

/** A sum of products inside a transform, from where it begins (shaders/sum.wgsl). */
export const SUM = { y: 0, count: 2 } as const;

/** Of a conversion, alone or, from `sources` on, inside an `ntt`. */
export const BASE_CONVERT = { p: 1, sources: 2 } as const;

/** After the output. */
export const DROP_AND_SCALE = { a: 1, b: 2, p: 3, factor: 4 } as const;

/** After the output. */
export const PERMUTE = { a: 1, galois: 2 } as const;

/** After the two outputs; y is two words, too. */
export const DOT_PRODUCT = { p: 2, count: 3, y: 4, factor: 6, terms: 7 } as const;

/** Numbers of outputs and of inputs. */
export const COMBINE = { outputs: 0, inputs: 1 } as const;

/** After the three outputs. */
export const TENSOR = { count: 4 } as const;
