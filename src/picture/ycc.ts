/**
 * Red, green or blue (0, 1, 2) of luma and chroma in 0..255 (chroma's middle is 128), cut to 0..255: what JFIF calls YCbCr, and DICOM YBR_FULL.
 * Source: ITU-T T.871, 7; DICOM PS3.3, C.7.6.3.1.2.
 */
export function ycc(y: number, cb: number, cr: number, channel: number): number {
  const value =
    channel === 0
      ? y + 1.402 * (cr - 128)
      : channel === 2
        ? y + 1.772 * (cb - 128)
        : y - (0.114 * 1.772 * (cb - 128) + 0.299 * 1.402 * (cr - 128)) / 0.587;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
