import { UnsupportedLayerError } from "../../errors.js";

/** Entries of the weights that folding makes, and of a matrix with the poolings before it merged in: 128 MiB of doubles. */
export const MOST_ENTRIES = 2 ** 24;

/**
 * Zeros for the weights of a layer that the network does not have itself: a few bytes of a file can say a shape whose square is asked for.
 * @param what the layer is
 * @throws UnsupportedLayerError for more than 2^24
 */
export function newWeights(entries: number, what: string, wayOut: string): Float64Array {
  if (entries <= MOST_ENTRIES) return new Float64Array(entries);
  throw new UnsupportedLayerError(`${what} is a matrix of ${entries} entries; 2^24 are the most`, wayOut);
}
