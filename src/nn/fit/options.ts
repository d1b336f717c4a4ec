import { Polynomial } from "../../ckks/circuits/polynomial.js";
import { kindOf } from "../../ckks/copies.js";
import { ParameterError } from "../../errors.js";
import type { ActivationName, Network } from "../graph/network.js";

/** One for all activations, or by the number of the layer or the name of the function; a number goes before a name. */
export type ForLayers<T> = T | Readonly<Partial<Record<ActivationName | number, T>>>;

/** y = `a`·x² + `b`·x + `c`, for all channels or one number a channel. */
export interface OwnQuadratic {
  readonly a: number | ArrayLike<number>;
  readonly b: number | ArrayLike<number>;
  readonly c: number | ArrayLike<number>;
}

/**
 * "leastSquares": least mean of squares from what the original gives for the images, and a little over the whole range. "minimax": least
 * largest error on the range, wherever in it values lie, for who needs a bound. In networks with random weights, logits are 1.3 to
 * 20 times nearer to the original's with least squares; not in all others: ReLU of degree 15 in RL-1 leaves 19 % rms, 15 % with minimax.
 */
export type FitMethod = "leastSquares" | "minimax";

/**
 * How activations become polynomials. Unless said ReLU, leaky ReLU and ELU get the degree 2, others the lowest degree up to 15 of
 * which some polynomial errs by 1/32 of the largest value at most. Of `degree`, `error` and
 * `depth` one decides an activation: the one that names it most closely.
 */
export interface FitOptions {
  /** Of the polynomial, 1 to 63: 1 and 2 for each channel its own, in 0 levels and 1; 2^k − 1 makes the most of k levels. */
  readonly degree?: ForLayers<number>;
  /**
   * Largest error on the range, as a share of the function's largest value there, in (0, 1): the lowest of the degrees 1, 2, 3, 7,
   * 15, … of which some polynomial keeps it is taken.
   */
  readonly error?: ForLayers<number>;
  /** Levels that an activation may take, 1 to 6: the degree is 2^depth − 1, but 2 for one level. */
  readonly depth?: ForLayers<number>;
  /** Where an error decides: no degree beyond this one, 31 unless said, 63 at most. */
  readonly maximumDegree?: number;
  /** "minimax" where an error is given, which only it keeps; else "leastSquares". */
  readonly method?: ForLayers<FitMethod>;
  /** Values may lie this many times further from the middle of their range than in the images: 2 unless said, 1 to 64. */
  readonly margin?: ForLayers<number>;
  /** Degrees 1 and 2 for each channel its own, which costs nothing under encryption. True unless said. */
  readonly perChannel?: boolean;
  /** Polynomials of your own. */
  readonly replace?: ForLayers<Polynomial | OwnQuadratic>;
}

/** What is asked for one activation. */
export interface Wish {
  readonly goal: { readonly by: "degree" | "error" | "depth"; readonly value: number };
  /** Whether that was asked for. */
  readonly demanded: boolean;
  readonly method: FitMethod;
  readonly margin: number;
  readonly perChannel: boolean;
  readonly maximumDegree: number;
  readonly replace?: Polynomial | OwnQuadratic;
}

export const HIGHEST_DEGREE = 63;
const DEFAULT_ERROR = 1 / 32;
/** Four levels: for what nobody asked for. */
const DEFAULT_DEGREE = 15;
/** Functions with a corner, of which no affordable degree comes near everywhere: a quadratic where values are many. */
const CORNERED: ReadonlySet<ActivationName> = new Set(["relu", "leakyRelu", "elu"]);
const GOALS = ["degree", "error", "depth"] as const;

/**
 * What is asked for each activation, by the number of its layer.
 * @throws TypeError and ParameterError for options that are none, that contradict one another, or that name no activation.
 */
