import { crc32 } from "../../../src/bytes/checksum.js";
import { headerBytes, KINDS, type Kind } from "../../../src/bytes/header.js";
import { joinedBytes } from "../npz-bytes.js";
import { below, mutateBytes, pick } from "./mutate.js";

/** A file of ours taken apart, whatever it says. */
export interface Parts {
  kind: Kind;
  fields: Uint8Array;
  blocks: Uint8Array[];
}

export function partsOf(bytes: Uint8Array): Parts {
  const file = new Uint8Array(bytes); // of a Buffer, slice() is no copy
  const view = new DataView(file.buffer);
  const kind = (Object.keys(KINDS) as Kind[]).find((name) => KINDS[name] === view.getUint16(10, true)) as Kind;
  let at = 16 + view.getUint32(12, true);
  const fields = file.slice(16, at);
  const blocks: Uint8Array[] = [];
  for (at += 4; ; ) {
    const length = view.getUint32(at, true);
    if (length === 0) return { kind, fields, blocks };
    blocks.push(file.slice(at + 4, at + 4 + length));
    at += 8 + length;
  }
}

/** A file of these parts, whose checksums fit; a block may be empty, or longer than any writer makes one. */
export function sealed({ kind, fields, blocks }: Parts): Uint8Array {
  const header = headerBytes(kind, fields);
  const pieces: Uint8Array[] = [header];
  let checksum = crc32(header.subarray(0, -4));
  for (const content of [...blocks, new Uint8Array(0)]) {
    const length = word(content.length);
    checksum = crc32(content, crc32(length, checksum));
    pieces.push(length, content, word(checksum));
  }
  return joinedBytes(pieces);
}

/**
 * A file that somebody made who means harm: one to three changes of what it says (in every twentieth none), behind checksums
 * that fit; in every eighth, bytes are changed afterwards, too.
 */
export function mutateFile(original: Uint8Array, other: Uint8Array, random: () => number): Uint8Array {
  const parts = partsOf(original);
  const others = partsOf(other);
  for (let changes = below(20, random) && 1 + below(below(3, random) + 1, random); changes > 0; changes--) {
    pick(kinds, random)(parts, others, random);
  }
  const bytes = sealed(parts);
  return below(8, random) === 0 ? mutateBytes(bytes, other, random) : bytes;
}

type Change = (parts: Parts, others: Parts, random: () => number) => void;

/** Scales, counts, levels and primes at which something goes wrong. */
const doubles = [NaN, Infinity, -Infinity, 0, -0, -1, 5e-324, 1, 2 ** 30, 2 ** 60, 2 ** 1023, 1 + 2 ** -50];
const words = [0, 1, 2, 3, 7, 16, 17, 255, 256, 512, 1024, 2 ** 16, 2 ** 20, 2 ** 30, 2 ** 31, 2 ** 32 - 1];

/** Each is as likely as another: what is listed twice is more so. */
const kinds: readonly Change[] = [
  (parts, others, random) => {
    parts.fields = mutateBytes(parts.fields, others.fields, random);
  },
  ...twice(({ fields }, _, random) => {
    // The fields of a header lie at any address; a list of primes begins at each fourth from its count on.
    const size = pick([1, 2, 4, 8], random);
    if (fields.length < size) return;
    const at = below(fields.length - size + 1, random);
    const view = new DataView(fields.buffer, fields.byteOffset);
    if (size === 1) view.setUint8(at, pick(words, random));
    else if (size === 2) view.setUint16(at, pick(words, random), true);
    else if (size === 4) view.setUint32(at, pick(words, random), true);
    else view.setFloat64(at, pick(doubles, random), true);
  }),
  ({ fields }, others, random) => {
    // One number for another: primes, scales, digests.
    const size = pick([1, 4, 8, 32], random);
    const from = below(2, random) === 0 ? fields : others.fields;
    if (fields.length < size || from.length < size) return;
    const first = below(from.length - size + 1, random);
    fields.set(from.slice(first, first + size), below(fields.length - size + 1, random));
  },
  ({ fields }, _, random) => {
    if (fields.length < 8) return;
    const at = below(fields.length - 7, random);
    const view = new DataView(fields.buffer, fields.byteOffset);
    const factor = pick([2, 0.5, -1, 1 + 2 ** -47, 1 + 2 ** -50, 2 ** -1000], random);
    view.setFloat64(at, view.getFloat64(at, true) * factor, true);
  },
  ({ fields }, _, random) => {
    // Another degree, where parameters stand: limbs of another length.
    if (fields.length > 0) fields[0] = 10 + below(8, random);
  },
  (parts, others, random) => {
    const { blocks } = parts;
    if (blocks.length === 0) return;
    const at = below(blocks.length, random);
    const kind = below(7, random);
    const stranger = others.blocks.length > 0 ? pick(others.blocks, random) : blocks[at];
    if (kind === 0) blocks.splice(at, 1);
    else if (kind === 1) blocks.splice(at, 0, blocks[below(blocks.length, random)]);
    else if (kind === 2) blocks[at] = stranger;
    else if (kind === 3) blocks[at] = blocks[at].slice(0, below(blocks[at].length, random));
    else if (kind === 4) blocks[at] = joinedBytes([blocks[at], stranger]);
    else if (kind === 5) blocks[at] = mutateBytes(blocks[at], stranger, random);
    else blocks.push(stranger);
  },
  ({ blocks }, _, random) => {
    // Residues at and above the prime.
    if (blocks.length === 0) return;
    const at = below(blocks.length, random);
    blocks[at] = blocks[at].slice();
    const first = below(blocks[at].length, random);
    blocks[at].fill(pick([0, 0x7f, 0x80, 0xff], random), first, first + 1 + below(9, random));
  },
  (parts, others, random) => {
    const kind = below(4, random);
    if (kind === 0) parts.kind = pick(Object.keys(KINDS) as Kind[], random);
    else if (kind === 1) parts.fields = others.fields.slice();
    else if (kind === 2) parts.blocks = others.blocks.slice();
    else parts.fields = parts.fields.slice(0, below(parts.fields.length + 1, random));
  },
];

function twice(change: Change): Change[] {
  return [change, change];
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
