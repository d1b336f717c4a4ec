import type { Gadget } from "./gadgets.js";
import { NoiseVariances } from "./noise-variances.js";
import type { Parameters } from "./parameters.js";

/**
 * How far the slots of a ciphertext, or of an encoded vector, are from what they should hold. Follows from parameters,
 * operations and the bounds that callers declare, all of them public; never from a message. An estimate: it refuses nothing.
 * One object is one error: two operands with the same one err alike, in either direction.
 */
export interface Noise {
  /** Largest |value| of a slot, if the declared bounds are true. */
  readonly bound: number;
  /** rms of |value| over the slots, where operands fill their bounds and have nothing to do with each other. */
  readonly size: number;
  /** rms of |error| over the slots, likewise. */
  readonly rms: number;
  /**
   * No slot errs by more, but for a chance of 2^−40 for each slot and operation, while no value leaves the headroom and
   * messages round as if at random. A vector of zeros but for a few slots far below slots²/Δ does not: it may err by slots/Δ.
   */
  readonly worst: number;
  /** The same two over all N/2 slots of the ring: noise fills it even where a message repeats. */
  readonly ringRms: number;
  /** See `ringRms`. */
  readonly ringWorst: number;
}

/** What an operation needs to know of a ciphertext to say what it adds to its noise. */
export interface NoisyState {
  readonly level: number;
  readonly state: "canonical" | "product";
  readonly slots: number;
  readonly noise?: Noise;
}

type Noisy<S> = S & { readonly noise: Noise };

/** Declared for whoever declares nothing. */
export const DEFAULT_BOUND = 1;

/** Of a difference of equal ciphertexts. */
export const ZERO_NOISE: Noise = Object.freeze({ bound: 0, size: 0, rms: 0, worst: 0, ringRms: 0, ringWorst: 0 });

/** Of a ciphertext that nobody says anything about. */
export const UNKNOWN_NOISE: Noise = Object.freeze({
  bound: Infinity,
  size: Infinity,
  rms: Infinity,
  worst: Infinity,
  ringRms: Infinity,
  ringWorst: Infinity,
});

/** rms of values that fill a disc evenly; on its edge it is 1, and 1/√3 for those that fill a square or an interval. */
const FILL = Math.SQRT1_2;
/** |e| of a complex Gaussian beyond so many deviations of its parts: e^−32. */
const GAUSSIAN = 8;
/**
 * |r·s| of two complex Gaussians beyond so many: u·K_1(u) at u = √2·22, 2^−41. What a drop rounds is such a product with
 * the secret, what a key switch adds is one of digits with errors.
 */
const PRODUCT = 22;
/** An FFT in doubles: largest error, and rms, as shares of the largest value and of the rms. */
const FFT_WORST = 2 ** -46;
const FFT_RMS = 2 ** -51;
/** A canonical scale is a double. */
const SCALE = 2 ** -51;

/**
 * The noise after each operation of some parameters. Errors of unrelated operands add in squares for the rms, and by the
 * triangle inequality for the bound: |xy − x'y'| ≤ |x|·e_y + |y|·e_x + e_x·e_y. A coefficient's variance V is an error with
 * the variance 2·slots·V/Δ² in each slot: its modulus, over the 2·slots coefficients that are read.
 * Source: Costache et al., "On the precision loss in approximate homomorphic encryption", SAC 2023; see NoiseVariances.
 */
export class NoiseModel {
  readonly variances: NoiseVariances;
  private readonly scales: readonly number[];
  private readonly ringSlots: number;

  constructor(parameters: Parameters) {
    this.variances = new NoiseVariances(parameters);
    this.scales = parameters.levels.map((_, level) => parameters.scaleAt(level));
    this.ringSlots = parameters.slots;
    Object.freeze(this);
  }

  /** An encoded vector: rounded in the 2·slots coefficients that it has. */
  encoded(bound: number, level: number, slots: number): Noise {
    const part = Math.sqrt(slots * this.variances.rounding) / this.scales[level];
    const size = FILL * bound;
    const rms = Math.hypot(Math.SQRT2 * part, FFT_RMS * size);
    const worst = GAUSSIAN * part + FFT_WORST * bound;
    return { bound, size, rms, worst, ringRms: rms, ringWorst: worst };
  }

  /** A number for all slots, rounded to a multiple of 1/Δ: being said in the program, it is as public as that. */
  number(value: number, level: number): Noise {
    return rounded(value, this.scales[level]);
  }

  /** constant + Σ factor·x at the square of the scale of `level`: each factor takes what is left of that beside x's scale. */
  linearSum(terms: readonly (readonly [NoisyState, number])[], constant: number, level: number, slots: number): Noise {
    const square = this.scales[level] ** 2;
    return terms.reduce(
      (total, [x, factor]) => {
        const noise = readIn({ slots: x.slots, noise: x.noise ?? UNKNOWN_NOISE }, slots);
        return addNoise(total, this.multiply(noise, rounded(factor, square / this.scales[x.level]), slots));
      },
      rounded(constant, square),
    );
  }

  /** A fresh ciphertext. */
  encrypted(bound: number, level: number, slots: number, key: "public" | "secret"): Noise {
    const { freshPublic, freshSecret } = this.variances;
    const noise = this.encoded(bound, level, slots);
    const place = { level, state: "canonical", slots, noise } as const;
    if (key === "secret") return this.spread(place, freshSecret, GAUSSIAN).noise;
    return this.spread(place, freshPublic, PRODUCT).noise;
  }

