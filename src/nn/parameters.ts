/** The parameters of networks. */
import { Parameters } from "../ckks/parameters.js";
import { ParameterError, UnsupportedLayerError } from "../errors.js";
import type { FoldedNetwork } from "./fold/folded.js";
import { programDepth } from "./plan/plan.js";

/**
 * Of the 58 bits at level 0: results below 2^10, and scales that grow towards it (2^47, 38.5, 34.3, 32.1, …), so that
 * the last layers add next to no noise.
 */
const BASE_SCALE_BITS = 47;

/** @throws UnsupportedLayerError for a network of more levels than any ring holds */
export function parametersOf(folded: FoldedNetwork, slots: number): Parameters {
  const depth = programDepth(folded);
  try {
    return parametersFor(depth, slots);
  } catch (cause) {
    if (!(cause instanceof ParameterError)) throw cause;
    throw new UnsupportedLayerError(
      `the network takes ${depth} levels: ${cause.message}`,
      "take fewer layers, or activations of lower degrees: fitActivations has { degree, depth }",
      { cause },
    );
  }
}

/** Those of networks: wide, precise at level 0, with keys by level unless one gadget is asked for. */
export function parametersFor(depth: number, slots: number, gadgets: "byLevel" | "one" = "byLevel"): Parameters {
  return Parameters.choose({
    depth,
    slots,
    // A quadratic grows without bound: one image of PneumoniaMNIST's test set has a logit five times the largest in training.
    wideBase: true,
    baseScaleBits: BASE_SCALE_BITS,
    ...(gadgets === "byLevel" && { gadgets }),
    smallerPrimes: false, // the noise of the first layers' weights has no bit to spare
  });
}
