import { FormatError } from "../../errors.js";
import { LEAST_SIDE } from "../../picture/description.js";
import { canHaveKind, faultOfKind, type PictureKind, takenKind } from "../../picture/kind.js";
import { isModality } from "../graph/modality.js";
import type { NetworkCard, Shape } from "../graph/network.js";
import { quoted } from "./quoted.js";

/**
 * What the file says about its own use: the metadata entry `blindsight`, a JSON object
 *
 *     {"name", "dataset", "modality": ["CR", "DX"], "labels": [..], "positive": 1, "threshold": 0.5, "activation": "softmax", "twin",
 *      "input": {"height", "width", "channels", "scale", "offset"},
 *      "upsampled": {"from": 28, "method": "bilinear"},
 *      "training": {"pixelMean": [lo, hi], "pixelStd": [lo, hi]},
 *      "kind": {"version": 1, "mean": [..], "deviation": [..], "scales": [..], "rows": [..], "threshold": 1.2}}
 *
 * Each field may be missing (or null) and then has a neutral value; unknown fields are ignored.
 * @param json undefined when the file has no such entry
 * @param network what the graph itself says, which the card must not contradict
 * @throws FormatError naming the field.
 */
export function readCard(
  json: string | undefined,
  network: {
    readonly name: string;
    readonly input: Shape;
    readonly classes: number;
    /** Of the Softmax or Sigmoid at the end of the graph; what one logit has. */
    readonly activation?: NetworkCard["activation"];
  },
): NetworkCard {
  const card = new Fields(json === undefined ? {} : parse(json), "");
  const { classes } = network;
  const labels = card.optional("labels", "a list of strings, one for each class", isTexts);
  if (labels && labels.length !== classes) throw wrong("labels", `a list of ${classes} strings, one for each class`);
  const isClass = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) < classes;
  const upsampled = readUpsampled(card, network.input);
  const isShare = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 1;
  return {
    name: card.optional("name", TEXT, isText) ?? (isText(network.name) ? network.name : "network"),
    dataset: card.optional("dataset", TEXT, isText),
    modality: card.optional("modality", 'a list of DICOM\'s codes, e.g. ["CR", "DX"]', isModality),
    labels: labels ?? Array.from({ length: classes }, (_, index) => `class ${index}`),
    positive: card.optional("positive", `a class, 0 to ${classes - 1}`, isClass) ?? Math.min(1, classes - 1),
    threshold: card.optional("threshold", "a number from 0 to 1", isShare) ?? 0.5,
    activation: readActivation(card, network.activation),
    input: readInput(card, network.input),
    upsampled,
    training: readTraining(card),
    kind: readKind(card, network.input, upsampled),
    twin: card.optional("twin", TEXT, isText),
  };
}

/** The graph's word, and the card's where the graph ends with logits. */
function readActivation(card: Fields, graph: NetworkCard["activation"]): NetworkCard["activation"] {
  const wanted = graph ? `"${graph}", as the graph says` : '"softmax" or "sigmoid"';
  const is = (value: unknown): value is "softmax" | "sigmoid" =>
    graph ? value === graph : value === "softmax" || value === "sigmoid";
  return card.optional("activation", wanted, is) ?? graph;
}

const TEXT = "a string without control characters, 1 to 200 long";

function readInput(card: Fields, shape: Shape): NetworkCard["input"] {
  const input = card.object("input");
  // Of features in a row each is a channel; a signal is one row.
  const [channels, ...extents] = shape;
  const [width = 1, height = 1, depth = 1] = extents.reverse();
  for (const [name, extent] of Object.entries({ depth, height, width, channels })) {
    const is = (value: unknown): value is number => value === extent;
    input?.optional(name, `${extent}, as the graph's input says`, is);
  }
  const isScale = (value: unknown): value is number => isNumber(value) && value !== 0;
  return {
    scale: input?.optional("scale", "a finite number that is not 0", isScale) ?? 1 / 127.5,
    offset: input?.optional("offset", "a finite number", isNumber) ?? -1,
  };
}

function readUpsampled(card: Fields, [, height, width]: Shape): NetworkCard["upsampled"] {
  const upsampled = card.object("upsampled");
  if (!upsampled) return undefined;
  const isFrom = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= height && height === width;
  const isMethod = (value: unknown): value is "bilinear" => value === "bilinear";
  return {
    from: upsampled.required("from", "a number of rows up to those of a square input", isFrom),
    method: upsampled.required("method", '"bilinear"', isMethod),
  };
}

function readTraining(card: Fields): NetworkCard["training"] {
  const training = card.object("training");
  if (!training) return undefined;
  const bounds = "two finite numbers, the smaller one first";
  return {
    pixelMean: training.required("pixelMean", bounds, isRange),
    pixelStd: training.required("pixelStd", bounds, isRange),
  };
}

/** What `PictureKind` says; nothing else of the object is kept. */
function readKind(card: Fields, input: Shape, upsampled: NetworkCard["upsampled"]): PictureKind | undefined {
  const isObjects = (value: unknown): value is PictureKind => isObject(value);
  const kind = card.optional("kind", "an object", isObjects);
  if (!kind) return undefined;
  if (!canHaveKind(input, upsampled))
    throw wrong("kind", `of a network that takes pictures of ${LEAST_SIDE}×${LEAST_SIDE} or more`);
  const fault = faultOfKind(kind);
  if (fault) throw wrong(`kind.${fault[0]}`, fault[1]);
  return takenKind(kind);
}

function parse(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new FormatError('the model card (metadata entry "blindsight") is not JSON', FIX, { cause: error });
  }
  if (isObject(value)) return value;
  throw new FormatError('the model card (metadata entry "blindsight") is not a JSON object', FIX);
}

const FIX = 'Write the metadata entry "blindsight" as training/train.py does, or remove it.';

class Fields {
  constructor(
    private readonly fields: Record<string, unknown>,
    private readonly path: string,
  ) {}

  optional<T>(name: string, wanted: string, is: (value: unknown) => value is T): T | undefined {
    const value = Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
    if (value === undefined || value === null) return undefined;
    if (!is(value)) throw wrong(this.path + name, wanted);
    return value;
  }

  required<T>(name: string, wanted: string, is: (value: unknown) => value is T): T {
    const value = this.optional(name, wanted, is);
    if (value === undefined) throw wrong(this.path + name, wanted);
    return value;
  }

  object(name: string): Fields | undefined {
    const value = this.optional(name, "an object", isObject);
    return value && new Fields(value, `${this.path}${name}.`);
  }
}

function wrong(field: string, wanted: string): FormatError {
  return new FormatError(`model card: ${quoted(field)} must be ${wanted}`, FIX);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** These strings are printed: an escape sequence in one could rewrite a terminal. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= 200 && !/\p{Cc}/u.test(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function isRange(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isNumber) && value[0] <= value[1];
}
