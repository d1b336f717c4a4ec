import { ParameterError } from "../errors.js";

/** Of a network's card: what it is for. */
export interface ModalityCard {
  /** What people call the network. */
  readonly name: string;
  /** DICOM's codes of what makes its images, as "CR" and "DX"; any where missing. */
  readonly modality?: readonly string[];
}

/**
 * Refuses a picture from another kind of machine than the network was trained on. Nothing is checked where the file or the card
 * says no modality: a PNG never does.
 * @param name what to call the picture
 * @throws ParameterError naming both
 */
export function requireModality(picture: { readonly modality?: string }, card: ModalityCard, name = "the image"): void {
  const { modality } = picture;
  if (modality === undefined || !card.modality || card.modality.includes(modality)) return;
  throw new ParameterError(
    `${name} is a DICOM of modality ${modality}, ${card.name} is for ${card.modality.join(" or ")}`,
    "take the network for such images; if the file is known to say the wrong thing, --any-modality (in code: do not ask) lets it in",
  );
}
