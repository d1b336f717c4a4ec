import type { ActivationName } from "../graph/network.js";
import { degreeOf, isZero, type List, near, type Polynomial, quotient, scaled, sum, zip } from "./coefficients.js";
import { type Gated, polynomialOf } from "./signal.js";

/** An activation that was spelled out: the value is `rest` + `factor`·name(`argument`). */
export interface Spelled {
  readonly name: ActivationName;
  readonly argument: Polynomial;
  readonly factor: List;
  readonly rest: Polynomial;
}

/**
 * The activation that p + q·gate(r) is, as exporters spell it: SiLU as x·sigmoid(x), GELU as x/2·(1 + erf(x/√2)) or by its
 * tanh, hard swish as x·clip(x + 3, 0, 6)/6 or x·hardSigmoid(x), Mish as x·tanh(softplus(x)). Undefined for anything else.
 */
export function spelled(p: Polynomial, gated: Gated): Spelled | undefined {
  const found = asSpelled(p, gated);
  if (!found) return undefined;
  // √2 and √(2/π) were rounded to float32: what is left of that is no factor.
  const { argument, factor } = found;
  return { ...found, argument: argument.map((list, n) => (n === 1 ? snapped(list) : list)), factor: snapped(factor) };
}

function snapped(list: List): List {
  return list.map((value) => (Math.abs(value - 1) < 1e-6 ? 1 : value));
}

function asSpelled(p: Polynomial, { gate, factor: q }: Gated): Spelled | undefined {
  const r = polynomialOf(gate.of);
  const [first = 0, second = 0] = gate.parameters ?? [];
  switch (gate.name) {
    case "sigmoid":
      return times("silu", q, r, p);
    case "tanhSoftplus":
      return times("mish", q, r, p);
    case "erf":
      return half("gelu", p, q, scaled(r, number(Math.SQRT2)));
    case "tanh":
      return half("geluTanh", p, q, argumentOfTanh(r));
    case "hardSigmoid":
      return near(number(first), number(1 / 6)) && second === 0.5 ? times("hardSwish", q, r, p) : undefined;
    case "clip": {
      if (first !== 0 || second !== 6) return undefined;
      const swish = times("hardSwish", q, sum(r, [number(-3)]), p);
      return swish && { ...swish, factor: swish.factor.map((value) => 6 * value) };
    }
    default:
      return undefined;
  }
}

/** λ·y·gate is λ·name(y). */
function times(name: ActivationName, q: Polynomial, y: Polynomial, rest: Polynomial): Spelled | undefined {
  const factor = quotient(q, y);
  return factor && { name, argument: y, factor, rest };
}

/** λ·y/2·(1 + gate) is λ·name(y). */
function half(name: ActivationName, p: Polynomial, q: Polynomial, y?: Polynomial): Spelled | undefined {
  const factor = y && quotient(q, scaled(y, number(0.5)));
  if (!factor || degreeOf(p) !== degreeOf(q)) return undefined;
  const alike = q.every((list, n) => (p[n] ? near(p[n], list) : isZero(list)));
  return alike ? { name, argument: y, factor, rest: [] } : undefined;
}

/** y where the polynomial is √(2/π)·(y + 0.044715·y³). */
function argumentOfTanh(r: Polynomial): Polynomial | undefined {
  if (degreeOf(r) !== 3 || !isZero(r[0]) || !isZero(r[2])) return undefined;
  const outer = Math.sqrt(2 / Math.PI);
  const slope = r[1].map((value) => value / outer);
  const cube = slope.map((value) => outer * 0.044715 * value ** 3);
  return near(
    zip(r[3], slope, (value) => value),
    cube,
  )
    ? [number(0), slope]
    : undefined;
}

function number(value: number): List {
  return Float64Array.of(value);
}
