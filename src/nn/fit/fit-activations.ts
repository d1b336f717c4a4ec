import { fitPolynomial } from "../../ckks/circuits/fit.js";
import { Polynomial } from "../../ckks/circuits/polynomial.js";
import { polynomialCost } from "../../ckks/circuits/polynomial-plan.js";
import { kindOf } from "../../ckks/copies.js";
import { ParameterError } from "../../errors.js";
import { calibrationImages } from "../calibrate.js";
import { activationOf } from "../graph/activations.js";
import type { ImageValues } from "../graph/image.js";
import type { Activation, Affine, Layer, Network, PolynomialLayer, Quad } from "../graph/network.js";
import { type Observed, observe, quadraticOf } from "./observed.js";
import { FitReport, type FittedLayer, gapOf } from "./report.js";

/** How activations become polynomials. One of `degree`, `error` and `depth` at most. */
export interface FitOptions {
  /** Of every polynomial. 2 is a quadratic for each channel, which takes one level where its square can be completed. */
  readonly degree?: number;
  /** The largest error on the range, as a share of the largest value there; the lowest degree that keeps it is taken, up to 63. */
  readonly error?: number;
  /** Levels that each activation may take: the degree is 2^depth − 1, and 2 for one level. */
  readonly depth?: number;
  /** Values may lie this many times further from the middle of their range than in the images. 2 unless said. */
  readonly margin?: number;
  /** Polynomials of your own instead, by the function's name: {"relu": Polynomial.monomial([0, 0.5, 0.25])}. */
  readonly replace?: Readonly<Partial<Record<Activation["name"], Polynomial>>>;
}

const HIGHEST_DEGREE = 63;
/** Functions like a sigmoid are odd about their middle: a quadratic would be a straight line. */
const ODD: ReadonlySet<string> = new Set(["sigmoid", "tanh", "hardSigmoid", "clip"]);

/**
 * The same network with polynomials where it has ReLU, sigmoid, tanh, SiLU, GELU and the like, which products and sums cannot
 * compute. Each is fitted to the values that it is given in `images`: quadratics channel by channel, by least squares over a Gaussian
 * with the channel's mean and deviation; higher degrees by the least largest error over the whole range, and as much again on both
 * sides (`margin`).
 * Unless said, the degree is 2, and 3 for functions like a sigmoid. A clip whose bounds no value reaches is left out.
 *
 * Costs two runs in the clear for each image. The report says what was done, and how far the logits are now from those of the
 * original: fine-tuning the network afterwards, with the polynomials in it, makes most of that good.
 * @param images as for `interpret`: some dozen like those that the network is for
 * @throws ParameterError for no images, a degree, an error or a margin that cannot be; TypeError for what is no list of images.
 */
export function fitActivations(
  network: Network,
  images: Iterable<ImageValues>,
  options: FitOptions = {},
): { network: Network; report: FitReport } {
  requireOptions(options);
  const all = calibrationImages(network.input, images);
  if (all.length === 0) throw new ParameterError("no image to fit with", "give a few dozen training images");
  const observed = observe(network, all);
  const fitted: FittedLayer[] = [];
  const layers = network.layers.map((layer, index): Layer => {
    if (layer.op !== "activation") return layer;
    const { inputs } = layer;
    const { layer: replaced, ...facts } = fitOne(layer, observed.get(index)!, options);
    fitted.push({ index, name: layer.name, ...facts });
    return inputs ? { ...replaced, inputs } : replaced;
  });
  const result = { ...network, layers };
  return { network: result, report: new FitReport(fitted, gapOf(network, result, all)) };
}

type Fitted = Omit<FittedLayer, "index" | "name"> & { readonly layer: Quad | PolynomialLayer | Affine };

function fitOne(activation: Activation, observed: Observed, options: FitOptions): Fitted {
  const { margin = 2, replace } = options;
  const range = widened(observed.low, observed.high, margin);
  const f = activationOf(activation);
  const own = replace?.[activation.name];
  if (own) return polynomialLayer(own, range, f, observed);
  const [least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY] = activation.parameters ?? [];
  if (activation.name === "clip" && least <= range[0] && most >= range[1]) {
    const ones = new Float64Array(observed.channels.length).fill(1);
    const layer: Affine = { op: "affine", scale: ones, offset: ones.map(() => 0) };
    return { layer, range, degree: 1, levels: 0, largestError: 0, rmsError: 0 };
  }
  const degree = degreeOf(activation, f, range, options);
  if (degree > 2) return polynomialLayer(fitPolynomial(f, { interval: range, degree }).polynomial, range, f, observed);
  const { layer, largestError, rmsError } = quadraticOf(observed, f, margin);
  return { layer, range, degree: 2, levels: 1, largestError, rmsError };
}

