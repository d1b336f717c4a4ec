/**
 * How a picture is to be turned: tag Orientation of an APP1 segment's first directory, 1 to 8. 1, as it is, where there is none; a directory
 * that cannot be read says nothing either, like a senseless colour profile.
 * @param body the segment behind its length
 * Source: Exif 2.3 (JEITA CP-3451C), 4.5.2 and 4.6.4; TIFF 6.0, section 2.
 */
export function orientationOf(body: Uint8Array): number {
  const start = 6;
  if (body.length < start + 8) return 1;
  const view = new DataView(body.buffer, body.byteOffset + start, body.length - start);
  const mark = view.getUint16(0);
  const little = mark === 0x4949;
  if (!(little || mark === 0x4d4d) || view.getUint16(2, little) !== 42) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > view.byteLength) return 1;
  const entries = view.getUint16(directory, little);
  for (let k = 0; k < entries; k++) {
    const at = directory + 2 + 12 * k;
    if (at + 12 > view.byteLength) return 1;
    if (view.getUint16(at, little) !== orientationTag) continue;
    const isShort = view.getUint16(at + 2, little) === 3 && view.getUint32(at + 4, little) === 1;
    const value = view.getUint16(at + 8, little);
    return isShort && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

const orientationTag = 0x0112;

/**
 * Extents of a picture turned by its orientation, and for each of its pixels the stored one.
 * @param width columns as stored, `height` rows
 */
export function turned(orientation: number, width: number, height: number) {
  const swapped = orientation >= 5;
  const [columns, rows] = swapped ? [height, width] : [width, height];
  if (orientation === 1) return { columns, rows, stored: (pixel: number) => pixel };
  const [right, bottom] = [width - 1, height - 1];
  const stored = (pixel: number): number => {
    const x = pixel % columns;
    const y = (pixel - x) / columns;
    switch (orientation) {
      case 2:
        return y * width + right - x;
      case 3:
        return (bottom - y) * width + right - x;
      case 4:
        return (bottom - y) * width + x;
      case 5:
        return x * width + y;
      case 6:
        return (bottom - x) * width + y;
      case 7:
        return (bottom - x) * width + right - y;
      case 8:
        return x * width + right - y;
      default:
        return pixel;
    }
  };
  return { columns, rows, stored };
}
