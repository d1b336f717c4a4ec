import { descent } from "./alignment.js";
import type { ScaleState } from "./ciphertext.js";
import { addNoise, type Noise, NoiseModel, readIn, relative, ZERO_NOISE } from "./noise.js";
import type { Parameters } from "./parameters.js";

/** What is known of a ciphertext's noise before there is one: its place, and its `Noise`. */
export class NoisyValue implements Disposable {
  constructor(
    readonly level: number,
    readonly state: ScaleState,
    readonly slots: number,
    readonly noise: Noise,
    /** 3 before it is relinearised. */
    readonly parts: 2 | 3 = 2,
  ) {}

  /** The same, with another estimate. */
  withNoise(noise: Noise): NoisyValue {
    return new NoisyValue(this.level, this.state, this.slots, noise, this.parts);
  }

  /** There is nothing to free: what computes on ciphertexts computes on these. */
  [Symbol.dispose](): void {}
}

/** A factor of a product: a value, or an encoded vector of the value's level. */
export type NoisyOperand = Pick<NoisyValue, "slots" | "noise">;

interface NoisySum {
  readonly terms?: readonly (readonly [NoisyValue, number])[];
  readonly constant?: number;
}

/**
 * `Evaluator`'s twin on noise: what its operations would say of the noise of their results, with neither a key nor a device.
 * Each method is the one of that name; the tests hold both to the same numbers. Looks at no level: the plan of what runs did.
 */
export class NoisyEvaluator {
  readonly model: NoiseModel;

  constructor(readonly parameters: Parameters) {
    this.model = new NoiseModel(parameters);
  }

  add(a: NoisyValue, b: NoisyValue | number): NoisyValue {
    if (typeof b === "number") {
      const result = this.rescale(a);
      return result.withNoise(addNoise(result.noise, this.model.number(b, result.level)));
    }
    const together = a.state === "product" && b.state === "product" && a.level === b.level;
    const level = Math.min(canonicalLevel(a), canonicalLevel(b));
    const [x, y] = together ? [a, b] : [this.toLevel(a, level), this.toLevel(b, level)];
    const slots = Math.max(a.slots, b.slots);
    return new NoisyValue(x.level, x.state, slots, addNoise(readIn(x, slots), readIn(y, slots)), x.parts);
  }

  /** A sum with an encoded vector. */
  addPlain(a: NoisyValue, { noise }: NoisyOperand): NoisyValue {
    const result = this.rescale(a);
    return result.withNoise(addNoise(result.noise, noise));
  }

  subtract(a: NoisyValue, b: NoisyValue): NoisyValue {
    const sum = this.add(a, b);
    return a === b ? sum.withNoise(ZERO_NOISE) : sum;
  }

  rescale(a: NoisyValue): NoisyValue {
    if (a.state === "canonical") return a;
    const { noise } = this.model.dropped(at(a.level - 1, "canonical", a.slots, a.noise));
    return new NoisyValue(a.level - 1, "canonical", a.slots, noise);
  }

  toLevel(a: NoisyValue, level: number): NoisyValue {
    const x = this.rescale(a);
    if (x.level === level) return x;
    const { dropped, rounding } = descent(this.parameters, x.level, level);
    const scaled = at(level, "canonical", x.slots, relative(x.noise, rounding));
    const { noise } = dropped.length === 0 ? scaled : this.model.dropped(scaled);
    return new NoisyValue(level, "canonical", x.slots, noise);
  }

  relinearize(a: NoisyValue): NoisyValue {
    if (a.parts === 2) return a;
    return new NoisyValue(a.level, a.state, a.slots, this.model.keySwitched(a).noise);
  }

  rotate(a: NoisyValue, steps: number): NoisyValue {
    return steps % a.slots === 0 ? a : a.withNoise(this.model.keySwitched(a).noise);
  }

  /** Operands of one level, the second ones encoded vectors. */
  multiplyPlaintextSum(pairs: readonly (readonly [NoisyValue, NoisyOperand])[]): NoisyValue {
    const [[{ level, slots }]] = pairs;
    return new NoisyValue(level, "product", slots, this.products(pairs, slots));
  }

  linearSum({ terms = [], constant = 0 }: NoisySum, level: number): NoisyValue {
    const slots = Math.max(...terms.map(([x]) => x.slots));
    return new NoisyValue(level, "product", slots, this.model.linearSum(terms, constant, level, slots));
  }

  tensorSum(pairs: readonly (readonly [NoisyValue, NoisyValue])[], plus: NoisySum = {}): NoisyValue {
    const { terms = [], constant = 0 } = plus;
    const all = pairs.flat();
    const level = Math.min(...all.map(canonicalLevel));
    const aligned = new Map(all.map((each) => [each, this.toLevel(each, level)]));
    const slots = Math.max(...[...all, ...terms.map(([x]) => x)].map((each) => each.slots));
    const products = this.products(
      pairs.map(([a, b]) => [aligned.get(a)!, aligned.get(b)!]),
      slots,
    );
    const joined = terms.length > 0 || constant !== 0;
    const noise = joined ? addNoise(products, this.model.linearSum(terms, constant, level, slots)) : products;
    return new NoisyValue(level, "product", slots, noise, 3);
  }

  sumOfProducts(pairs: readonly (readonly [NoisyValue, NoisyValue])[], plus?: NoisySum): NoisyValue {
    const product = this.tensorSum(pairs, plus);
    const { noise } = this.model.switched(product);
    return this.rescale(new NoisyValue(product.level, "product", product.slots, noise));
  }

  private products(pairs: readonly (readonly [NoisyOperand, NoisyOperand])[], slots: number): Noise {
    return pairs
      .map(([a, b]) => this.model.multiply(readIn(a, slots), readIn(b, slots), slots))
      .reduce((total, term) => addNoise(total, term));
  }
}

function at(level: number, state: ScaleState, slots: number, noise: Noise) {
  return { level, state, slots, noise };
}

function canonicalLevel({ level, state }: NoisyValue): number {
  return level - (state === "product" ? 1 : 0);
}
