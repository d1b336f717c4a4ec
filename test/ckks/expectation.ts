import type { ComplexVector, Parameters, ScaleState } from "../../src/ckks/index.js";
import { NoiseBounds } from "./noise-bounds.js";
import { clear } from "./settings.js";

/** What a ciphertext should hold, and a bound on how far each slot may be from it. */
export interface Expectation {
  readonly level: number;
  readonly state: ScaleState;
  /** One for each slot. */
  readonly values: ComplexVector;
  /** Largest |error| of each slot. */
  readonly error: Float64Array;
  /**
   * The same for any of N/2 slots: noise fills the ring even where a message repeats, and a product of two noises brings it
   * back into the few slots that are read.
   */
  readonly full: number;
}

/** |e| of a complex Gaussian beyond 8 deviations of its parts: e^−32. */
const GAUSSIAN = 8;
/**
 * |r·s| of two complex Gaussians beyond 20 deviations of its parts: u·K_1(u) at u = √2·20, 4·10^−12. What a drop or a key
 * switch rounds is such a product with the secret, a digit times the error of a key likewise.
 */
const PRODUCT = 20;
/** An FFT on either side, and the oracle's own doubles. */
const DOUBLES = 2 ** -46;
const ORACLE = 2 ** -50;

/**
 * The bound after each operation, from the noise of each (NoiseBounds: variances of coefficients, with their sources) and
 * the triangle inequality: |xy − x'y'| ≤ |x|·e_y + |y|·e_x + e_x·e_y.
 */
export class ErrorModel {
  private readonly noise: NoiseBounds;

  constructor(private readonly parameters: Parameters) {
    this.noise = new NoiseBounds(parameters);
  }

  fresh(values: ComplexVector, level: number, key: "secret" | "public"): Expectation {
    const { rounding, fresh, freshPublic } = this.noise;
    const deviations =
      GAUSSIAN * Math.sqrt(fresh + rounding) + (key === "public" ? PRODUCT * Math.sqrt(freshPublic) : 0);
    return this.noisy(this.exact(values, level), deviations);
  }

  /** An encoded vector: it has no noise outside of its slots. */
  plain(values: ComplexVector, level: number): Expectation {
    const encoded = this.noisy(this.exact(values, level), GAUSSIAN * Math.sqrt(this.noise.rounding));
    return { ...encoded, full: largest(encoded.error) };
  }

  /** A factor for all slots, rounded to the scale. */
  factor(value: number, level: number, slots: number): Expectation {
    const step = 0.5 / this.parameters.scaleAt(level);
    const error = new Float64Array(slots).fill(step);
    return { level, state: "canonical", values: clear.constant(slots, value), error, full: step };
  }

  /** A term of a linear sum: what the levels differ by in scale is in the factor, and rounds with it. */
  multipleAt(x: Expectation, value: number, level: number): Expectation {
    const step = (0.5 * this.parameters.scaleAt(x.level)) / this.parameters.scaleAt(level) ** 2;
    const factor = this.factor(value, level, x.values.real.length);
    const error = factor.error.map(() => step);
    return this.multiply({ ...x, level }, { ...factor, error, full: step });
  }

  /** In every slot, at the square of the scale. */
  constantAt(value: number, level: number): Expectation {
    const step = 0.5 / this.parameters.scaleAt(level) ** 2 + ORACLE * Math.abs(value);
    const values = clear.constant(1, value);
    return { level, state: "product", values, error: new Float64Array([step]), full: step };
  }

  add(a: Expectation, b: Expectation, sign: 1 | -1): Expectation {
    const [x, y] = alike(a, b);
    const values = sign === 1 ? clear.add(x.values, y.values) : clear.subtract(x.values, y.values);
    const error = x.error.map((e, i) => e + y.error[i] + ORACLE * Math.hypot(values.real[i], values.imaginary[i]));
    return { ...x, values, error, full: x.full + y.full + ORACLE * largestValue(values) };
  }

