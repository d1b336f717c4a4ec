import * as v from "valibot";
import { SEND_AGAIN } from "../../bytes/reader.js";
import { FormatError } from "../../errors.js";
import { NUMBERS } from "../../picture/description.js";
import { TRIANGLE } from "../../picture/kind.js";
import type { PlanText } from "./plan-content.js";

/** Types and lengths only: what a program may do is `checkProgram`'s to say, and a card `requireCard`'s. */
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1));
const number = v.pipe(v.number(), v.finite());
const counts = v.array(count);
/** Axes of a value, or entries that belong to them. */
const axes = v.pipe(v.array(count), v.maxLength(16));

const role = v.union([v.strictTuple([count, count]), v.picklist(["replica", "junk", "image"])]);
const layout = v.strictObject({ shape: axes, slots: count, bits: v.pipe(v.array(role), v.maxLength(64)) });
const value = v.strictObject({ level: count, layout: count, ciphertext: count });
const taps = v.strictObject({
  kernel: axes,
  stride: axes,
  dilation: axes,
  before: v.array(v.pipe(v.number(), v.integer())),
  output: axes,
});

const assignment = { inputs: counts, outputs: counts, layer: count };
const pools = v.array(axes);
const folding = { ...assignment, folds: v.array(counts), pools };
const group = v.strictObject({
  output: count,
  giant: count,
  terms: v.array(v.strictObject({ input: count, baby: count })),
});
/** A fit has 64 coefficients at most; one of the user's own few more. */
const coefficients = v.pipe(v.array(number), v.minLength(1), v.maxLength(1024));

const step = v.variant("op", [
  v.strictObject({
    op: v.literal("linear"),
    ...folding,
    terms: counts,
    groups: v.array(group),
    pair: v.optional(count),
    folded: count,
    target: count,
    guarded: v.boolean(),
  }),
  v.strictObject({ op: v.literal("square"), ...folding }),
  v.strictObject({ op: v.literal("multiply"), ...folding }),
  v.strictObject({ op: v.literal("quad"), ...folding }),
  v.strictObject({
    op: v.literal("polynomial"),
    ...assignment,
    basis: v.picklist(["monomial", "chebyshev"]),
    coefficients,
    interval: v.strictTuple([number, number]),
  }),
  v.strictObject({ op: v.literal("add"), ...assignment }),
  v.strictObject({ op: v.literal("shift"), ...assignment }),
  v.strictObject({ op: v.literal("lower"), inputs: counts, outputs: counts }),
  v.strictObject({ op: v.literal("combine"), ...assignment, products: count, pools, readout: v.boolean() }),
]);

const program = v.strictObject({
  slots: count,
  depth: count,
  classes: count,
  input: axes,
  images: v.optional(count),
  throughput: v.optional(v.literal(true)),
  taps: v.optional(taps),
  layouts: v.array(layout),
  values: v.array(value),
  inputs: counts,
  steps: v.array(step),
  outputs: counts,
});

const range = v.strictTuple([number, number]);
/** The length is looked at before the entries. */
const numbers = (length: number) =>
  v.custom<number[]>((list) => Array.isArray(list) && list.length === length && list.every(Number.isFinite));
const kind = v.strictObject({
  version: v.literal(1),
  mean: numbers(NUMBERS),
  deviation: numbers(NUMBERS),
  scales: numbers(NUMBERS),
  rows: numbers(TRIANGLE),
  threshold: number,
});
const card = v.strictObject({
  name: v.string(),
  dataset: v.optional(v.string()),
  modality: v.optional(v.array(v.string())),
  labels: v.array(v.string()),
  positive: count,
  threshold: number,
  activation: v.optional(v.picklist(["softmax", "sigmoid"])),
  input: v.strictObject({ scale: number, offset: number }),
  upsampled: v.optional(v.strictObject({ from: count, method: v.literal("bilinear") })),
  training: v.optional(v.strictObject({ pixelMean: range, pixelStd: range })),
  kind: v.optional(kind),
});

const flag = v.optional(v.boolean());
const plan = v.strictObject({
  program,
  model: v.picklist(["encrypted", "plain"]),
  fold: v.strictObject({ batchNorm: flag, square: flag, pooling: flag, linear: flag }),
  depth: v.strictObject({ used: count, withoutFolding: count }),
  card,
  productRotations: v.array(v.strictTuple([count, count])),
});

/**
 * What the text of a plan's file says, every field of its type.
 * @throws FormatError naming the first place that is not what a plan has there
 */
export function takePlan(text: Uint8Array): PlanText {
  const parsed = v.safeParse(plan, parse(text), { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [{ message }] = parsed.issues;
  const at = v.getDotPath(parsed.issues[0]) ?? "its beginning";
  throw new FormatError(`this plan says what no plan says, at ${at}: ${message}`, SEND_AGAIN);
}

function parse(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text));
  } catch (cause) {
    throw new FormatError("this plan's text is no JSON", SEND_AGAIN, { cause });
  }
}
