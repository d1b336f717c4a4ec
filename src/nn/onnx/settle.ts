import { Polynomial as OnePolynomial } from "../../ckks/circuits/polynomial.js";
import { FormatError, UnsupportedLayerError } from "../../errors.js";
import type { Shape } from "../graph/network.js";
import { expectMapSize, sameShape, sizeOf } from "../graph/shapes.js";
import {
  compressed,
  degreeOf,
  gathered,
  isZero,
  type List,
  type Polynomial,
  product,
  spreadTo,
  sum,
} from "./coefficients.js";
import { spelled } from "./gates.js";
import { isPermutation, type Move } from "./moves.js";
import { rearranged } from "./rearranged.js";
import { type Gate, polynomialOf, type Signal, shapeOf, signalOf } from "./signal.js";
import { append, type Marks, reshaped, type Stage } from "./stage.js";
import { QUADRATIC } from "./ways-out.js";

// What is pending in a value becomes layers: only where an operator needs the value itself.

/** By the polynomial, which belongs to one stage and one gate: two operators that need the same value share its layers. */
const SETTLED = new WeakMap<Polynomial, Stage>();
const OPENED = new WeakMap<Gate, Stage>();

/** The value as a stage: what is pending becomes a quadratic or another layer. */
export function settle(signal: Signal, label: string): Stage {
  const { stage, polynomial, gated } = signal;
  if (!polynomial) return stage;
  const known = SETTLED.get(polynomial);
  if (known) return known;
  const settled = gated ? settledGate(signal, label) : settledPolynomial(stage, polynomial, label);
  SETTLED.set(polynomial, settled);
  return settled;
}

/** The value as the stage that it has become for another operator already; the value itself where there is none. */
export function alreadySettled(signal: Signal): Signal {
  const stage = signal.polynomial && SETTLED.get(signal.polynomial);
  return stage ? signalOf(stage, signal.dims) : signal;
}

/** The value as a stage of the shape that ONNX gives it. */
export function materialized(signal: Signal, label: string): Stage {
  return reshaped(settle(signal, label), shapeOf(signal.dims), label);
}

/** The elements moved; what is pending moves along where each element is taken once. */
export function movedSignal(signal: Signal, move: Move, label: string, marks: (source: Stage) => Marks): Signal {
  const { dims } = move;
  expectExtents(dims, label);
  if (!move.index) return { ...signal, dims };
  const shape = shapeOf(dims);
  const { stage, polynomial, gated } = signal;
  const index = move.index();
  if (!polynomial || gated || !isPermutation(index, sizeOf(stage.shape))) {
    const source = settle(signal, label);
    return signalOf(rearranged([source], index, shape, label, marks(source)), dims);
  }
  const moved = rearranged([stage], index, shape, label, marks(stage));
  const lists = polynomial.map((list) => compressed(gathered(list, index, stage.shape), moved.shape));
  return { kind: "signal", stage: moved, dims, polynomial: lists };
}

/** The sum or the product of two values of the same dims. */
export function joined(op: "add" | "multiply", left: Signal, right: Signal, label: string): Signal {
  const stages = [settle(left, label), settle(right, label)];
  const { dims } = left;
  const shape = sameShape(stages[0].shape, stages[1].shape) ? stages[0].shape : shapeOf(dims);
  const alike = stages.map((stage) => reshaped(stage, shape, label));
  return signalOf(append(alike, { op }, label), dims);
}

/** @throws UnsupportedLayerError for a value of too many elements; FormatError for one of none. */
export function expectExtents(dims: readonly number[], label: string): void {
  expectMapSize(dims, label);
  if (dims.every((extent) => Number.isSafeInteger(extent) && extent >= 1)) return;
  throw new FormatError(
    `${label} makes [${dims.slice(0, 8).join(", ")}] of the image, which holds nothing`,
    "The file is damaged or was written wrongly: export the model again.",
  );
}

