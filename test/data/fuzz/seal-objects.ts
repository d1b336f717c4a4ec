import { zlibSync } from "fflate";
import { inflateAtMost, zlibParts } from "../../../src/bytes/inflate.js";
import { joinedBytes } from "../npz-bytes.js";
import { below, mutateBytes, pick } from "./mutate.js";

const HEADER_BYTES = 16;

/** Numbers of SEAL's sizes, of 64 bits, and scales. */
const words = [0n, 1n, 2n, 3n, 7n, 8n, 16n, 1023n, 1024n, 1025n, 2n ** 15n, 2n ** 20n, 2n ** 29n, 2n ** 32n, 2n ** 40n];
const large = [2n ** 53n, 2n ** 61n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 8n, 2n ** 61n + 1n];
const doubles = [NaN, Infinity, -Infinity, 0, -0, -1, 5e-324, 1, 2, 2 ** 24, 2 ** 30, 2 ** 48, 2 ** 62, 2 ** 1023];

/** One to three changes of what an object says, unpacked before and packed again; its length mended mostly. */
export function mutateObject(original: Uint8Array, other: Uint8Array, random: () => number): Uint8Array {
  const zlib = original[5] === 1;
  let bytes = zlib ? unpacked(original) : new Uint8Array(original);
  for (let changes = 1 + below(below(3, random) + 1, random); changes > 0 && bytes.length > 0; changes--) {
    const kind = below(8, random);
    if (kind < 5) changeField(bytes, random);
    else if (kind === 5) fillSome(bytes, random);
    else bytes = new Uint8Array(mutateBytes(bytes, other, random));
  }
  if (zlib && below(4, random) > 0 && bytes.length > HEADER_BYTES) {
    bytes = new Uint8Array(joinedBytes([bytes.subarray(0, HEADER_BYTES), zlibSync(bytes.subarray(HEADER_BYTES))]));
    bytes[5] = 1;
    if (below(4, random) === 0) bytes = new Uint8Array(mutateBytes(bytes, other, random));
  }
  if (below(8, random) > 0 && bytes.length >= HEADER_BYTES) {
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(8, BigInt(bytes.length), true);
  }
  return bytes;
}

function fillSome(bytes: Uint8Array, random: () => number): void {
  const first = below(bytes.length, random);
  bytes.fill(pick([0, 0x80, 0xff], random), first, first + 1 + below(16, random));
}

/** A number within reach of one of the headers: an object's parts have headers, too. */
function changeField(bytes: Uint8Array<ArrayBuffer>, random: () => number): void {
  const starts: number[] = [0];
  for (let at = 1; at < bytes.length - HEADER_BYTES; at++) {
    if (bytes[at] === 0x5e && bytes[at + 1] === 0xa1 && bytes[at + 2] === HEADER_BYTES) starts.push(at);
  }
  const at = pick(starts, random) + below(120, random);
  if (at + 8 > bytes.length) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const kind = below(5, random);
  if (kind === 0) view.setUint8(at, random());
  else if (kind === 1) view.setBigUint64(at, pick([...words, ...large], random), true);
  else if (kind === 2) view.setFloat64(at, pick(doubles, random), true);
  else if (kind === 3) view.setBigUint64(at, view.getBigUint64(at, true) + BigInt(below(3, random) - 1), true);
  else bytes.copyWithin(at, Math.max(0, at - below(64, random)), at + 8);
}

function unpacked(object: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts = zlibParts(object.subarray(HEADER_BYTES));
  if (!parts) throw new TypeError("no zlib stream");
  const bytes = joinedBytes([object.subarray(0, HEADER_BYTES), inflateAtMost(parts.packed, 2 ** 24)]);
  bytes[5] = 0;
  return new Uint8Array(bytes);
}