function degreeOf(
  { name }: Activation,
  f: (x: number) => number,
  interval: readonly [number, number],
  { degree, error, depth }: FitOptions,
): number {
  if (degree !== undefined) return degree;
  if (depth !== undefined) return depth === 1 ? 2 : 2 ** depth - 1;
  if (error === undefined) return ODD.has(name) ? 3 : 2;
  const samples = Array.from({ length: 257 }, (_, k) =>
    Math.abs(f(interval[0] + ((interval[1] - interval[0]) * k) / 256)),
  );
  const wanted = error * Math.max(...samples);
  let reached = Number.POSITIVE_INFINITY;
  for (let each = 2; each <= HIGHEST_DEGREE; each = each < 15 ? each + 1 : 2 * each + 1) {
    reached = fitPolynomial(f, { interval, degree: each }).maximumError;
    if (reached <= wanted) return each;
  }
  throw new ParameterError(
    `${name} over [${interval.map((each) => each.toPrecision(3))}] errs by ${reached.toPrecision(2)} at degree ${HIGHEST_DEGREE}, more than ${wanted.toPrecision(2)}`,
    "ask for a larger error, or train with batch norm before the activation, which narrows the range",
  );
}

function polynomialLayer(
  polynomial: Polynomial,
  range: readonly [number, number],
  f: (x: number) => number,
  { sample }: Observed,
): Fitted {
  const layer: PolynomialLayer = { op: "polynomial", polynomial };
  let largestError = 0;
  for (let k = 0; k <= 4096; k++) {
    const x = range[0] + ((range[1] - range[0]) * k) / 4096;
    largestError = Math.max(largestError, Math.abs(polynomial.at(x) - f(x)));
  }
  const squares = sample.reduce((sum, x) => sum + (polynomial.at(x) - f(x)) ** 2, 0);
  const rmsError = Math.sqrt(squares / Math.max(1, sample.length));
  return { layer, range, degree: polynomial.degree, levels: levelsOf(polynomial), largestError, rmsError };
}

/** With its variable in the linear map before, as the fold leaves it. */
function levelsOf({ basis, coefficients, interval }: Polynomial): number {
  if (basis === "monomial") return polynomialCost(Polynomial.monomial(coefficients, interval)).levels;
  return polynomialCost(Polynomial.chebyshev(coefficients)).levels;
}

/** The range, its half width times the margin, outwards to four digits: coefficients are public, and so are the ends. */
function widened(low: number, high: number, margin: number): [number, number] {
  const middle = (low + high) / 2;
  const half = Math.max(((high - low) / 2) * margin, 1e-3 * Math.abs(middle), 1e-6);
  const grid = 2 ** (Math.ceil(Math.log2(half)) - 10);
  return [Math.floor((middle - half) / grid) * grid, Math.ceil((middle + half) / grid) * grid];
}

function requireOptions(options: FitOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options: { degree }, { error } or { depth } was expected, not ${kindOf(options)}`);
  }
  const { degree, error, depth, margin = 2 } = options;
  const given = [degree, error, depth].filter((each) => each !== undefined);
  if (given.length > 1) throw new ParameterError("degree, error and depth: each decides alone", "give one of them");
  const whole = (value: number | undefined, least: number, most: number) =>
    value === undefined || (Number.isInteger(value) && value >= least && value <= most);
  if (!whole(degree, 2, HIGHEST_DEGREE))
    throw new ParameterError(`degree ${degree}`, `take one from 2 to ${HIGHEST_DEGREE}`);
  if (!whole(depth, 1, 6)) throw new ParameterError(`depth ${depth}`, "take 1 to 6 levels");
  if (error !== undefined && !(error > 0 && error < 1))
    throw new ParameterError(`error ${error}`, "take a share, 0.01 say");
  if (!(margin >= 1 && margin <= 64)) throw new ParameterError(`margin ${margin}`, "take 1 to 64");
}
