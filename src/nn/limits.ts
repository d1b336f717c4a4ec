/** What an encrypted network can have at most, looked at before anything is made of it: small files can ask for much. */
import { kindOf } from "../ckks/copies.js";
import { UnsupportedLayerError } from "../errors.js";
import type { FoldOptions, Network } from "./graph.js";
import { outputShape, shapeText, sizeOf } from "./shapes.js";

/** N = 2^16. */
export const MOST_SLOTS = 2 ** 15;
/** Weight vectors of one layer: at N = 2^15, where a layer may need so many, they take 5 GiB and more as ciphertexts. */
export const MOST_VECTORS = 2 ** 12;
/** Entries of a matrix, the poolings before it merged in: 128 MiB of doubles. */
const MOST_ENTRIES = 2 ** 24;
/** Layers before they are folded; the deepest parameters have 56 levels. */
const MOST_LAYERS = 2 ** 10;

/**
 * Walks the shapes of a network and allocates nothing.
 * @throws UnsupportedLayerError for a map of more values than a ciphertext has slots, a matrix of more than 2^24 entries, and
 *   more than 2^10 layers; also, as `outputShape`, for layers that do not fit one another. TypeError for what is no network.
 */
export function requireSizes(network: Network, folds: Partial<FoldOptions>): void {
  if (!Array.isArray(network?.layers) || !Number.isInteger(network.input?.channels)) {
    throw new TypeError(`network: what importOnnx(bytes) gives was expected, not ${kindOf(network)}`);
  }
  if (network.layers.length > MOST_LAYERS) {
    throw new UnsupportedLayerError(
      `the network has ${network.layers.length} layers; ${MOST_LAYERS} are the most`,
      "take a network with fewer layers",
    );
  }
  let shape = network.input;
  expectMap("the image", sizeOf(shape), shapeText(shape));
  // Pooling before a matrix is merged into it: its entries are then those over the whole map before the pooling.
  let pooledFrom = sizeOf(shape);
  for (const [index, layer] of network.layers.entries()) {
    if (layer.op === "linear") expectEntries(index, layer.outFeatures * pooledFrom);
    shape = outputShape(layer, shape);
    expectMap(`what layer ${index + 1} (${layer.op}) gives`, sizeOf(shape), shapeText(shape));
    const pools = layer.op === "avgPool2d" || layer.op === "globalAvgPool" || layer.op === "flatten";
    // Matrix after matrix is one matrix, too, over what the first one takes.
    const merged = (pools || layer.op === "linear") && folds.linear !== false;
    if (!merged) pooledFrom = sizeOf(shape);
  }
}

function expectMap(what: string, size: number, shape: string): void {
  if (size <= MOST_SLOTS) return;
  throw new UnsupportedLayerError(
    `${what} has ${size} values (${shape}); a ciphertext has ${MOST_SLOTS} slots at most`,
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
