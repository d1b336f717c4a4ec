import { BlindsightError, FormatError, UnsupportedLayerError } from "../../errors.js";
import type { Layer, Shape } from "../graph/network.js";
import { expectMapSize, outputShape, sameShape } from "../graph/shapes.js";

/** A layer without the numbers of its inputs: a stage has these. */
export type LayerBody = Layer extends infer L ? (L extends Layer ? Omit<L, "inputs"> : never) : never;

/** What a layer makes of other stages; the image where there is no layer. */
export interface Stage {
  readonly shape: Shape;
  readonly layer?: LayerBody;
  readonly inputs: readonly Stage[];
  readonly marks: Marks;
}

/** What else is known of a stage. */
export interface Marks {
  /** Of the image: how many dimensions the file gives it. */
  readonly rank?: number;
  /** Of a Transpose of the image itself, which may be taken into the input: what to say then, and its order. */
  readonly turn?: { readonly note: string; readonly order: string };
  /** Of zeros around a stage, axis by axis of its shape: a convolution takes them as padding of its own. */
  readonly padded?: { readonly source: Stage; readonly before: readonly number[]; readonly after: readonly number[] };
}

/** The image. */
export function imageStage(shape: Shape, rank: number): Stage {
  return { shape, inputs: [], marks: { rank } };
}

/** The stage after one more layer; `label` names the node in errors. */
export function append(inputs: readonly Stage[], layer: LayerBody, label: string, marks: Marks = {}): Stage {
  expectFinite(layer, label);
  try {
    const shapes = inputs.map(({ shape }) => shape);
    const shape = outputShape({ ...layer, inputs: [] } as Layer, shapes);
    expectMapSize(shape, label);
    return { shape, layer, inputs, marks };
  } catch (error) {
    if (!(error instanceof BlindsightError) || error.message.startsWith(label)) throw error;
    throw new UnsupportedLayerError(`${label}: ${error.message}`, error.fix, { cause: error });
  }
}

const RESHAPED = new WeakMap<Stage, Stage[]>();

/** The same numbers in another shape: one stage for each shape, however often it is asked for. */
export function reshaped(stage: Stage, shape: Shape, label: string): Stage {
  if (sameShape(stage.shape, shape)) return stage;
  const known = RESHAPED.get(stage) ?? [];
  RESHAPED.set(stage, known);
  const before = known.find((each) => sameShape(each.shape, shape));
  if (before) return before;
  const result = append([stage], shape.length === 1 ? { op: "flatten" } : { op: "reshape", shape }, label);
  known.push(result);
  return result;
}

function expectFinite(layer: LayerBody, label: string): void {
  for (const values of Object.values(layer)) {
    if (values instanceof Float64Array && values.some((value) => !Number.isFinite(value))) {
      throw new FormatError(`${label}: its numbers overflow`, "Train and export the model again with smaller weights.");
    }
  }
}
