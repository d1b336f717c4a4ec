/** `"24bit"` and `"8bit"` colour the half blocks of one line by two rows of pixels; `"none"` uses plain ASCII. */
export type ColorDepth = "24bit" | "8bit" | "none";

export interface DrawOptions {
  readonly color?: ColorDepth;
  /** A wider picture is scaled down to this many columns (default 56). */
  readonly maxColumns?: number;
}

/**
 * A grey picture (values 0..255, row by row) as text for a terminal, one character a column and two rows of pixels a
 * line, lines joined by newlines.
 */
export function drawImage(
  pixels: ArrayLike<number>,
  width: number,
  height: number,
  { color = "none", maxColumns = 56 }: DrawOptions = {},
): string {
  const step = Math.max(1, Math.ceil(width / maxColumns));
  const columns = Math.floor(width / step);
  const rows = Math.floor(height / step);
  const cell = (row: number, column: number) => meanOf(pixels, width, row * step, column * step, step);
  const lines: string[] = [];
  for (let row = 0; row < rows; row += 2) {
    let line = "";
    for (let column = 0; column < columns; column++) {
      const upper = cell(row, column);
      const lower = row + 1 < rows ? cell(row + 1, column) : 0;
      line += color === "none" ? asciiOf((upper + lower) / 2) : paint(upper, lower, color);
    }
    lines.push(color === "none" ? line.trimEnd() : `${line}\x1b[0m`);
  }
  return lines.join("\n");
}

/**
 * What a stream shows: nothing but text when it is no terminal or NO_COLOR is set, 24 bits where COLORTERM says so,
 * else the 256 colours of every common terminal.
 */
export function colorDepth(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): ColorDepth {
  if (!stream.isTTY || env["NO_COLOR"] || env["TERM"] === "dumb") return "none";
  return /truecolor|24bit/i.test(env["COLORTERM"] ?? "") ? "24bit" : "8bit";
}

const ramp = " .:-=+*#%@";

function asciiOf(value: number): string {
  return ramp[Math.min(ramp.length - 1, Math.floor((clamp(value) / 256) * ramp.length))];
}

/** The upper half block: its own colour above, the background below. */
function paint(upper: number, lower: number, color: "24bit" | "8bit"): string {
  if (color === "8bit") return `\x1b[38;5;${greyOf256(upper)};48;5;${greyOf256(lower)}m▀`;
  const [above, below] = [clamp(upper), clamp(lower)];
  return `\x1b[38;2;${above};${above};${above};48;2;${below};${below};${below}m▀`;
}

/** Entries 232 to 255 are the greys 8, 18, … 238; black and white sit in the colour cube at 16 and 231. */
function greyOf256(value: number): number {
  const level = Math.round((clamp(value) - 8) / 10);
  if (level < 0) return 16;
  return level > 23 ? 231 : 232 + level;
}

function clamp(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}

function meanOf(pixels: ArrayLike<number>, width: number, row: number, column: number, step: number): number {
  let sum = 0;
  for (let y = row; y < row + step; y++) {
    for (let x = column; x < column + step; x++) sum += pixels[y * width + x];
  }
  return sum / (step * step);
}