  /** Before relinearisation and rescale: exact but for what the operands bring. */
  multiply(a: Expectation, b: Expectation): Expectation {
    const [x, y] = alike(a, b);
    const values = clear.multiply(x.values, y.values);
    const [sizes, others] = [moduli(x.values), moduli(y.values)];
    const squares = x.full * y.full;
    const error = x.error.map(
      (e, i) => sizes[i] * y.error[i] + others[i] * e + squares + ORACLE * (sizes[i] * others[i] + e),
    );
    const full =
      largest(sizes) * y.full + largest(others) * x.full + squares + ORACLE * largest(sizes) * largest(others);
    return { ...x, state: "product", values, error, full };
  }

  /** Relinearisation or a rotation. */
  keySwitched(x: Expectation): Expectation {
    return this.noisy(x, PRODUCT * Math.sqrt(this.noise.keySwitch(x.level)));
  }

  rescaled(x: Expectation): Expectation {
    if (x.state === "canonical") return x;
    return this.dropped({ ...x, level: x.level - 1, state: "canonical" });
  }

  /** As `toLevel` documents: within 2^−41 of the values, or one part in twice the scale for one level of one prime. */
  lowered(operand: Expectation, level: number): Expectation {
    const x = this.rescaled(operand);
    if (x.level === level) return x;
    let factor = 1;
    for (let l = level + 1; l <= x.level; l++) factor *= this.parameters.scaleAt(l);
    const share = Math.max(2 ** -41, 0.5 / factor);
    const sizes = moduli(x.values);
    const error = x.error.map((e, i) => e + share * (e + sizes[i]));
    return this.dropped({ ...x, level, error, full: x.full + share * (x.full + largest(sizes)) });
  }

  /** Whether all of it, errors too, is below what its level holds: the caller's part. */
  fits(x: Expectation): boolean {
    const headroom =
      this.parameters.headroomAt(x.level) / (x.state === "product" ? this.parameters.scaleAt(x.level) : 1);
    return largestValue(x.values) + x.full < 0.9 * headroom;
  }

  /** What decryption adds. */
  read(x: Expectation): Float64Array {
    const doubles = DOUBLES * (largestValue(x.values) + largest(x.error));
    return x.error.map((e) => e + doubles);
  }

  private dropped(x: Expectation): Expectation {
    return this.noisy(x, PRODUCT * Math.sqrt(this.noise.drop));
  }

  private exact(values: ComplexVector, level: number): Expectation {
    const doubles = DOUBLES * largestValue(values);
    const error = new Float64Array(values.real.length).fill(doubles);
    return { level, state: "canonical", values, error, full: doubles };
  }

  /** Noise whose coefficients are below `deviations`, as a slot sees it: the sum of 2·slots of them, half in each part. */
  private noisy(x: Expectation, deviations: number): Expectation {
    const scale = this.parameters.scaleAt(x.level) ** (x.state === "product" ? 2 : 1);
    const slots = x.values.real.length;
    const noise = (deviations * Math.sqrt(slots)) / scale;
    const full = (deviations * Math.sqrt(this.parameters.slots)) / scale;
    return { ...x, error: x.error.map((e) => e + noise), full: x.full + full };
  }
}

/** Two of as many slots: the shorter one repeats, and more of its noise is read. */
function alike(a: Expectation, b: Expectation): [Expectation, Expectation] {
  const slots = Math.max(a.values.real.length, b.values.real.length);
  return [repeated(a, slots), repeated(b, slots)];
}

function repeated(x: Expectation, slots: number): Expectation {
  const count = x.values.real.length;
  if (count === slots) return x;
  const repeat = (part: Float64Array) => Float64Array.from({ length: slots }, (_, i) => part[i % count]);
  const values = { real: repeat(x.values.real), imaginary: repeat(x.values.imaginary) };
  return { ...x, values, error: repeat(x.error).map((e) => e * Math.sqrt(slots / count)) };
}

export function largest(values: Float64Array): number {
  return values.reduce((max, x) => Math.max(max, x), 0);
}

function moduli({ real, imaginary }: ComplexVector): Float64Array {
  return real.map((x, i) => Math.hypot(x, imaginary[i]));
}

export function largestValue(values: ComplexVector): number {
  return largest(moduli(values));
}
