import { damagedJpeg } from "./damaged.js";
import type { EntropyReader } from "./entropy.js";
import type { Frame } from "./frame.js";
import { type Scan, tableOf } from "./scan.js";

/**
 * Decodes a scan of a lossless frame into the planes, exactly. @returns where the next marker begins.
 * @throws FormatError also for a value of more bits than the frame has
 * Source: ITU-T T.81, annex H.
 */
export function losslessScan(
  frame: Frame,
  scan: Scan,
  reader: EntropyReader,
  planes: readonly Uint16Array[],
  file: string,
): number {
  const { parts, first: predictor, last, low, high, interval } = scan;
  const { width, height, precision } = frame;
  if (predictor < 1 || predictor > 7 || last !== 0 || high !== 0 || low >= precision) {
    throw damagedJpeg(file, "a lossless scan says of itself what none can be");
  }
  // Prediction begins anew after each restart, so these stand at the beginnings of rows.
  if (interval % width !== 0) throw damagedJpeg(file, "its restart interval is no number of rows");
  const tables = parts.map(({ dc }) => tableOf(dc, file));
  const beginning = 1 << (precision - low - 1);
  const most = 2 ** (precision - low) - 1;
  const rows = interval / width;
  let restarts = 0;
  for (let row = 0; row < height; row++) {
    const anew = row === 0 || (rows > 0 && row % rows === 0);
    if (anew && row > 0) reader.restart(restarts++ & 7);
    for (let column = 0, at = row * width; column < width; column++, at++) {
      for (let k = 0; k < parts.length; k++) {
        const plane = planes[parts[k].index];
        let expected: number;
        if (column === 0) expected = anew ? beginning : plane[at - width];
        else if (anew) expected = plane[at - 1];
        else expected = predict(predictor, plane[at - 1], plane[at - width], plane[at - width - 1]);
        const size = reader.symbol(tables[k]);
        if (size > 16) throw damagedJpeg(file, `a difference has ${size} bits`);
        const value = (expected + (size === 16 ? 32768 : reader.signed(size))) & 0xffff;
        if (value > most) throw damagedJpeg(file, `a value has more than its ${precision} bits`);
        plane[at] = value;
      }
    }
  }
  for (const { index } of low > 0 ? parts : []) {
    const plane = planes[index];
    for (let at = 0; at < plane.length; at++) plane[at] <<= low;
  }
  return reader.finish();
}

/** T.81, table H.1: of the samples to the left, above, and to the left of that. */
function predict(predictor: number, left: number, above: number, corner: number): number {
  switch (predictor) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return corner;
    case 4:
      return left + above - corner;
    case 5:
      return left + ((above - corner) >> 1);
    case 6:
      return above + ((left - corner) >> 1);
    default:
      return (left + above) >> 1;
  }
}
