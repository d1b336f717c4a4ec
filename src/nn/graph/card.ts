import { ParameterError } from "../../errors.js";
import { canHaveKind, faultOfKind, takenKind } from "../../picture/kind.js";
import { isModality } from "./modality.js";
import type { NetworkCard, Shape } from "./network.js";

/** What a plan says of the network's use: all that the key holder needs to make values of pixels, and a verdict of logits. */
export type PlanCard = Omit<NetworkCard, "twin">;

/** A card that says nothing: pixels from −1 to 1, a class's number for its name. */
export function neutralCard(classes: number): PlanCard {
  return {
    name: "network",
    labels: Array.from({ length: classes }, (_, index) => `class ${index}`),
    positive: Math.min(1, classes - 1),
    threshold: 0.5,
    input: { scale: 1 / 127.5, offset: -1 },
  };
}

/** What of a network's card belongs into its plan. */
export function planCard(card: NetworkCard | undefined, classes: number): PlanCard {
  if (!card) return neutralCard(classes);
  const { name, dataset, modality, labels, positive, threshold, activation, input, upsampled, training } = card;
  const kind = card.kind && takenKind(card.kind);
  return { name, dataset, modality, labels, positive, threshold, activation, input, upsampled, training, kind };
}

/** Characters that a label or a name may have. */
const MOST_CHARACTERS = 200;

/** Of an image, in pixels. */
const MOST_EXTENT = 2 ** 14;

/** @throws ParameterError naming the field that a network of so many logits and such images cannot have */
export function requireCard(card: PlanCard, logits: number, extents: Shape): void {
  const { name, dataset, modality, labels, positive, threshold, input, upsampled, training } = card;
  const fail = (field: string): never => {
    throw new ParameterError(`card: ${field}`, "give the network a card as importOnnx makes it: see NetworkCard");
  };
  const isText = (text: unknown) =>
    typeof text === "string" && text.length >= 1 && text.length <= MOST_CHARACTERS && !/\p{Cc}/u.test(text);
  const classes = Math.max(2, logits);
  if (!isText(name) || (dataset !== undefined && !isText(dataset))) fail("name and dataset are short texts");
  if (modality !== undefined && !isModality(modality)) fail("modality is a list of DICOM's codes");
  if (!(Array.isArray(labels) && labels.every(isText))) fail("labels are short texts");
  if (labels.length !== classes && labels.length !== logits) fail(`${labels.length} labels for ${classes} classes`);
  if (!(Number.isInteger(positive) && positive >= 0 && positive < classes)) fail(`positive is class ${positive}`);
  if (!(threshold >= 0 && threshold <= 1)) fail(`threshold ${threshold}`);
  if (!(Number.isFinite(input?.scale) && input.scale !== 0 && Number.isFinite(input.offset))) fail("input");
  if (upsampled && !(Number.isInteger(upsampled.from) && upsampled.from >= 1 && upsampled.from <= MOST_EXTENT)) {
    fail(`upsampled from ${upsampled.from}`);
  }
  for (const range of training ? [training.pixelMean, training.pixelStd] : []) {
    if (!(Number.isFinite(range?.[0]) && Number.isFinite(range[1]) && range[0] <= range[1])) fail("training");
  }
  const fault = card.kind === undefined ? undefined : faultOfKind(card.kind);
  if (card.kind !== undefined && !canHaveKind(extents, upsampled)) fail("kind is of pictures of 8×8 or more");
  if (fault) fail(`${["kind", fault[0]].filter(Boolean).join(".")} must be ${fault[1]}`);
}

/** The largest |value| of an image: what a pixel of 0 or 255 becomes. */
export function inputBoundOf({ input }: Pick<PlanCard, "input">): number {
  return Math.max(Math.abs(input.offset), Math.abs(255 * input.scale + input.offset));
}
