/**
 * Pictures from files: PNG, JPEG and DICOM, alike in Node and in pages.
 * @module blindsight/picture
 */
export type { DecodedPicture, PictureOptions, PictureTag } from "./decoded.js";
export { type ModalityCard, requireModality } from "./modality.js";
export type { Picture } from "./picture.js";
export { readPicture } from "./read-picture.js";
