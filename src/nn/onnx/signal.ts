import type { ActivationName, NetworkCard, Shape } from "../graph/network.js";
import { degreeOf, IDENTITY, isZero, type Polynomial } from "./coefficients.js";
import type { Stage } from "./stage.js";
import type { Tensor } from "./tensor.js";

/**
 * A value that depends on the image: a polynomial of a stage, the stage itself where there is none, plus what a gate lets
 * through. Element-wise operators only change polynomials, so that every spelling of a quadratic reads as the same one; and
 * operators that keep the order of the elements only change `dims`.
 */
export interface Signal {
  readonly kind: "signal";
  readonly stage: Stage;
  /** ONNX's shape of the value, the batch (which is 1) among its extents: the same elements in the same order as `stage`. */
  readonly dims: readonly number[];
  readonly polynomial?: Polynomial;
  /** The value is `polynomial` + `factor`·`gate`. */
  readonly gated?: Gated;
}

/** An activation that is often one factor of another one, kept apart until it is known whether it is. */
export interface Gate {
  /** "tanhSoftplus" is the tanh of a softplus, a factor of Mish. */
  readonly name: GateName;
  readonly parameters?: readonly number[];
  /** What it is computed of, a polynomial of its stage. */
  readonly of: Signal;
  /** The node that made it. */
  readonly label: string;
}

export type GateName = ActivationName | "erf" | "tanhSoftplus";

export interface Gated {
  readonly gate: Gate;
  readonly factor: Polynomial;
}

/** What a Softmax, LogSoftmax, Sigmoid or ArgMax gives: only the graph's output may be that, and then the logits are taken. */
export interface Probabilities {
  readonly kind: "probabilities";
  readonly signal: Signal;
  readonly dims: readonly number[];
  readonly activation?: NetworkCard["activation"];
  /** The node that made them. */
  readonly label: string;
  /** What to say of the nodes that are dropped. */
  readonly notes: readonly string[];
}

export type Value = Signal | Tensor | Probabilities;

/** A stage as ONNX sees it: one image of it, unless said. */
export function signalOf(stage: Stage, dims: readonly number[] = [1, ...stage.shape]): Signal {
  return { kind: "signal", stage, dims };
}

export function polynomialOf({ polynomial }: Signal): Polynomial {
  return polynomial ?? IDENTITY;
}

/** The graph's shape for such a value: without the batch where that comes first. */
export function shapeOf(dims: readonly number[]): Shape {
  if (dims.length === 0) return [1];
  return dims.length > 1 && dims[0] === 1 ? dims.slice(1) : dims;
}

/** The gate itself, nothing added and multiplied by one. */
export function pureGate({ polynomial, gated }: Signal): Gate | undefined {
  if (!gated || !polynomial || degreeOf(polynomial) >= 0 || degreeOf(gated.factor) !== 0) return undefined;
  return isZero(gated.factor[0].map((value) => value - 1)) ? gated.gate : undefined;
}

/** As the end of a network: a Sigmoid there is left to the key holder. */
export function asTail(value: Value): Probabilities | undefined {
  if (value.kind === "probabilities") return value;
  const gate = value.kind === "signal" ? pureGate(value) : undefined;
  if (gate?.name !== "sigmoid" || value.kind !== "signal") return undefined;
  const { of, label } = gate;
  return {
    kind: "probabilities",
    signal: { ...of, dims: value.dims },
    dims: value.dims,
    activation: "sigmoid",
    label,
    notes: [droppedNote(label)],
  };
}

export function droppedNote(label: string): string {
  return `${label} was dropped: the key holder computes the probabilities from the decrypted logits.`;
}
