import { type ImageValues, imageValues } from "./image.js";
import { meaningOf } from "./meaning.js";
import type { Layer, Network, Shape } from "./network.js";
import { expectMapSize, inputsOf, valueShapes } from "./shapes.js";

/** Sees what each layer gives: `index` counts the layers, `shape` and `values` (row-major) are what it gives. */
export type LayerObserver = (index: number, layer: Layer, shape: Shape, values: Float64Array) => void;

/**
 * Logits of the original network in doubles, in the clear, activations included: the oracle for all that is folded, fitted
 * or encrypted.
 * @param image what enters the network (pixels already times `card.input.scale` plus `card.input.offset`),
 *   [channel][row][column]
 * @throws TypeError and ParameterError for what is no image of the network: see `imageValues`.
 * @throws UnsupportedLayerError when the layers do not fit one another, or one gives more than 2^22 values; RangeError for a
 *   layer that contradicts itself or takes what is not there before it.
 */
export function interpret(network: Network, image: ImageValues, onLayer?: LayerObserver): Float64Array {
  const given = imageValues(network.input, image);
  const shapes = valueShapes(network.input, network.layers);
  const values: Float64Array[] = [given];
  const lastUse = lastUses(network.layers);
  for (const [index, layer] of network.layers.entries()) {
    const taken = inputsOf(layer, index);
    const shape = shapes[index + 1];
    expectMapSize(shape, `what ${layer.op} gives`);
    const result = meaningOf(
      layer,
      taken.map((value) => shapes[value]),
      taken.map((value) => values[value]),
      shape,
    );
    values.push(result);
    for (const value of taken) if (lastUse[value] === index) values[value] = NOTHING;
    onLayer?.(index, layer, shape, result);
  }
  const logits = values[values.length - 1];
  // Where all layers only reshape, it is the caller's own array.
  return logits === given ? logits.slice() : logits;
}

const NOTHING = new Float64Array(0);

/** The last layer that takes each value: a deep network's values do not all stay in memory. */
function lastUses(layers: readonly Layer[]): number[] {
  const last = [-1, ...layers.map(() => -1)];
  for (const [index, layer] of layers.entries()) for (const value of inputsOf(layer, index)) last[value] = index;
  return last;
}
