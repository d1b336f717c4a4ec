import { FormatError } from "../errors.js";
import type { NpyArray, Npz } from "./npz.js";
import { drawPhantom, phantomLabels, phantomSize } from "./phantom.js";
import { phantomOffsets } from "./phantom-set.js";

export const splits = ["train", "val", "test"] as const;
export type Split = (typeof splits)[number];

export interface LabelledImage {
  /** 8-bit values, [channel][row][column]. */
  readonly pixels: Uint8Array;
  readonly label: number;
}

/** Labelled 8-bit images of one size, in three splits. */
export interface Dataset {
  readonly name: string;
  /** Where it came from: a path, or how it was drawn. */
  readonly source: string;
  /** What the labels mean, where that is known. */
  readonly labels?: readonly string[];
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  has(split: Split): boolean;
  /** Images of a split; 0 where there is none. @throws FormatError when the split's arrays are damaged. */
  count(split: Split): number;
  /** @throws RangeError naming the valid range; FormatError when the split's arrays are damaged. */
  image(split: Split, index: number): LabelledImage;
}

/**
 * A data set in MedMNIST's layout: `{train,val,test}_images` uint8 (n, h, w) or (n, h, w, 3) and
 * `{train,val,test}_labels` integers (n, 1) or (n). A split may be absent; it is unpacked when it is first used.
 * @throws FormatError when there is no split at all, or the first one has arrays of another shape or type.
 */
export function datasetFromNpz(npz: Npz, name: string, source: string, labels?: readonly string[]): Dataset {
  const loaded = new Map<Split, LoadedSplit>();
  const load = (split: Split) => {
    let arrays = loaded.get(split);
    if (!arrays) {
      arrays = loadSplit(npz, split, source);
      loaded.set(split, arrays);
    }
    return arrays;
  };
  const has = (split: Split) => npz.has(`${split}_images`);
  const first = splits.find(has) ?? "test";
  const { channels, height, width } = load(first);
  return {
    name,
    source,
    labels,
    channels,
    height,
    width,
    has,
    count: (split) => (has(split) ? load(split).labels.length : 0),
    image(split, index) {
      const arrays = load(split);
      if (arrays.height !== height || arrays.width !== width || arrays.channels !== channels) {
        throw malformed(`${source}: the images of ${first} and of ${split} differ in shape`);
      }
      checkIndex(name, split, index, arrays.labels.length);
      const area = channels * height * width;
      const pixels = arrays.images.slice(index * area, (index + 1) * area);
      return { pixels: channels === 1 ? pixels : channelsFirst(pixels, channels), label: arrays.labels[index] };
    },
  };
}

/**
 * Phantoms as a data set, drawn one by one as they are asked for; its images are those of `blindsight phantoms`
 * with the same seed.
 */
export function phantomDataset(seed: number, counts: Readonly<Record<Split, number>>): Dataset {
  return {
    name: "phantom",
    source: `drawn from seed ${seed}`,
    labels: phantomLabels,
    channels: 1,
    height: phantomSize,
    width: phantomSize,
    has: () => true,
    count: (split) => counts[split],
    image(split, index) {
      checkIndex("phantom", split, index, counts[split]);
      return drawPhantom(seed, phantomOffsets[split] + index);
    },
  };
}

interface LoadedSplit {
  images: Uint8Array;
  labels: Float64Array;
  channels: number;
  height: number;
  width: number;
}

function loadSplit(npz: Npz, split: Split, source: string): LoadedSplit {
  const images = npz.read(`${split}_images`);
  const { shape } = images;
  const grey = shape.length === 3;
  if (!(images.data instanceof Uint8Array) || !(grey || (shape.length === 4 && shape[3] === 3))) {
    const wanted = "uint8 of shape (n, height, width) or (n, height, width, 3)";
    throw malformed(`${source}: ${split}_images must be ${wanted}, its shape is (${shape.join(", ")})`);
  }
  const [count, height, width] = shape;
  const labels = readLabels(npz.read(`${split}_labels`), `${source}: ${split}_labels`);
  if (labels.length !== count || images.data.length === 0) {
    throw malformed(`${source}: ${split} holds ${count} images of ${height}×${width} and ${labels.length} labels`);
  }
  return { images: images.data, labels, channels: grey ? 1 : 3, height, width };
}

function readLabels({ shape, data }: NpyArray, what: string): Float64Array {
  if (!(shape.length === 1 || (shape.length === 2 && shape[1] === 1))) {
    throw malformed(`${what} must have the shape (n, 1), one label an image, not (${shape.join(", ")})`);
  }
  const labels = Float64Array.from(data);
  const wrong = labels.find((label) => !Number.isInteger(label) || label < 0);
  if (wrong !== undefined) throw malformed(`${what} holds ${wrong}, which is not a class number`);
  return labels;
}

function checkIndex(name: string, split: Split, index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(
      `index ${index} is out of range: the ${split} split of ${name} has the images 0 to ${count - 1}`,
    );
  }
}

/** [row][column][channel] to [channel][row][column]. */
function channelsFirst(pixels: Uint8Array, channels: number): Uint8Array {
  const area = pixels.length / channels;
  return pixels.map((_, k) => pixels[(k % area) * channels + Math.floor(k / area)]);
}

function malformed(message: string): FormatError {
  return new FormatError(message, "bring an npz file with MedMNIST's arrays; `blindsight phantoms` writes one");
}