  /** After a division that rounded both parts; `a` says where the result is. */
  dropped<S extends NoisyState>(a: S): Noisy<S> {
    return this.spread({ ...a, noise: relative(a.noise) }, this.variances.drop, PRODUCT);
  }

  /** A key switch that has not been divided by P; `gadget`: of its key, unless that is for this level. */
  switched<S extends NoisyState>(a: S, gadget?: Gadget): Noisy<S> {
    return this.spread(a, this.variances.switching(a.level, gadget), PRODUCT);
  }

  /** A key switch with its division: relinearisation, rotation, conjugation. */
  keySwitched<S extends NoisyState>(a: S, gadget?: Gadget): Noisy<S> {
    return this.spread(a, this.variances.keySwitch(a.level, gadget), PRODUCT);
  }

  /** A key switch that joined a sum modulo QP: `divided` before, where the sum is modulo another P. */
  joined<S extends NoisyState>(a: S, gadget: Gadget, divided: boolean): Noisy<S> {
    return divided ? this.keySwitched(a, gadget) : this.switched(a, gadget);
  }

  /** x·y, or x² where they are the same, in as many slots. */
  multiply(x: Noise, y: Noise, slots: number): Noise {
    const [size, bound] = [times(x.size, y.size), times(x.bound, y.bound)];
    // Of the product of two noises the mean over the N/2/slots places is read where a message repeats.
    const squares = Math.max(times(x.rms, y.rms), times(x.ringRms, y.ringRms) * Math.sqrt(slots / this.ringSlots));
    const cross = x === y ? sum : Math.hypot;
    return {
      bound,
      size,
      rms: Math.hypot(cross(times(x.size, y.rms), times(y.size, x.rms)), squares),
      worst: times(x.bound, y.worst) + times(y.bound, x.worst) + times(x.ringWorst, y.ringWorst),
      ringRms: Math.hypot(cross(times(x.size, y.ringRms), times(y.size, x.ringRms)), times(x.ringRms, y.ringRms)),
      ringWorst: times(x.bound, y.ringWorst) + times(y.bound, x.ringWorst) + times(x.ringWorst, y.ringWorst),
    };
  }

  /** Independent noise of this variance in every coefficient of the ring. */
  private spread<S extends NoisyState>(a: S, variance: number, deviations: number): Noisy<S> {
    const { level, state, slots, noise = UNKNOWN_NOISE } = a;
    const scale = this.scales[level] ** (state === "product" ? 2 : 1);
    const part = Math.sqrt(slots * variance) / scale;
    const ring = Math.sqrt(this.ringSlots * variance) / scale;
    const { bound, size } = noise;
    return {
      ...a,
      noise: {
        bound,
        size,
        rms: Math.hypot(noise.rms, Math.SQRT2 * part),
        worst: noise.worst + deviations * part,
        ringRms: Math.hypot(noise.ringRms, Math.SQRT2 * ring),
        ringWorst: noise.ringWorst + deviations * ring,
      },
    };
  }
}

/** A number that is rounded to a multiple of 1/scale. */
function rounded(value: number, scale: number): Noise {
  const bound = Math.abs(value);
  const rounding = Math.abs(Math.round(value * scale) / scale - value);
  const [rms, worst] = [rounding + SCALE * bound, rounding + FFT_WORST * bound];
  return { bound, size: bound, rms, worst, ringRms: rms, ringWorst: worst };
}

/** x + y, or 2·x where they are the same. The bound of x − y is the same. */
export function addNoise(x: Noise, y: Noise): Noise {
  const join = x === y ? sum : Math.hypot;
  return {
    bound: x.bound + y.bound,
    size: join(x.size, y.size),
    rms: join(x.rms, y.rms),
    worst: x.worst + y.worst,
    ringRms: join(x.ringRms, y.ringRms),
    ringWorst: x.ringWorst + y.ringWorst,
  };
}

/** Read in more slots than before: more of the ring's noise is. */
export function readIn({ slots: before, noise }: { slots: number; noise: Noise }, slots: number): Noise {
  if (before === slots) return noise;
  const more = Math.sqrt(slots / before);
  return {
    ...noise,
    rms: Math.min(noise.rms * more, noise.ringRms),
    worst: Math.min(noise.worst * more, noise.ringWorst),
  };
}

/** Values multiplied by a number within `rounding` of what it should be, beside a scale in doubles. */
export function relative(noise: Noise = UNKNOWN_NOISE, rounding = 0): Noise {
  const { bound, size } = noise;
  const share = rounding + SCALE;
  return {
    bound,
    size,
    rms: Math.hypot(noise.rms, times(share, size)),
    worst: noise.worst + times(share, bound + noise.worst),
    ringRms: Math.hypot(noise.ringRms, times(share, size)),
    ringWorst: noise.ringWorst + times(share, bound + noise.ringWorst),
  };
}

/** With what decryption in doubles adds. */
export function decrypted(noise: Noise): Pick<Noise, "rms" | "worst"> {
  return {
    rms: Math.hypot(noise.rms, times(FFT_RMS, noise.size)),
    worst: noise.worst + times(FFT_WORST, noise.bound + noise.worst),
  };
}

/** The same noise around values that are declared to be smaller. */
export function declared(noise: Noise, bound: number): Noise {
  requireBound(bound);
  return { ...noise, bound, size: Math.min(noise.size, bound) };
}

/** @throws RangeError for what is no bound. */
export function requireBound(bound: number): void {
  if (Number.isFinite(bound) && bound >= 0) return;
  throw new RangeError(`bound ${bound} is not a finite number from 0 on`);
}

/** A factor of 0 is stronger than one that outgrew the doubles. */
function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

function sum(a: number, b: number): number {
  return a + b;
}
