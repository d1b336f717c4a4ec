import { joinedBytes } from "../npz-bytes.js";
import { below, pick } from "./mutate.js";

/** A field of a protobuf message: its number, and a varint, fixed bytes, or a message or bytes behind a length. */
interface Field {
  number: number;
  wire: number;
  varint: bigint;
  bytes: Uint8Array;
  fields?: Field[];
}

const extremes = [0n, 1n, 2n, 3n, 13n, 255n, 1000n, 65536n, 1000003n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 40n];
const signed = [-1n, -2n, -(2n ** 31n), -(2n ** 63n), 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n];

/**
 * One to four changes of what a protobuf message says, its lengths right again: numbers set to extremes, fields left
 * out, doubled, exchanged, put under another number, payloads cut or zeroed. Without a schema: what parses is a message.
 */
export function mutateMessage(bytes: Uint8Array, random: () => number): Uint8Array {
  const root = parse(bytes, 0);
  if (!root) return bytes;
  for (let changes = 1 + below(below(4, random) + 1, random); changes > 0; changes--) {
    const lists = listsOf(root);
    const list = pick(lists, random);
    if (list.length === 0) continue;
    const at = below(list.length, random);
    const field = list[at];
    const kind = below(8, random);
    if (kind === 0) list.splice(at, 1);
    else if (kind === 1) list.splice(below(list.length, random), 0, structuredClone(field));
    else if (kind === 2) list.push(structuredClone(pick(pick(lists, random), random) ?? field));
    else if (kind === 3) field.number = 1 + below(20, random);
    else if (field.wire === 0) field.varint = BigInt.asUintN(64, pick([...extremes, ...signed], random));
    else if (field.fields && kind < 6) field.fields = [];
    else if (field.wire === 2 && !field.fields)
      field.bytes = field.bytes.slice(0, below(field.bytes.length + 1, random));
    else if (field.wire !== 2) field.bytes = field.bytes.map(() => pick([0, 0x7f, 0x80, 0xff], random));
  }
  return encode(root);
}

function listsOf(fields: Field[]): Field[][] {
  return [fields, ...fields.flatMap((field) => (field.fields ? listsOf(field.fields) : []))];
}

/** Undefined where the bytes are no message. */
function parse(bytes: Uint8Array, depth: number): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; at < bytes.length && shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === undefined || tag < 8n || tag > 1023n) return undefined;
    const field: Field = { number: Number(tag >> 3n), wire: Number(tag & 7n), varint: 0n, bytes: bytes.subarray(0, 0) };
    if (field.wire === 0) {
      const value = varint();
      if (value === undefined) return undefined;
      field.varint = value;
    } else {
      const length = field.wire === 1 ? 8n : field.wire === 5 ? 4n : field.wire === 2 ? varint() : undefined;
      if (length === undefined || BigInt(at) + length > BigInt(bytes.length)) return undefined;
      field.bytes = bytes.slice(at, at + Number(length));
      at += Number(length);
      // Names and weights seldom parse; where one does, its bytes change all the same.
      if (field.wire === 2 && field.bytes.length > 1 && depth < 8) field.fields = parse(field.bytes, depth + 1);
    }
    fields.push(field);
  }
  return fields;
}

function encode(fields: readonly Field[]): Uint8Array {
  return joinedBytes(
    fields.flatMap(({ number, wire, varint, bytes, fields }) => {
      const tag = encodeVarint(BigInt(number * 8 + wire));
      if (wire === 0) return [tag, encodeVarint(varint)];
      const payload = fields ? encode(fields) : bytes;
      return wire === 2 ? [tag, encodeVarint(BigInt(payload.length)), payload] : [tag, payload];
    }),
  );
}

function encodeVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}
