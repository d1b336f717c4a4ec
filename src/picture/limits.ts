/** Pictures with more pixels or more bytes of samples than this are refused before anything is allocated for them. */
export const maxPicturePixels = 64_000_000;
export const maxPictureBytes = 2 ** 28;
