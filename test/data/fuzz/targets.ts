import { zlibSync } from "fflate";
import { FileReader, writeFile } from "../../../src/bytes/blocks.js";
import { ByteReader } from "../../../src/bytes/reader.js";
import { collect } from "../../../src/bytes/stream.js";
import { datasetFromNpz, splits } from "../../../src/data/dataset.js";
import type { NpyArray } from "../../../src/data/npy.js";
import { openNpz } from "../../../src/data/npz.js";
import { compile } from "../../../src/nn/compile.js";
import { importOnnx } from "../../../src/nn/onnx.js";
import { primePool } from "../../../src/ntt/primes.js";
import { type Picture, readPng } from "../../../src/picture/png.js";
import { packResidues, unpackResidues } from "../../ckks/residues.js";
import { npz } from "../npz-bytes.js";
import { ihdr, pngOf, scanlines } from "../png-bytes.js";
import { archives, arraySets, files, networks, pictures, randomPicture, record } from "./corpora.js";
import { below, mutateBytes, pick } from "./mutate.js";
import { mutateMessage } from "./protobuf.js";

const MiB = 2 ** 20;

interface Input {
  readonly bytes: Uint8Array;
  readonly originals: readonly Uint8Array[];
}

/** One way into a reader. */
export interface Target {
  /** Bytes of typed arrays that one input may make the reader take. */
  readonly mostBytes: number;
  /** A damaged file, and the files that it was made from. */
  input(random: () => number): Input | Promise<Input>;
  /** Reads all that there is; throws a BlindsightError. What is wrong with the values, where something is. */
  read(bytes: Uint8Array, originals: readonly Uint8Array[]): string | undefined | Promise<string | undefined>;
}

const [prime] = primePool();
const packedLimbs = [0, 1, 12345].map((first) =>
  packResidues(
    Uint32Array.from({ length: 64 }, (_, k) => (first * 7919 + k * 99991) % prime),
    prime,
  ),
);

