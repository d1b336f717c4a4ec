import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFile } from "../../../src/bytes/blocks.js";
import { collect } from "../../../src/bytes/stream.js";
import { ByteWriter } from "../../../src/bytes/writer.js";
import { mulberry32 } from "../../../src/data/mulberry32.js";
import { importOnnx } from "../../../src/nn/onnx.js";
import { npy, npz } from "../npz-bytes.js";
import { channelsOf, type PngPicture, writePng } from "../png-bytes.js";
import { below, pick } from "./mutate.js";

const shared = process.env["BLINDSIGHT_DATA"] ?? "";

/** Arrays of every kind that makes a data set. */
export const arraySets: Record<string, Uint8Array>[] = [
  {
    test_images: npy(
      "|u1",
      [3, 2, 4],
      Uint8Array.from({ length: 24 }, (_, k) => 10 * k),
    ),
    test_labels: npy("<i8", [3], BigInt64Array.of(0n, 1n, 2n)),
  },
  {
    x_train: npy(
      "<f4",
      [2, 3, 3, 1],
      Float32Array.from({ length: 18 }, (_, k) => k / 17),
    ),
    y_train: npy("|u1", [2, 1], Uint8Array.of(1, 0)),
    x_test: npy(">u2", [2, 3, 3, 1], new Uint8Array(36).fill(0), { fortran: true }),
    y_test: npy("<f8", [2, 2], Float64Array.of(1, 0, 0, 1)),
  },
  {
    images: npy(
      "<i4",
      [2, 3, 2, 2],
      Int32Array.from({ length: 24 }, (_, k) => 9 * k),
      { version: 2, fortran: true },
    ),
    labels: npy("|b1", [2], Uint8Array.of(1, 0)),
  },
];

/** Those stored and packed, and a real one. */
export function archives(): Uint8Array[] {
  const real = join(shared, "breastmnist.npz");
  return [
    ...arraySets.map((arrays) => npz(arrays)),
    ...arraySets.map((arrays) => npz(arrays, Object.keys(arrays))),
    ...(existsSync(real) ? [new Uint8Array(readFileSync(real))] : []),
  ];
}

/** Of blocks of many lengths, of none, and without fields. */
export function files(): Promise<Uint8Array[]> {
  const blocks = [1, 7, 64, 3, 1000].map((length) => Uint8Array.from({ length }, (_, k) => 7 * k + length));
  return Promise.all([
    collect(writeFile("ciphertext", new TextEncoder().encode("level 3"), blocks)),
    collect(writeFile("model", new Uint8Array(40), blocks.slice(2))),
    collect(writeFile("model", new Uint8Array(0), [])),
  ]);
}

/** Texts and integers, each list behind its count. */
export function record(texts: readonly string[], numbers: readonly number[]): Uint8Array {
  const writer = new ByteWriter().u32(texts.length);
  for (const text of texts) writer.string(text);
  writer.u32(numbers.length);
  for (const number of numbers) writer.u64(number);
  return writer.finish();
}

/** A small picture of any kind. */
export function randomPicture(random: () => number): PngPicture {
  const colourType = pick([0, 2, 3, 4, 6], random);
  const depth = pick(colourType === 0 ? [1, 2, 4, 8, 16] : colourType === 3 ? [1, 2, 4, 8] : [8, 16], random);
  const [width, height] = [1 + below(12, random), 1 + below(12, random)];
  const count = width * height * channelsOf(colourType);
  const samples = Uint16Array.from({ length: count }, () => random() >>> (32 - depth));
  const palette = colourType === 3 ? Array.from({ length: 3 * 2 ** depth }, () => random() & 255) : undefined;
  return {
    width,
    height,
    depth,
    colourType,
    interlaced: below(2, random) === 1,
    samples,
    palette,
    filter: (row: number) => row % 5,
  };
}

export function pictures(): Uint8Array[] {
  const random = mulberry32(1);
  return Array.from({ length: 40 }, () => writePng(randomPicture(random)));
}

/** Larger files are weights for the most part, whose damage no reader can see. */
const MOST_MODEL_BYTES = 100_000;

/**
 * The package's own models and, where there are any, those of the shared data: all that import, and a tenth of those that
 * do not, whose damage is seldom reached. The child runs in the repository's root.
 */
export function networks(): Uint8Array[] {
  return ["models", join(shared, "exports"), join(shared, "onnx")]
    .flatMap(filesOf)
    .filter((path) => path.endsWith(".onnx"))
    .map((path) => new Uint8Array(readFileSync(path)))
    .filter((bytes) => bytes.length <= MOST_MODEL_BYTES)
    .filter((bytes, k) => k % 10 === 0 || imports(bytes));
}

function imports(bytes: Uint8Array): boolean {
  try {
    return importOnnx(bytes).layers.length > 0;
  } catch {
    return false;
  }
}

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .sort();
}