export function wishesOf(network: Network, options: FitOptions): Map<number, Wish> {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options: { degree }, { error } or { depth } was expected, not ${kindOf(options)}`);
  }
  const { perChannel = true, maximumDegree, replace } = options;
  if (typeof perChannel !== "boolean") throw new TypeError(`perChannel: true or false, not ${kindOf(perChannel)}`);
  for (const key of Object.keys(CHECKS) as (keyof typeof CHECKS)[]) requireOption(network, key, options[key]);
  if (maximumDegree !== undefined) CHECKS.degree(maximumDegree, "maximumDegree");
  const wishes = new Map<number, Wish>();
  for (const [index, layer] of network.layers.entries()) {
    if (layer.op !== "activation") continue;
    const of = <T>(option: ForLayers<T> | undefined) => entryOf(option, index, layer.name)?.value;
    const { demanded, ...goal } = goalOf(options, index, layer.name);
    wishes.set(index, {
      goal,
      demanded,
      method: of(options.method) ?? (demanded && goal.by === "error" ? "minimax" : "leastSquares"),
      margin: of(options.margin) ?? 2,
      perChannel,
      maximumDegree: maximumDegree ?? (demanded ? 31 : DEFAULT_DEGREE),
      replace: of(replace),
    });
  }
  if (replace !== undefined && wishes.size === 0) {
    throw new ParameterError(
      "replace: the network has no activation",
      "leave `replace` out: nothing is left to replace",
    );
  }
  return wishes;
}

/** "layer 3 (relu)": for messages. */
export function placeText(index: number, name: string): string {
  return `layer ${index} (${name})`;
}

function goalOf(options: FitOptions, index: number, name: ActivationName): Wish["goal"] & { demanded: boolean } {
  const found = GOALS.flatMap((by) => {
    const entry = entryOf(options[by], index, name);
    return entry ? [{ by, ...entry }] : [];
  });
  const closest = Math.max(...found.map(({ rank }) => rank));
  const [goal, other] = found.filter(({ rank }) => rank === closest);
  if (other) {
    const message = `${placeText(index, name)}: ${goal.by} and ${other.by} both decide its degree`;
    throw new ParameterError(message, "give one of degree, error and depth for an activation");
  }
  if (goal) return { by: goal.by, value: goal.value, demanded: true };
  const usual = CORNERED.has(name)
    ? ({ by: "degree", value: 2 } as const)
    : ({ by: "error", value: DEFAULT_ERROR } as const);
  return { ...usual, demanded: false };
}

/** What an option says of a layer, and how closely it names it. */
function entryOf<T>(option: ForLayers<T> | undefined, index: number, name: ActivationName) {
  if (option === undefined) return undefined;
  if (!isByLayer(option)) return { value: option as T, rank: 0 };
  const entries = option as Readonly<Partial<Record<ActivationName | number, T>>>;
  const own = entries[index];
  if (own !== undefined) return { value: own, rank: 2 };
  const value = entries[name];
  return value === undefined ? undefined : { value, rank: 1 };
}

/** Polynomials and {a, b, c} are values, other objects say which layer gets what. */
function isByLayer(option: unknown): boolean {
  if (typeof option !== "object" || option === null || option instanceof Polynomial) return false;
  return !["a", "b", "c", "coefficients"].some((key) => key in option);
}

const CHECKS = {
  degree: (value: unknown, what: string) => requireWhole(value, what, HIGHEST_DEGREE),
  depth: (value: unknown, what: string) => requireWhole(value, what, Math.log2(HIGHEST_DEGREE + 1)),
  error: (value: unknown, what: string) =>
    requireNumber(value, what, (x) => x > 0 && x < 1, "a share between 0 and 1, 0.01 say"),
  margin: (value: unknown, what: string) => requireNumber(value, what, (x) => x >= 1 && x <= 64, "1 to 64"),
  method(value: unknown, what: string) {
    if (value === "leastSquares" || value === "minimax") return;
    throw new TypeError(`${what}: "leastSquares" or "minimax" was expected, not ${kindOf(value)}`);
  },
  replace(value: unknown, what: string) {
    if (value instanceof Polynomial) return;
    const own = typeof value === "object" && value !== null ? (value as Partial<Record<string, unknown>>) : {};
    const numbers = ["a", "b", "c"].map((key) => own[key]).map((list) => (typeof list === "number" ? [list] : list));
    const lists = numbers.every((list) => Array.isArray(list) || ArrayBuffer.isView(list)) as boolean;
    if (!lists) throw new TypeError(`${what}: a Polynomial or { a, b, c } was expected, not ${kindOf(value)}`);
    if (numbers.every((list) => Array.from(list as ArrayLike<unknown>).every(Number.isFinite))) return;
    throw new ParameterError(`${what}: a, b or c holds what is no finite number`, "give finite numbers only");
  },
};

function requireOption(network: Network, key: keyof typeof CHECKS, option: unknown): void {
  if (option === undefined) return;
  if (!isByLayer(option)) {
    CHECKS[key](option, key);
    return;
  }
  for (const [which, value] of Object.entries(option as object)) {
    const known = network.layers.some(
      (layer, index) => layer.op === "activation" && (layer.name === which || `${index}` === which),
    );
    if (!known) {
      const there = network.layers.flatMap((layer, index) =>
        layer.op === "activation" ? placeText(index, layer.name) : [],
      );
      const fix = there.length > 0 ? `it has ${there.join(", ")}` : `leave \`${key}\` out: it has none`;
      throw new ParameterError(`${key}: "${which}" names no activation of the network`, fix);
    }
    CHECKS[key](value, `${key} of ${which}`);
  }
}

function requireWhole(value: unknown, what: string, most: number): void {
  requireNumber(value, what, (x) => Number.isInteger(x) && x >= 1 && x <= most, `a whole number from 1 to ${most}`);
}

function requireNumber(value: unknown, what: string, allowed: (x: number) => boolean, fix: string): void {
  if (typeof value !== "number") throw new TypeError(`${what}: a number was expected, not ${kindOf(value)}`);
  if (!allowed(value)) throw new ParameterError(`${what} is ${value}`, `take ${fix}`);
}
