import type { BatchNorm2d, FoldedLayer } from "../graph.js";

/**
 * Batch norm into the convolution, matrix or quadratic that it follows: W' = s·W, b' = s·(b − mean) + beta with
 * s = gamma/√(variance + epsilon). Average poolings between the two commute with it. A batch norm that follows none
 * of them stays what it is, and so does one between two quadratics: both squares need it as their linear map.
 */
export function foldBatchNorms(layers: readonly FoldedLayer[]): FoldedLayer[] {
  const result: FoldedLayer[] = [];
  for (const [index, layer] of layers.entries()) {
    if (layer.op === "batchNorm2d") {
      const target = result.findLastIndex(isNoPooling);
      const betweenQuads = result[target]?.op === "quad" && layers.slice(index + 1).find(isNoPooling)?.op === "quad";
      const merged = target >= 0 && !betweenQuads ? normalized(result[target], layer) : undefined;
      if (merged) {
        result[target] = merged;
        continue;
      }
    }
    result.push(layer);
  }
  return result;
}

function isNoPooling({ op }: FoldedLayer): boolean {
  return op !== "avgPool2d" && op !== "globalAvgPool";
}

function normalized(layer: FoldedLayer, norm: BatchNorm2d): FoldedLayer | undefined {
  const channels = norm.gamma.length;
  const scale = norm.gamma.map((gamma, c) => gamma / Math.sqrt(norm.variance[c] + norm.epsilon));
  const scaled = (values: Float64Array) => {
    const block = values.length / channels;
    return values.map((value, index) => scale[Math.floor(index / block)] * value);
  };
  const shifted = (values: Float64Array) => {
    const block = values.length / channels;
    return values.map((value, index) => {
      const c = Math.floor(index / block);
      return scale[c] * (value - norm.mean[c]) + norm.beta[c];
    });
  };
  switch (layer.op) {
    case "conv2d":
      return { ...layer, weights: scaled(layer.weights), biasMap: shifted(layer.biasMap) };
    case "dense":
      return { ...layer, weights: scaled(layer.weights), bias: shifted(layer.bias) };
    case "quad":
      return { ...layer, a: scaled(layer.a), b: scaled(layer.b), c: shifted(layer.c) };
    case "batchNorm2d":
      return { ...layer, gamma: scaled(layer.gamma), beta: shifted(layer.beta) };
    default:
      return undefined;
  }
}
