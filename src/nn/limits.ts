/** What an encrypted network can have at most, looked at before anything is made of it: small files can ask for much. */
import { kindOf } from "../ckks/copies.js";
import { UnsupportedLayerError } from "../errors.js";
import { MOST_ENTRIES } from "./fold/entries.js";
import type { FoldOptions } from "./fold/folded.js";
import type { Network, Shape } from "./graph/network.js";
import { inputsOf, outputShape, shapeText, sizeOf } from "./graph/shapes.js";
import { MOST_CIPHERTEXTS, MOST_SLOTS } from "./largest.js";

/** Layers before they are folded; the deepest parameters have 56 levels. */
const MOST_LAYERS = 2 ** 10;

/**
 * Walks the shapes of a network and allocates nothing.
 * @throws UnsupportedLayerError for a map of more values than 64 ciphertexts have slots, a matrix of more than 2^24 entries, and
 *   more than 2^10 layers; also, as `outputShape`, for layers that do not fit one another. TypeError for what is no network.
 */
export function requireSizes(network: Network, folds: Partial<FoldOptions>): void {
  if (!Array.isArray(network?.layers) || !Array.isArray(network.input)) {
    throw new TypeError(`network: what importOnnx(bytes) gives was expected, not ${kindOf(network)}`);
  }
  if (network.layers.length > MOST_LAYERS) {
    throw new UnsupportedLayerError(
      `the network has ${network.layers.length} layers; ${MOST_LAYERS} are the most`,
      "take a network with fewer layers",
    );
  }
  const shapes: Shape[] = [network.input];
  expectMap("the image", network.input);
  // Pooling before a matrix is merged into it: its entries are then those over the whole map before the pooling.
  const pooledFrom = [sizeOf(network.input)];
  for (const [index, layer] of network.layers.entries()) {
    const taken = inputsOf(layer, index);
    const from = Math.max(...taken.map((value) => pooledFrom[value]));
    if (layer.op === "linear") expectEntries(index, layer.outFeatures * from);
    const shape = outputShape(
      layer,
      taken.map((value) => shapes[value]),
    );
    expectMap(`what layer ${index + 1} (${layer.op}) gives`, shape);
    shapes.push(shape);
    // Matrix after matrix is one matrix, too, over what the first one takes.
    const merged = MERGED.has(layer.op) && folds.linear !== false;
    pooledFrom.push(merged ? from : sizeOf(shape));
  }
}

const MERGED: ReadonlySet<string> = new Set(["avgPool", "globalAvgPool", "flatten", "reshape", "rearrange", "linear"]);

function expectMap(what: string, shape: Shape): void {
  const size = sizeOf(shape);
  if (size <= MOST_SLOTS * MOST_CIPHERTEXTS) return;
  throw new UnsupportedLayerError(
    `${what} has ${size} values (${shapeText(shape)}); ${MOST_CIPHERTEXTS} ciphertexts of ${MOST_SLOTS} slots are the most`,
    "make the image or the layer smaller, or use a larger stride",
  );
}

function expectEntries(index: number, entries: number): void {
  if (entries <= MOST_ENTRIES) return;
  throw new UnsupportedLayerError(
    `layer ${index + 1} (linear) is a matrix of ${entries} entries with the poolings before it; 2^24 are the most`,
    "give the layer fewer outputs, or compile with fold: { linear: false } at the cost of a level",
  );
}
