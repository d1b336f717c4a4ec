import type { BatchNorm2d, Conv2d, FoldedConv2d, Quad, Shape } from "./graph.js";
import { outputShape } from "./shapes.js";
import { sumWindows } from "./windows.js";

// The layers' meaning in doubles, as plain loops: the reference that everything encrypted is compared with.

/** Cross-correlation with zero padding, without bias. */
export function convolve(layer: Conv2d | FoldedConv2d, input: Shape, values: Float64Array): Float64Array {
  const output = outputShape(layer, input);
  const [kernelHeight, kernelWidth] = layer.kernel;
  const result = new Float64Array(output.channels * output.height * output.width);
  let position = 0;
  for (let o = 0; o < output.channels; o++) {
    for (let y = 0; y < output.height; y++) {
      for (let x = 0; x < output.width; x++) {
        const top = y * layer.stride[0] - layer.padding.top;
        const left = x * layer.stride[1] - layer.padding.left;
        let sum = 0;
        for (let i = 0; i < input.channels; i++) {
          const kernel = (o * input.channels + i) * kernelHeight * kernelWidth;
          for (let ky = 0; ky < kernelHeight; ky++) {
            const row = top + ky;
            if (row < 0 || row >= input.height) continue;
            for (let kx = 0; kx < kernelWidth; kx++) {
              const column = left + kx;
              if (column < 0 || column >= input.width) continue;
              const pixel = values[(i * input.height + row) * input.width + column];
              sum += layer.weights[kernel + ky * kernelWidth + kx] * pixel;
            }
          }
        }
        result[position++] = sum;
      }
    }
  }
  return result;
}

/** Means over windows that tile from the top left corner; a rest at the border is dropped. */
export function meanWindows(kernel: readonly [number, number], input: Shape, values: Float64Array): Float64Array {
  return sumWindows(kernel, input, values).map((sum) => sum / (kernel[0] * kernel[1]));
}

export function normalize(layer: BatchNorm2d, input: Shape, values: Float64Array): Float64Array {
  const pixels = input.height * input.width;
  return values.map((value, index) => {
    const c = Math.floor(index / pixels);
    return (layer.gamma[c] * (value - layer.mean[c])) / Math.sqrt(layer.variance[c] + layer.epsilon) + layer.beta[c];
  });
}

export function quadratic(layer: Quad, input: Shape, values: Float64Array): Float64Array {
  const pixels = input.height * input.width;
  return values.map((value, index) => {
    const c = Math.floor(index / pixels);
    return layer.a[c] * value * value + layer.b[c] * value + layer.c[c];
  });
}

/** Matrix [out][in] times the values, plus bias. */
export function multiplyMatrix(weights: Float64Array, bias: Float64Array, values: Float64Array): Float64Array {
  return bias.map((offset, row) => {
    let sum = offset;
    for (let column = 0; column < values.length; column++)
      sum += weights[row * values.length + column] * values[column];
    return sum;
  });
}
