import type { FoldedLayer } from "../graph.js";

/**
 * Average pooling becomes a sum over the same windows, which costs no level; its 1/k² goes into the next layer with
 * weights, through poolings and squares on the way (squared there). An average pooling with no weights after it stays.
 */
export function foldPoolings(layers: readonly FoldedLayer[]): FoldedLayer[] {
  const result = [...layers];
  for (const [index, layer] of layers.entries()) {
    if (layer.op !== "avgPool2d") continue;
    let factor = 1 / (layer.kernel[0] * layer.kernel[1]);
    for (let next = index + 1; next < result.length; next++) {
      if (result[next].op === "square") factor *= factor;
      const absorbed = absorbing(result[next], factor);
      if (absorbed) {
        result[index] = { op: "sumPool2d", kernel: layer.kernel };
        result[next] = absorbed;
        break;
      }
    }
  }
  return result;
}

/** The layer that gives for x what `layer` gives for factor·x, if it has weights to hold the factor. */
function absorbing(layer: FoldedLayer, factor: number): FoldedLayer | undefined {
  const times = (values: Float64Array, by: number) => values.map((value) => value * by);
  switch (layer.op) {
    case "conv2d":
    case "dense":
      return { ...layer, weights: times(layer.weights, factor) };
    case "batchNorm2d":
      return { ...layer, gamma: times(layer.gamma, factor), mean: times(layer.mean, 1 / factor) };
    case "quad":
      return { ...layer, a: times(layer.a, factor * factor), b: times(layer.b, factor) };
    default:
      return undefined;
  }
}
