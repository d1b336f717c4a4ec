import type { Shape } from "../graph/network.js";
import { bitsOf, isCoordinate, type Layout, type Role } from "../layout/layout.js";
import { choices } from "./targets.js";

/**
 * Layouts that an image may come in: axes from the lowest bit on, channels on any bits above them, the topmost outside. Several images
 * side by side are the last axis, and stay inside: a readout leaves their bits where they are.
 */
export function imageLayouts(shape: Shape, slots: number, images = 1): Layout[] {
  const count = Math.log2(slots);
  const axes: Role[] = [];
  for (let d = shape.length - 1; d > 0; d--) for (let bit = 0; bit < bitsOf(shape[d]); bit++) axes.push([d, bit]);
  const channels = bitsOf(shape[0]);
  const extents = shape.length - Number(images > 1);
  if (axes.length > count) {
    // The lowest bits of the axes go outside, in turn: windows then touch few neighbours' ciphertexts.
    const outside: Role[] = [];
    for (let bit = 0; axes.length > count; bit++) {
      for (let d = 1; d < extents && axes.length > count; d++) {
        const place = axes.findIndex((role) => isCoordinate(role) && role[0] === d && role[1] === bit);
        if (place >= 0) outside.push(...axes.splice(place, 1));
      }
    }
    const above = Array.from({ length: channels }, (_, bit): Role => [0, bit]);
    return [{ shape, slots, bits: [...axes, ...outside, ...above] }];
  }
  const room = count - axes.length;
  const found: Layout[] = [];
  for (let inside = Math.min(room, channels); inside >= 0; inside--) {
    for (const places of choices(
      Array.from({ length: room }, (_, place) => place),
      inside,
    )) {
      const above: Role[] = Array.from({ length: room }, (_, place): Role => {
        const bit = places.indexOf(place);
        return bit >= 0 ? [0, bit] : "replica";
      });
      const outside = Array.from({ length: channels - inside }, (_, bit): Role => [0, inside + bit]);
      found.push({ shape, slots, bits: [...axes, ...above, ...outside] });
    }
    // More ciphertexts than that cost more to send than they save.
    if (channels - inside >= MOST_IMAGE_BITS) break;
  }
  return found;
}

/** log2 of the ciphertexts that an image may take only to save work. */
const MOST_IMAGE_BITS = 3;
