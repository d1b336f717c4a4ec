/** How much a protobuf file holds, counted before any of it is made. */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

export interface Contents {
  /** Messages, nested ones included: an empty one takes two bytes in the file and a thousand in memory. */
  readonly messages: number;
  /**
   * Entries of lists, by what they take in memory: a number in a byte of the file takes eight bytes, a 64-bit integer, which
   * is a BigInt, sixty (measured), and counts as `BIG`.
   */
  readonly entries: number;
}

/** What a 64-bit integer counts as. */
const BIG = 8;

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const SIXTY_FOUR_BITS = [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64];

/** What is in `bytes`, a message of that type. Stops where the bytes are not well-formed; the decoder says so. */
export function contentsOf(type: DescMessage, bytes: Uint8Array): Contents {
  const fields = new Map(type.fields.map((field) => [field.number, field]));
  let messages = 0;
  let entries = 0;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag % 8;
    const field = fields.get(Math.floor(tag / 8));
    const begin = at;
    if (wire === WIRE.varint) varint();
    else if (wire === WIRE.fixed64) at += 8;
    else if (wire === WIRE.fixed32) at += 4;
    else if (wire === WIRE.bytes) {
      const length = varint();
      const value = bytes.subarray(at, at + length);
      if (field?.message) {
        const inside = contentsOf(field.message, value);
        messages += 1 + inside.messages;
        entries += inside.entries;
      } else entries += entriesIn(field, value);
      at += length;
    } else break;
    if (!(at >= 0)) break;
    if (wire !== WIRE.bytes) entries += entriesIn(field, bytes.subarray(Math.max(begin, at - 1), at));
  }
  return { messages, entries };
}

/** Entries that a field's bytes add to its list: numbers are packed or come one by one, texts one by one. */
function entriesIn(field: DescField | undefined, value: Uint8Array): number {
  if (field?.fieldKind !== "list" || field.listKind !== "scalar") return 0;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return 1;
    case ScalarType.FLOAT:
      return Math.ceil(value.length / 4);
    case ScalarType.DOUBLE:
      return Math.ceil(value.length / 8);
    default: {
      // The last byte of a varint, and no other, is below 128. A loop: there may be 2^28 of them.
      let count = 0;
      for (let k = 0; k < value.length; k++) if (value[k] < 128) count++;
      return SIXTY_FOUR_BITS.includes(field.scalar) ? BIG * count : count;
    }
  }
}
