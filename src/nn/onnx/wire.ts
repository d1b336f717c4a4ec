/** How many messages a protobuf file holds, counted before any of them is made. */
import type { DescMessage } from "@bufbuild/protobuf";

/**
 * Messages in `bytes`, nested ones included: an empty one takes two bytes in the file and a thousand in memory. Stops where the
 * bytes are not well-formed; the decoder says so.
 */
export function countMessages(type: DescMessage, bytes: Uint8Array): number {
  const children = new Map(
    type.fields.flatMap((field) => (field.message ? [[field.number, field.message] as const] : [])),
  );
  let count = 0;
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
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      const child = children.get(Math.floor(tag / 8));
      if (child) count += 1 + countMessages(child, bytes.subarray(at, at + length));
      at += length;
    } else break;
    if (!(at >= 0)) break;
  }
  return count;
}
