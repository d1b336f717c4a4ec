import type { Activation } from "./network.js";

/** The function of one element that an activation is, in doubles; erf errs by 10^−13 at most. */
export function activationOf({
  name,
  parameters = [],
}: Pick<Activation, "name" | "parameters">): (x: number) => number {
  const [first, second] = parameters;
  switch (name) {
    case "relu":
      return (x) => Math.max(x, 0);
    case "leakyRelu":
      return (x) => (x >= 0 ? x : (first ?? 0.01) * x);
    case "elu":
      return (x) => (x >= 0 ? x : (first ?? 1) * Math.expm1(x));
    case "sigmoid":
      return sigmoid;
    case "tanh":
      return Math.tanh;
    case "silu":
      return (x) => x * sigmoid(x);
    case "gelu":
      return (x) => (x / 2) * erfc(-x / Math.SQRT2);
    case "geluTanh":
      return (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case "softplus":
      return softplus;
    case "mish":
      return (x) => x * Math.tanh(softplus(x));
    case "hardSwish":
      return (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1);
    case "hardSigmoid":
      return (x) => Math.min(Math.max((first ?? 0.2) * x + (second ?? 0.5), 0), 1);
    case "clip":
      return (x) => Math.min(Math.max(x, first ?? Number.NEGATIVE_INFINITY), second ?? Number.POSITIVE_INFINITY);
  }
}

/** 1/(1 + e^−x), without an overflow on the way. */
function sigmoid(x: number): number {
  const power = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + power) : power / (1 + power);
}

/** ln(1 + e^x), without an overflow on the way. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** 1 − erf(x): its series near 0, its continued fraction beyond. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  if (x > 27) return 0;
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}
