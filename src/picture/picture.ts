/** A picture of any size; pixels are counted in row order, values are 0..255, fractions where the file has 16 bits. */
export interface Picture {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Whether it has colours, of whatever kind: a grey one has the same value in all three. */
  readonly coloured: boolean;
  /** Of a pixel: its luma, if it has a colour. */
  grey(pixel: number): number;
  /** Red, green or blue (0, 1, 2) of a pixel. */
  colour(pixel: number, channel: number): number;
}

/** Rec. 601. */
export function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
