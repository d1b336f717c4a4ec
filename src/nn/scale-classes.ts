import { type FoldedNetwork, takenBy } from "./fold/folded.js";
import { INPUT_SCALE } from "./scales.js";

/** What decides the scales that are free. */
export interface ScaleRules {
  /** Of the logits. */
  readonly last: number;
  /** Of values that have one scale and may have any: their numbers, and the scale of what the first of them is made from. */
  readonly free: (members: readonly number[], before: number) => number;
}

/**
 * Values that must have one scale under encryption: what is added, and what comes of a value by sums over its elements. A class that
 * holds the image, a square or a product has the scale that follows; polynomials are computed on values as they are.
 */
export class ScaleClasses {
  private readonly parents: number[];

  constructor(private readonly folded: FoldedNetwork) {
    this.parents = Array.from({ length: folded.layers.length + 1 }, (_, value) => value);
    for (const [index, layer] of folded.layers.entries()) {
      if (layer.op !== "add" && layer.op !== "sumPool" && layer.op !== "shift") continue;
      for (const value of takenBy(layer)) this.join(value, index + 1);
    }
  }

  /** The scale of what each layer gives. @throws TypeError where one class would need two: `fold` balances it. */
  assign(rules: ScaleRules): number[] {
    const { layers } = this.folded;
    const known = new Map<number, number>();
    const scaleOf = (value: number): number => {
      const root = this.find(value);
      let scale = known.get(root);
      if (scale === undefined) known.set(root, (scale = this.decide(root, scaleOf, rules)));
      return scale;
    };
    return layers.map((_, index) => scaleOf(index + 1));
  }

  private decide(root: number, scaleOf: (value: number) => number, { last, free }: ScaleRules): number {
    const { layers } = this.folded;
    const members = this.parents.map((_, value) => value).filter((value) => this.find(value) === root);
    const fixed = new Set<number>();
    for (const value of members) {
      const layer = value === 0 ? undefined : layers[value - 1];
      if (!layer) fixed.add(INPUT_SCALE);
      else if (value === layers.length) fixed.add(last);
      else if (layer.op === "square") fixed.add(scaleOf(layer.input) ** 2);
      else if (layer.op === "multiply") fixed.add(scaleOf(layer.inputs[0]) * scaleOf(layer.inputs[1]));
      else if (layer.op === "polynomial") fixed.add(1);
      if (layers.some((other) => other.op === "polynomial" && other.input === value)) fixed.add(1);
    }
    if (fixed.size > 1)
      throw new TypeError(`values ${members} would need the scales ${[...fixed]}: take what fold gives`);
    for (const only of fixed) return only;
    const [first] = takenBy(layers[members[0] - 1]);
    return free(members, this.find(first) === root ? 1 : scaleOf(first));
  }

  private find(value: number): number {
    let root = value;
    while (this.parents[root] !== root) root = this.parents[root];
    this.parents[value] = root;
    return root;
  }

  private join(a: number, b: number): void {
    this.parents[this.find(b)] = this.find(a);
  }
}
