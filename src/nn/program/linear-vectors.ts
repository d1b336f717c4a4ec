import type { SlotValues } from "../../ckks/encoder.js";
import type { FoldedLinear } from "../fold/folded.js";
import type { Shape } from "../graph/network.js";
import { sizeOf } from "../graph/shapes.js";
import { eachTap } from "../graph/windows.js";
import { pack } from "../layout/layout.js";
import { connectionOf } from "../plan/connection.js";
import { SlotMatrix } from "../plan/diagonals.js";
import type { LinearStep, Program } from "./program.js";

/** One linear step: its diagonals in the order of its groups, then the biases. */
export class LinearVectors {
  constructor(
    private readonly program: Program,
    private readonly step: LinearStep,
    private readonly layer: FoldedLinear,
    private readonly shapes: readonly Shape[],
    private readonly scaleOf: (value: number) => number,
  ) {}

  /** The diagonals, then the biases. */
  *all(): Generator<SlotValues> {
    yield* this.diagonals();
    yield* this.biases();
  }

  *diagonals(): Generator<SlotValues> {
    const { values, layouts } = this.program;
    const step = this.step;
    const layer = this.layer;
    const matrices = layer.terms.map((term, k) => {
      const first = step.inputs[step.terms.indexOf(k)];
      const connection = connectionOf(layer, term, this.shapes[term.input]);
      return new SlotMatrix(connection, layouts[values[first].layout], layouts[step.target], step.folded);
    });
    for (const { output, giant, terms } of step.groups) {
      const to = values[step.outputs[output]].ciphertext;
      for (const { input, baby } of terms) {
        const k = step.terms[input];
        const from = values[step.inputs[input]].ciphertext;
        const diagonal = (baby: number, share: number) =>
          this.diagonal(matrices[k], k, { giant, baby, to, from, share });
        if (step.pair === undefined) yield diagonal(baby, 1);
        else yield { real: diagonal(baby, 1 / 2), imaginary: diagonal(baby + step.pair, -1 / 2) };
      }
    }
  }

  /** `share` of what the slots of one ciphertext are multiplied with, for another. */
  private diagonal(
    matrix: SlotMatrix,
    term: number,
    { giant, baby, to, from, share }: { giant: number; baby: number; to: number; from: number; share: number },
  ): Float64Array {
    const { slots } = this.program;
    const { outScale, terms } = this.layer;
    const { weights, inScale, input } = terms[term];
    const factor = (share * this.scaleOf(this.step.layer + 1)) / this.scaleOf(input);
    const vector = new Float64Array(slots);
    matrix.visit(giant + baby, to, from, (slot, weight, out, element) => {
      // u[i] = M_d[(i − giant) mod slots]: the giant's rotation undone.
      const scale = factor * (outScale?.[out] ?? 1) * (inScale?.[element] ?? 1);
      vector[(slot + giant) & (slots - 1)] = weights[weight] * scale;
    });
    return vector;
  }

  /** One for each result; zero where its layout has junk. */
  biases(): Float64Array[] {
    const { values, layouts } = this.program;
    const step = this.step;
    const layer = this.layer;
    const after = this.scaleOf(step.layer + 1);
    const sums = poolSums(layer.bias, this.shapes[step.layer + 1], step.pools);
    const biases = pack(
      layouts[values[step.outputs[0]].layout],
      sums.map((value) => value * after),
    );
    return step.outputs.map((_, k) => biases[k]);
  }
}

/** Sums over the windows of one pool after another, row-major; a rest at the border is dropped. */
export function poolSums(
  values: Float64Array,
  shape: Shape,
  [kernel, ...rest]: readonly (readonly number[])[],
): Float64Array {
  if (!kernel) return values;
  const pooled = shape.map((extent, d) => (d === 0 ? extent : Math.floor(extent / kernel[d - 1])));
  const [plane, windows] = [sizeOf(shape.slice(1)), sizeOf(pooled.slice(1))];
  const sums = new Float64Array(sizeOf(pooled));
  eachTap({ input: shape.slice(1), output: pooled.slice(1), kernel, stride: kernel }, (window, _tap, element) => {
    for (let c = 0; c < shape[0]; c++) sums[c * windows + window] += values[c * plane + element];
  });
  return poolSums(sums, pooled, rest);
}
