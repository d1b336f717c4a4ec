import { writeNpz } from "./npz-writer.js";
import { drawPhantom, phantomSize } from "./phantom.js";

export interface PhantomCounts {
  readonly train: number;
  readonly val: number;
  readonly test: number;
}

/** What `blindsight phantoms` writes unless told otherwise. */
export const defaultPhantomCounts: PhantomCounts = { train: 3000, val: 400, test: 400 };

/** Seed of the phantoms that the models in models/ were trained and tested on. */
export const defaultPhantomSeed = 1;

/**
 * Where each split starts in the series of a seed. Fixed, so that test image 5 is the same picture however many
 * training images there are, and so that no picture is in two splits.
 */
export const phantomOffsets: PhantomCounts = { train: 0, val: 1_000_000, test: 2_000_000 };

/**
 * Phantoms as an npz file with MedMNIST's arrays: `{train,val,test}_images` uint8 (n, 28, 28) and
 * `{train,val,test}_labels` uint8 (n, 1). The same seed and counts give the same bytes.
 * @throws RangeError when a count is not an integer from 1 to 1,000,000.
 */
export function phantomsNpz(seed: number, counts: PhantomCounts = defaultPhantomCounts): Uint8Array {
  return writeNpz({
    ...splitArrays("train", seed, counts),
    ...splitArrays("val", seed, counts),
    ...splitArrays("test", seed, counts),
  });
}

function splitArrays(split: keyof PhantomCounts, seed: number, counts: PhantomCounts) {
  const count = counts[split];
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw new RangeError(`${split} must be an integer between 1 and 1000000, got ${count}`);
  }
  const area = phantomSize * phantomSize;
  const images = new Uint8Array(count * area);
  const labels = new Uint8Array(count);
  for (let k = 0; k < count; k++) {
    const { pixels, label } = drawPhantom(seed, phantomOffsets[split] + k);
    images.set(pixels, k * area);
    labels[k] = label;
  }
  return {
    [`${split}_images`]: { shape: [count, phantomSize, phantomSize], data: images },
    [`${split}_labels`]: { shape: [count, 1], data: labels },
  };
}
