import type { FoldedLayer, FoldedNetwork } from "../fold/folded.js";
import type { Shape } from "../graph/network.js";
import { sizeOf } from "../graph/shapes.js";
import { eachTap } from "../graph/windows.js";
import type { Taps } from "../program/program.js";

/** The windows of the first layer where nothing but it takes the image; undefined where taps are no more than the image. */
export function tapsOfFirst(folded: FoldedNetwork): Taps | undefined {
  const { input, layers } = folded;
  const [first] = layers;
  const taken = layers.flatMap((layer) =>
    layer.op === "linear" ? layer.terms.map((term) => term.input) : inputsOf(layer),
  );
  if (first?.op !== "linear" || taken.filter((value) => value === 0).length !== 1 || first.terms[0].input !== 0) {
    return undefined;
  }
  if (first.terms.length !== 1) return undefined;
  const [{ kernel, stride, dilation, before }] = first.terms;
  const output = input.slice(1).map((_, axis) => first.shape[axis + 1] ?? 1);
  // A matrix from the whole image sees it once as it is.
  if (sizeOf(kernel) === 1 || sizeOf(output) === 1) return undefined;
  return { kernel, stride, dilation, before, output };
}

function inputsOf(layer: FoldedLayer): readonly number[] {
  if (layer.op === "linear") return [];
  return "inputs" in layer ? layer.inputs : [layer.input];
}

/** The same network on an image whose channels are the taps of its first layer, [channel·taps][windows]: weights stay in their order. */
export function withTaps(folded: FoldedNetwork, taps: Taps): FoldedNetwork {
  const [first, ...rest] = folded.layers;
  if (first?.op !== "linear") throw new TypeError("the first layer is not linear");
  const [term] = first.terms;
  const ones = taps.kernel.map(() => 1);
  const inScale = term.inScale && spreadTaps(taps, folded.input, term.inScale);
  const moved = { ...term, kernel: ones, stride: ones, dilation: ones, before: ones.map(() => 0), inScale };
  const layer = { ...first, terms: [moved] };
  if (!inScale) delete layer.terms[0].inScale;
  return { ...folded, input: [folded.input[0] * sizeOf(taps.kernel), ...taps.output], layers: [layer, ...rest] };
}

/** Every tap of every window, [channel][tap][window]; zero in the padding. */
export function spreadTaps(taps: Taps, input: Shape, values: Float64Array): Float64Array {
  const [count, plane, windows] = [sizeOf(taps.kernel), sizeOf(input.slice(1)), sizeOf(taps.output)];
  const spread = new Float64Array(input[0] * count * windows);
  const moving = { ...taps, input: input.slice(1), padding: { before: taps.before } };
  eachTap(moving, (window, tap, element) => {
    for (let c = 0; c < input[0]; c++) spread[(c * count + tap) * windows + window] = values[c * plane + element];
  });
  return spread;
}
