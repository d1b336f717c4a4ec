import type { Picture } from "./picture.js";

/** All optional. */
export interface PictureOptions {
  /** What to call the picture in errors: "the image" unless said. */
  readonly name?: string;
  /** Of a DICOM with several frames, which one: 1 to `DecodedPicture.frames`, as DICOM counts them. */
  readonly frame?: number;
}

/** Something that a DICOM says of its picture, for a user to look at: **personal data**, which must not leave the tab or the process. */
export interface PictureTag {
  /** As in DICOM's dictionary: "Patient's Name". */
  readonly name: string;
  /** Its number: "(0010,0010)". */
  readonly tag: string;
  /** As the file has it, without control characters; at most 200 characters. */
  readonly value: string;
}

/** What `readPicture` makes of a file. */
export interface DecodedPicture {
  /** By the file's first bytes. */
  readonly format: "png" | "jpeg" | "dicom";
  /** Its pixels, of the frame that was asked for: what `imageFrom` takes. */
  readonly picture: Picture;
  /** How many frames the file has; 1 for a PNG or a JPEG. */
  readonly frames: number;
  /** Which of them this is, from 1. */
  readonly frame: number;
  /** Of a DICOM: the code of what made it, as "CR", "DX", "US", "MR"; missing where the file says none. */
  readonly modality?: string;
  /**
   * Of a DICOM: what a user may want to see before the picture is used (patient, study, modality, body part, view, laterality, window).
   * For display only: **personal data**. Nothing of it belongs into a log, an error or a request; none of this library's carries any.
   */
  readonly tags?: readonly PictureTag[];
  /** Of a DICOM: the name of how its pixels were written, as "RLE Lossless". */
  readonly transferSyntax?: string;
}
