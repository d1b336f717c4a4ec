import { joinedBytes } from "../npz-bytes.js";

/** A whole number below `bound`. */
export function below(bound: number, random: () => number): number {
  return Math.floor((random() / 2 ** 32) * bound);
}

export function pick<T>(list: readonly T[], random: () => number): T {
  return list[below(list.length, random)];
}

/** Values at which lengths, counts and offsets go wrong. */
const extremes = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** One to four changes: bits, bytes, words at their extremes, pieces cut, doubled, moved, or taken from another file. */
export function mutateBytes(original: Uint8Array, other: Uint8Array, random: () => number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(original);
  for (let changes = 1 + below(below(4, random) + 1, random); changes > 0 && bytes.length > 0; changes--) {
    bytes = pick(kinds, random)(bytes, random, other);
  }
  return bytes;
}

type Kind = (bytes: Uint8Array, random: () => number, other: Uint8Array) => Uint8Array;

const kinds: readonly Kind[] = [
  (bytes, random) => {
    bytes[below(bytes.length, random)] ^= 1 << below(8, random);
    return bytes;
  },
  (bytes, random) => {
    bytes[below(bytes.length, random)] = random();
    return bytes;
  },
  (bytes, random) => {
    const size = pick([1, 2, 4], random);
    if (bytes.length < size) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const [at, value, little] = [
      below(bytes.length - size + 1, random),
      pick(extremes, random),
      below(2, random) === 1,
    ];
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setUint16(at, value, little);
    else view.setUint32(at, value, little);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, below(bytes.length, random)),
  (bytes, random) => {
    const { first, end } = piece(bytes, random);
    return joinedBytes([bytes.subarray(0, first), bytes.subarray(end)]);
  },
  (bytes, random) => {
    const { first, end } = piece(bytes, random);
    return joinedBytes([bytes.subarray(0, end), bytes.subarray(first)]);
  },
  (bytes, random) => {
    const { first, end } = piece(bytes, random);
    bytes.copyWithin(below(bytes.length, random), first, end);
    return bytes;
  },
  (bytes, random, other) => {
    const { first, end } = piece(other, random);
    bytes.set(other.subarray(first, Math.min(end, first + bytes.length)), 0);
    return bytes;
  },
  (bytes, random, other) => {
    const { first, end } = piece(other, random);
    const at = below(bytes.length + 1, random);
    return joinedBytes([bytes.subarray(0, at), other.subarray(first, end), bytes.subarray(at)]);
  },
];

/** Mostly short. */
function piece(bytes: Uint8Array, random: () => number): { first: number; end: number } {
  const first = below(bytes.length, random);
  const length = below(below(4, random) === 0 ? bytes.length : 16, random) + 1;
  return { first, end: Math.min(bytes.length, first + length) };
}
