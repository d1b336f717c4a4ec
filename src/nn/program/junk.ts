import type { SlotValues } from "../../ckks/encoder.js";
import { occupants } from "../layout/layout.js";
import { add, addProduct, doubles, fold } from "./doubles.js";
import type { LinearVectors } from "./linear-vectors.js";
import type { LinearStep, Program } from "./program.js";

/**
 * What lies in slots without an element is multiplied by zeros, which are encrypted and so are not quite zero: junk that is much
 * larger than the values costs precision. Sums that were folded over some of their bits hold parts of the results of several
 * elements there, without the bias that keeps the elements themselves small. So biases take away what one image of the
 * calibration makes of junk: what is left is how images differ, as it is for the elements.
 */
export class JunkCentre {
  /** Each value of the program, as the example makes it. */
  private readonly slots = new Map<number, Float64Array>();
  private readonly done: boolean[] = [];

  constructor(
    private readonly program: Program,
    example: readonly Float64Array[],
    private readonly vectors: (step: number) => Iterable<SlotValues>,
  ) {
    for (const [k, value] of program.inputs.entries()) this.slots.set(value, example[k]);
  }

  /** A step's vectors, its biases changed where there is junk. */
  *centred(step: LinearStep, index: number, linear: LinearVectors): Generator<SlotValues> {
    const inputs = this.inputsOf(step, index);
    const { layouts, values } = this.program;
    const sums = step.outputs.map(() => new Float64Array(inputs[0].length));
    const terms = step.groups.flatMap(({ output, giant, terms }) => terms.map((term) => ({ output, giant, ...term })));
    let at = 0;
    for (const diagonal of linear.diagonals()) {
      const { output, giant, input, baby } = terms[at++];
      addProduct(sums[output], diagonal, inputs[input], { giant, baby, pair: step.pair });
      yield diagonal;
    }
    for (const [k, bias] of linear.biases().entries()) {
      const { layout, ciphertext } = values[step.outputs[k]];
      const holds = occupants(layouts[layout], ciphertext);
      const product = fold(sums[k], step.folds);
      const centred = bias.map((value, slot) => (holds[slot] < 0 ? -product[slot] : value));
      this.slots.set(step.outputs[k], add(product, centred));
      yield centred;
    }
    this.done[index] = true;
  }

  /** What the example makes of a step's inputs: the steps before it are done first. */
  private inputsOf(step: LinearStep, index: number): Float64Array[] {
    for (let before = 0; before < index; before++) {
      if (this.done[before]) continue;
      const earlier = this.program.steps[before];
      if (earlier.op === "linear")
        for (const _ of this.vectors(before)); // leaves its results behind
      else this.apply(before);
    }
    return step.inputs.map((value) => this.slots.get(value)!);
  }

  private apply(index: number): void {
    const step = this.program.steps[index];
    const algebra = doubles(this.vectors);
    const inputs = step.inputs.map((value) => this.slots.get(value)!);
    const apply = algebra[step.op] as (step: unknown, inputs: readonly Float64Array[], index: number) => Float64Array[];
    for (const [k, result] of apply(step, inputs, index).entries()) this.slots.set(step.outputs[k], result);
    this.done[index] = true;
  }
}
