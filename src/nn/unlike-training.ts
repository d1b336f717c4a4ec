import { ParameterError } from "../errors.js";
import { nativeExtents, type Upsampled } from "../picture/enlarge.js";
import { outsideRanges } from "../picture/grey-range.js";
import { canHaveKind, type PictureKind, scoreOfKind } from "../picture/kind.js";
import { original } from "../picture/original.js";
import { type ImageValues, imageValues } from "./graph/image.js";
import type { NetworkCard, Shape } from "./graph/network.js";

/** Why an image is taken to be of another kind than a network's training images. */
export interface UnlikeTraining {
  /** A sentence for whoever reads the verdict. */
  readonly text: string;
  /** What is unlike, most of all first. */
  readonly reasons: readonly string[];
  /** How far it is from the training images, where the card has a `kind`. */
  readonly score?: number;
  /** What the score of few of them exceeds. */
  readonly threshold?: number;
}

/**
 * Whether an image is of another kind than those that a network was trained on, to be asked before it is encrypted: afterwards nobody
 * can see it. By the card's `kind` (docs/image-kinds.md says what that catches and what it misses); where a card has none, by the
 * range of mean and contrast of its training images; undefined where neither says so, or the card has neither. It is a warning only: an image that passes may still be of
 * something else, and some that are right are warned of, by
 * the shipped cards 1 to 3 in 100. Costs 0.4 ms at 28×28, 0.8 at 64×64.
 * @param values in the network's units, as `imageFrom` gives them
 * @param network a network, or `{ input: plan.program.input, card: plan.card }`
 * @throws as `imageFrom` for values that are not the network's; ParameterError for a card that says the kind of what is no picture
 */
export function unlikeTraining(
  values: ImageValues,
  network: {
    readonly input: Shape;
    readonly card: Pick<NetworkCard, "name" | "input" | "upsampled" | "training" | "kind">;
  },
): UnlikeTraining | undefined {
  const { input, card } = network;
  const { scale, offset } = card.input;
  const pixels = imageValues(input, values).map((value) => (value - offset) / scale);
  if (card.kind) {
    if (canHaveKind(input, card.upsampled)) return judged(card.name, card.kind, greyOf(pixels, input, card.upsampled));
    throw new ParameterError(
      "the card's kind is of pictures, which the network does not take",
      "take the kind out of its card",
    );
  }
  const reasons = card.training ? outsideRanges(pixels, card.training) : [];
  return reasons.length > 0 ? { text: textOf(card.name, reasons.join("; ")), reasons } : undefined;
}

interface Grey {
  readonly pixels: Float64Array;
  readonly height: number;
  readonly width: number;
}

/** Means over the channels, in the size that the training images had. */
function greyOf(pixels: Float64Array, input: Shape, upsampled: Upsampled | undefined): Grey {
  const [channels, height, width] = nativeExtents(input, upsampled);
  const native = original(pixels, input, upsampled);
  const area = height * width;
  const grey = new Float64Array(area);
  for (let k = 0; k < channels * area; k++) grey[k % area] += native[k] / channels;
  return { pixels: grey, height, width };
}

function judged(name: string, kind: PictureKind, { pixels, height, width }: Grey): UnlikeTraining | undefined {
  const { score, traits } = scoreOfKind(kind, pixels, height, width);
  const { threshold } = kind;
  if (score <= threshold) return undefined;
  const reasons = traits.length > 0 ? traits : ["its traits together"];
  const apart = `it is ${score.toFixed(2)} away from them, few of them more than ${threshold.toFixed(2)}`;
  return {
    text: textOf(name, `${apart}; most of all ${reasons.slice(0, 2).join(" and ")}`),
    reasons,
    score,
    threshold,
  };
}

function textOf(name: string, why: string): string {
  return `this image is unlike those that ${name} was trained on: ${why}. Do not trust the verdict`;
}
