/** One value a pixel, in row order. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  grey(pixel: number): number;
}

/**
 * The centre of a picture, cut in the proportions of the target (its square, for a square one), as height × width pixels, each the exact mean over its share of the square (a box
 * filter; source pixels that lie in two shares count by their areas). A part smaller than the target is enlarged by
 * the same rule. Values keep their range. Of a colour, each channel by itself.
 */
export function centreSquare(picture: Plane, height: number, width: number): Float64Array {
  // The largest part with the target's proportions: all of one side, the same share of the other.
  const wide = picture.width * height > picture.height * width;
  const across = wide ? Math.max(1, Math.round((picture.height * width) / height)) : picture.width;
  const down = wide ? picture.height : Math.max(1, Math.round((picture.width * height) / width));
  const left = Math.floor((picture.width - across) / 2);
  const top = Math.floor((picture.height - down) / 2);
  const columns = shares(across, width);
  const rows = shares(down, height);
  const result = new Float64Array(height * width);
  const line = new Float64Array(width);
  for (let row = 0; row < down; row++) {
    line.fill(0);
    const start = (top + row) * picture.width + left;
    for (let column = 0; column < across; column++) {
      const value = picture.grey(start + column);
      for (const { target, weight } of columns[column]) line[target] += weight * value;
    }
    for (const { target, weight } of rows[row]) {
      for (let column = 0; column < width; column++) result[target * width + column] += weight * line[column];
    }
  }
  return result;
}

export interface Share {
  target: number;
  weight: number;
}

/** For each of `sources` cells of a line: the target cells it overlaps and which part of their mean it makes. */
export function shares(sources: number, targets: number): Share[][] {
  const ratio = sources / targets;
  return Array.from({ length: sources }, (_, source) => {
    const first = Math.floor(source / ratio);
    const found: Share[] = [];
    for (let target = first; target < targets && target * ratio < source + 1; target++) {
      const overlap = Math.min(source + 1, (target + 1) * ratio) - Math.max(source, target * ratio);
      if (overlap > 0) found.push({ target, weight: overlap / ratio });
    }
    return found;
  });
}