function settledPolynomial(stage: Stage, polynomial: Polynomial, label: string): Stage {
  const degree = degreeOf(polynomial);
  const [c, b, a, cubic] = listsFor(stage.shape, polynomial);
  if (degree <= 1) {
    if (b.every((value) => value === 1) && isZero(c)) return stage;
    return append([stage], { op: "affine", scale: b, offset: c }, label);
  }
  if (degree === 2) return append([stage], { op: "quad", a, b, c }, label);
  const coefficients = polynomial.map((list) => compressed(list, stage.shape));
  if (coefficients.every((list) => list.length === 1)) {
    const one = OnePolynomial.monomial(coefficients.map(([value]) => value));
    return append([stage], { op: "polynomial", polynomial: one }, label);
  }
  const curved = append([stage], { op: "quad", a: cubic, b: a, c: b }, label);
  const product = append([curved, stage], { op: "multiply" }, label);
  return isZero(c) ? product : append([product], { op: "affine", scale: c.map(() => 1), offset: c }, label);
}

/** Of powers 0 to 3, as many entries in each: one a channel, or one an element. */
function listsFor(shape: Shape, polynomial: Polynomial): List[] {
  const lists = polynomial.map((list) => compressed(list, shape));
  const length = lists.some((list) => list.length > shape[0]) ? sizeOf(shape) : shape[0];
  return [0, 1, 2, 3].map((n) => spreadTo(lists[n] ?? Float64Array.of(0), length));
}

/** p + q·gate: the activation that it spells, or what it says. */
function settledGate(signal: Signal, label: string): Stage {
  const { stage, gated, dims } = signal;
  if (!gated) return stage;
  // A copy: what settles without the gate is another value.
  const p = [...polynomialOf(signal)];
  const { gate, factor } = gated;
  const found = spelled(p, gated);
  const on = (base: Stage, polynomial: Polynomial): Signal => ({ kind: "signal", stage: base, dims, polynomial });
  if (found) {
    const argument = settle(on(stage, found.argument), label);
    const active = append([argument], { op: "activation", name: found.name }, label);
    return settle(plus(on(active, [Float64Array.of(0), found.factor]), on(stage, [...found.rest]), label), label);
  }
  const opened = openedGate(gate, label);
  if (degreeOf(factor) <= 0) {
    const passed = [Float64Array.of(0), factor[0] ?? Float64Array.of(0)];
    return settle(plus(on(opened, passed), on(stage, p), label), label);
  }
  const passed = joined("multiply", on(opened, [Float64Array.of(0), Float64Array.of(1)]), on(stage, factor), label);
  return settle(plus({ ...passed, polynomial: [Float64Array.of(0), Float64Array.of(1)] }, on(stage, p), label), label);
}

/** A value and a polynomial of another stage. */
function plus(value: Signal, rest: Signal, label: string): Signal {
  const polynomial = polynomialOf(rest);
  if (degreeOf(polynomial) > 0) return joined("add", value, rest, label);
  return { ...value, polynomial: sum(product([Float64Array.of(1)], polynomialOf(value)), polynomial) };
}

function openedGate(gate: Gate, label: string): Stage {
  const known = OPENED.get(gate);
  if (known) return known;
  const { name, parameters } = gate;
  if (name === "erf") {
    throw new UnsupportedLayerError(
      `${gate.label}: it is read as a part of GELU only, x/2·(1 + erf(x/√2)), which ${label} does not make of it`,
      QUADRATIC,
    );
  }
  const argument = settle(gate.of, gate.label);
  const opened =
    name === "tanhSoftplus"
      ? append(
          [append([argument], { op: "activation", name: "softplus" }, gate.label)],
          { op: "activation", name: "tanh" },
          gate.label,
        )
      : append([argument], { op: "activation", name, ...(parameters && { parameters }) }, gate.label);
  OPENED.set(gate, opened);
  return opened;
}