export const targets: Readonly<Record<string, Target>> = {
  /** Checksums cover every array: whatever comes back is an array of the original. */
  npz: {
    mostBytes: 256 * MiB,
    input: changed(archives()),
    read(bytes, originals) {
      const read = readArrays(bytes);
      const known = originals.flatMap(readArrays);
      const stranger = read.some((array) => !known.some((each) => sameArray(each, array)));
      return stranger ? "an array that no original holds" : undefined;
    },
  },
  /** Damaged arrays in an archive whose checksums fit, read as a data set. */
  arrays: {
    mostBytes: 16 * MiB,
    input(random) {
      const arrays = pick(arraySets, random);
      const name = pick(Object.keys(arrays), random);
      const other = pick(Object.values(pick(arraySets, random)), random);
      const damaged = { ...arrays, [name]: mutateBytes(arrays[name], other, random) };
      return { bytes: npz(damaged, below(2, random) === 0 ? [] : [name]), originals: [] };
    },
    read(bytes) {
      const set = datasetFromNpz(openNpz(bytes, "fuzzed.npz"), "fuzzed", "fuzzed.npz");
      for (const split of splits) {
        for (let k = 0; k < Math.min(3, set.count(split)); k++) {
          const { pixels, label } = set.image(split, k);
          if (pixels.length !== set.channels * set.height * set.width) return `${pixels.length} pixels`;
          if (!pixels.every((value) => value >= 0 && value <= 255)) return "a pixel outside of 0 to 255";
          if (!Number.isInteger(label) || label < 0) return `label ${label}`;
        }
      }
      return undefined;
    },
  },
  /** Checksums cover every chunk: whatever comes back are the original's pixels, or chunks were exchanged as a whole. */
  png: {
    mostBytes: 384 * MiB,
    input: changed(pictures()),
    read(bytes, originals) {
      const read = readPng(bytes, "fuzzed.png");
      const known = originals.map((original) => readPng(original, "original.png"));
      if (known.some((original) => sameGreys(read, original))) return undefined;
      // A header of one picture before data of another that happen to be as long: a file that could have been written.
      const chunks = originals.flatMap(chunksOf);
      const whole = chunksOf(bytes).every((chunk) => chunks.some((each) => Buffer.compare(each, chunk) === 0));
      return whole ? undefined : "other pixels than were written";
    },
  },
  /** Damaged headers, palettes and scanlines behind checksums that fit. */
  scanlines: {
    mostBytes: 384 * MiB,
    input(random) {
      const picture = randomPicture(random);
      const parts = [ihdr(picture), picture.palette ?? [], scanlines(picture)].map((part) => Uint8Array.from(part));
      const at = below(3, random);
      const damaged = parts.map((part, k) => (k === at ? mutateBytes(part, pick(parts, random), random) : part));
      const [header, colours, lines] = damaged;
      return {
        bytes: pngOf(["IHDR", header], ["PLTE", colours], ["IDAT", zlibSync(lines)]),
        originals: [],
      };
    },
    read(bytes) {
      const { width, height, grey } = readPng(bytes, "fuzzed.png");
      for (let pixel = 0; pixel < Math.min(4096, width * height); pixel++) {
        if (!(grey(pixel) >= 0 && grey(pixel) <= 255.001)) return `pixel ${pixel} is ${grey(pixel)}`;
      }
      return undefined;
    },
  },
  /** No checksum covers a network: it must be one that could have been written. */
  onnx: {
    mostBytes: 64 * MiB,
    input: changed(networks(), mutateMessage),
    read(bytes) {
      const { layers, classes } = importOnnx(bytes);
      return layers.length > 0 && classes > 0 ? undefined : "a network without layers or classes";
    },
  },
  /** What a file may ask for before anything is encrypted. */
  plans: {
    mostBytes: 64 * MiB,
    input: changed(networks(), mutateMessage),
    read(bytes) {
      const { depth, parameters } = compile(importOnnx(bytes));
      return depth.used <= parameters.maxLevel ? undefined : "a plan deeper than its parameters";
    },
  },
  /** Our own files, from chunks of some lengths. Checksums cover everything: what comes back whole is an original. */
  files: {
    mostBytes: MiB,
    input: changed(await files()),
    async read(bytes, originals) {
      const pieces = [bytes.subarray(0, bytes.length / 3), bytes.subarray(bytes.length / 3)];
      const reader = await FileReader.open(pieces, "model", "ciphertext");
      const blocks: Uint8Array[] = [];
      for (;;) {
        const block = await reader.nextOrEnd("a block", { most: MiB });
        if (!block) break;
        blocks.push(block);
      }
      const again = await collect(writeFile(reader.header.kind, reader.header.fields, blocks));
      return originals.some((each) => Buffer.compare(each, again) === 0) ? undefined : "a file that nobody wrote";
    },
  },
  /** Values without a checksum: what comes back is what these bytes say, all of them. */
  values: {
    mostBytes: MiB,
    input: changed([record(["a", "Δ = 2^30", ""], [0, 1, 2 ** 52])]),
    read(bytes) {
      const reader = new ByteReader(bytes, "a record");
      const texts = Array.from({ length: reader.count(100) }, () => reader.string(100));
      const numbers = Array.from({ length: reader.count(100) }, () => reader.u64());
      reader.end();
      return Buffer.compare(record(texts, numbers), bytes) === 0 ? undefined : "other values than were written";
    },
  },
  /** No checksum here either: residues, or an error. */
  residues: {
    mostBytes: MiB,
    input(random) {
      const original = new Uint8Array(pick(packedLimbs, random));
      const bytes = below(4, random) === 0 ? mutateBytes(original, original, random) : new Uint8Array(original);
      for (let changes = below(8, random); changes > 0; changes--) bytes[below(bytes.length, random)] = random();
      const room = Buffer.alloc(bytes.length + 8);
      const offset = below(8, random);
      room.set(bytes, offset);
      return { bytes: room.subarray(offset, offset + bytes.length), originals: [] };
    },
    read(bytes) {
      const residues = new Uint32Array(64);
      unpackResidues(bytes, prime, residues);
      if (residues.some((residue) => residue >= prime)) return "a word that is no residue";
      return Buffer.compare(packResidues(residues, prime), bytes) === 0 ? undefined : "other residues than were packed";
    },
  },
};

/** Changes of bytes, and in every second input of the structure, where there is one. */
function changed(corpus: readonly Uint8Array[], structure?: typeof mutateMessage): Target["input"] {
  return (random) => {
    // A large file takes longer than all others: it comes seldom.
    const [first, second] = [pick(corpus, random), pick(corpus, random)];
    const original = first.length > 100_000 && below(64, random) > 0 ? corpus[0] : first;
    const bytes = structure && below(2, random) === 0 ? structure(original, random) : original;
    const again = bytes === original || below(4, random) === 0;
    return { bytes: again ? mutateBytes(bytes, second, random) : bytes, originals: [original, second] };
  };
}

/** The chunks of a PNG, each with its length and its checksum. */
function chunksOf(png: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 8; at < png.length; ) {
    const end = at + 12 + new DataView(png.buffer, png.byteOffset + at).getUint32(0);
    chunks.push(png.subarray(at, end));
    at = end;
  }
  return chunks;
}

function readArrays(bytes: Uint8Array): NpyArray[] {
  const archive = openNpz(bytes, "fuzzed.npz");
  return archive.names.map((name) => archive.read(name));
}

function sameArray(a: NpyArray, b: NpyArray): boolean {
  return a.dtype === b.dtype && `${a.shape}` === `${b.shape}` && Buffer.compare(raw(a), raw(b)) === 0;
}

function raw({ data }: NpyArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function sameGreys(a: Picture, b: Picture): boolean {
  if (a.width !== b.width || a.height !== b.height) return false;
  for (let pixel = 0; pixel < a.width * a.height; pixel++) if (a.grey(pixel) !== b.grey(pixel)) return false;
  return true;
}
