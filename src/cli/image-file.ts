import { readFileWhole } from "../data/read-file.js";
import { DataError } from "../errors.js";
import { type ModalityCard, type Picture, readPicture, requireModality } from "../picture/index.js";
import { UsageError } from "./failure.js";

/** What `--image` goes with. */
export interface ImageFileOptions {
  /** Of a DICOM with several frames, which one: from 1. */
  readonly frame?: number;
  /** Whether a DICOM of another modality than the network's card names is taken all the same. */
  readonly anyModality?: boolean;
}

/** The largest picture that is decoded takes half as much unpacked. */
const mostFileBytes = 2 ** 29;

/**
 * A PNG, a JPEG or a DICOM for the network of that card. Nothing that a DICOM says of a patient is kept.
 * @throws DataError where there is no such file; what `readPicture` and `requireModality` throw, with the path in front
 */
export async function readImageFile(path: string, card: ModalityCard, options: ImageFileOptions): Promise<Picture> {
  const bytes = await readFileWhole(path, mostFileBytes);
  if (!bytes) throw new DataError(`there is no image ${path}`, "check the path of the PNG, JPEG or DICOM");
  const decoded = await readPicture(bytes, { name: path, frame: options.frame });
  if (!options.anyModality) requireModality(decoded, card, path);
  return decoded.picture;
}

/** @throws UsageError for options that would mean nothing without `--image` */
export function refuseWithoutImage({ frame, anyModality }: ImageFileOptions): void {
  if (frame === undefined && !anyModality) return;
  const option = frame === undefined ? "--any-modality" : "--frame";
  throw new UsageError(`${option} goes with --image`, `name a file with --image, or leave ${option} out`);
}
