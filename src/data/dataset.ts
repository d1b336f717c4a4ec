import { FormatError } from "../errors.js";
import { classNumbers } from "./class-numbers.js";
import { greyValues, type Pixels } from "./grey-values.js";
import { type NpyArray, shapeText } from "./npy.js";
import { listed, type Npz } from "./npz.js";
import { drawPhantom, phantomLabels, phantomSize } from "./phantom.js";
import { phantomOffsets } from "./phantom-set.js";

export const splits = ["train", "val", "test"] as const;
export type Split = (typeof splits)[number];

export interface LabelledImage {
  /** 0..255, [channel][row][column]. */
  readonly pixels: Pixels;
  readonly label: number;
}

/** Labelled images of one size, in three splits. */
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
 * A data set from an npz file in MedMNIST's layout, `{train,val,test}_images` and `{train,val,test}_labels`, in that of
 * Keras, `x_{train,val,test}` and `y_{train,val,test}`, or without splits, `images` and `labels` or `x` and `y`: these
 * are its split `test`. Images are (n, h, w), (n, h, w, 1 or 3) or (n, 1 or 3, h, w), their values as `greyValues`
 * reads them; labels as `classNumbers` reads them. A split may be absent; it is unpacked when it is first used.
 * @throws FormatError when there is no split at all, two names for one, or the first one cannot be read.
 */
export function datasetFromNpz(npz: Npz, name: string, source: string, labels?: readonly string[]): Dataset {
  const names = new Map(splits.map((split) => [split, namesOf(npz, split, source)]));
  const loaded = new Map<Split, LoadedSplit>();
  const has = (split: Split) => names.get(split) !== undefined;
  const load = (split: Split) => {
    let arrays = loaded.get(split);
    if (!arrays) {
      const pair = names.get(split);
      if (!pair) throw malformed(`${source} has no ${split} split`);
      arrays = loadSplit(npz, pair, source);
      loaded.set(split, arrays);
    }
    return arrays;
  };
  const first = splits.find(has);
  if (!first) {
    throw malformed(`${source} has no images under a name that is known, only ${listed(npz.names)}`);
  }
  const { channels, height, width } = load(first);
  return {
    name,
    source,
    labels,
    channels,
    height,
    width,
    has,
    count: (split) => (has(split) ? load(split).count : 0),
    image(split, index) {
      const arrays = load(split);
      if (arrays.height !== height || arrays.width !== width || arrays.channels !== channels) {
        throw malformed(`${source}: the images of ${first} and of ${split} differ in shape`);
      }
      checkIndex(name, split, index, arrays.count);
      const area = channels * height * width;
      const pixels = arrays.pixels(index * area, area);
      return {
        pixels: arrays.channelsLast ? channelsFirst(pixels, channels) : pixels,
        label: arrays.label(index),
      };
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

interface ArrayNames {
  readonly images: string;
  readonly labels: string;
}

/** The arrays that hold a split; undefined where none does. @throws FormatError when several might. */
function namesOf(npz: Npz, split: Split, source: string): ArrayNames | undefined {
  const known = [
    [`${split}_images`, `${split}_labels`],
    [`x_${split}`, `y_${split}`],
    [`X_${split}`, `y_${split}`],
    ...(split === "test"
      ? [
          ["images", "labels"],
          ["x", "y"],
          ["X", "y"],
        ]
      : []),
  ];
  const found = known.filter(([images]) => npz.has(images));
  if (found.length > 1) {
    throw malformed(`${source}: ${found.map(([images]) => images).join(" and ")} might both be its ${split} images`);
  }
  return found.length === 0 ? undefined : { images: found[0][0], labels: found[0][1] };
}

interface LoadedSplit {
  count: number;
  channels: number;
  height: number;
  width: number;
  /** Whether a pixel's channels lie side by side in the file. */
  channelsLast: boolean;
  pixels(first: number, count: number): Pixels;
  label(index: number): number;
}

function loadSplit(npz: Npz, names: ArrayNames, source: string): LoadedSplit {
  const what = `${source}: ${names.images}`;
  const images = npz.read(names.images);
  const layout = layoutOf(images, what);
  if (images.data.length === 0) throw malformed(`${what} is empty: its shape is ${shapeText(images.shape)}`);
  const [count] = images.shape;
  const pixels = greyValues(images, what);
  return { ...layout, count, pixels, label: classNumbers(npz.read(names.labels), count, `${source}: ${names.labels}`) };
}

function layoutOf({ dtype, shape }: NpyArray, what: string) {
  const [, first, second, last] = shape;
  if (shape.length === 3) return { channels: 1, height: first, width: second, channelsLast: false };
  const [front, back] = [first, last].map((length) => shape.length === 4 && (length === 1 || length === 3));
  if (front !== back) {
    return front
      ? { channels: first, height: second, width: last, channelsLast: false }
      : { channels: last, height: first, width: second, channelsLast: true };
  }
  const wanted = "(n, height, width), (n, height, width, 1 or 3) or (n, 1 or 3, height, width)";
  throw malformed(`${what} is ${dtype} of shape ${shapeText(shape)}, which is not clearly ${wanted}`);
}

function checkIndex(name: string, split: Split, index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(
      `index ${index} is out of range: the ${split} split of ${name} has the images 0 to ${count - 1}`,
    );
  }
}

/** [row][column][channel] to [channel][row][column]. */
function channelsFirst(pixels: Pixels, channels: number): Pixels {
  const area = pixels.length / channels;
  const result = pixels.slice();
  for (let k = 0; k < result.length; k++) result[k] = pixels[(k % area) * channels + Math.floor(k / area)];
  return result;
}

function malformed(message: string): FormatError {
  const fix = "write uint8 images (n, height, width): numpy.savez_compressed(path, test_images=…, test_labels=…)";
  return new FormatError(message, fix);
}
