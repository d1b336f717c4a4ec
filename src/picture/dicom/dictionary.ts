/** An attribute of DICOM's dictionary. Source: PS3.6, table 6-1. */
export interface Attribute {
  readonly name: string;
  readonly tag: number;
  /** What its value may be. */
  readonly vrs: readonly string[];
}

const tags = new Set<number>();

function attribute(name: string, tag: number, ...vrs: string[]): Attribute {
  tags.add(tag);
  return { name, tag, vrs };
}

/** Whether a tag is one of these: all others are only walked over. None of these has bytes that could be text. */
export function isKnown(tag: number): boolean {
  return tags.has(tag);
}

/** "(0028,0010)" */
export function tagText(tag: number): string {
  const digits = tag.toString(16).padStart(8, "0");
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}

/** "Rows (0028,0010)" */
export function named({ name, tag }: Attribute): string {
  return `${name} ${tagText(tag)}`;
}

export const transferSyntaxUid = attribute("Transfer Syntax UID", 0x00020010, "UI");
export const imageType = attribute("Image Type", 0x00080008, "CS");
export const sopClass = attribute("SOP Class UID", 0x00080016, "UI");
export const characterSet = attribute("Specific Character Set", 0x00080005, "CS");
export const modality = attribute("Modality", 0x00080060, "CS");
export const presentationIntent = attribute("Presentation Intent Type", 0x00080068, "CS");
export const pixelPresentation = attribute("Pixel Presentation", 0x00089205, "CS");
export const imagerPixelSpacing = attribute("Imager Pixel Spacing", 0x00181164, "DS");

export const samplesPerPixel = attribute("Samples per Pixel", 0x00280002, "US");
export const photometric = attribute("Photometric Interpretation", 0x00280004, "CS");
export const planarConfiguration = attribute("Planar Configuration", 0x00280006, "US");
export const numberOfFrames = attribute("Number of Frames", 0x00280008, "IS");
export const rows = attribute("Rows", 0x00280010, "US");
export const columns = attribute("Columns", 0x00280011, "US");
export const pixelSpacing = attribute("Pixel Spacing", 0x00280030, "DS");
export const pixelAspectRatio = attribute("Pixel Aspect Ratio", 0x00280034, "IS");
export const bitsAllocated = attribute("Bits Allocated", 0x00280100, "US");
export const bitsStored = attribute("Bits Stored", 0x00280101, "US");
export const highBit = attribute("High Bit", 0x00280102, "US");
export const pixelRepresentation = attribute("Pixel Representation", 0x00280103, "US");
export const pixelPadding = attribute("Pixel Padding Value", 0x00280120, "US", "SS");
export const pixelPaddingLimit = attribute("Pixel Padding Range Limit", 0x00280121, "US", "SS");

export const windowCenter = attribute("Window Center", 0x00281050, "DS");
export const windowWidth = attribute("Window Width", 0x00281051, "DS");
export const rescaleIntercept = attribute("Rescale Intercept", 0x00281052, "DS");
export const rescaleSlope = attribute("Rescale Slope", 0x00281053, "DS");
export const voiFunction = attribute("VOI LUT Function", 0x00281056, "CS");
export const presentationShape = attribute("Presentation LUT Shape", 0x20500020, "CS");

export const paletteDescriptors = [
  attribute("Red Palette Color Lookup Table Descriptor", 0x00281101, "US", "SS"),
  attribute("Green Palette Color Lookup Table Descriptor", 0x00281102, "US", "SS"),
  attribute("Blue Palette Color Lookup Table Descriptor", 0x00281103, "US", "SS"),
] as const;
export const paletteData = [
  attribute("Red Palette Color Lookup Table Data", 0x00281201, "US", "OW"),
  attribute("Green Palette Color Lookup Table Data", 0x00281202, "US", "OW"),
  attribute("Blue Palette Color Lookup Table Data", 0x00281203, "US", "OW"),
] as const;

export const modalityLut = attribute("Modality LUT Sequence", 0x00283000, "SQ");
export const voiLut = attribute("VOI LUT Sequence", 0x00283010, "SQ");
export const lutDescriptor = attribute("LUT Descriptor", 0x00283002, "US", "SS");
export const lutData = attribute("LUT Data", 0x00283006, "US", "OW");

export const sharedGroups = attribute("Shared Functional Groups Sequence", 0x52009229, "SQ");
export const frameGroups = attribute("Per-frame Functional Groups Sequence", 0x52009230, "SQ");
export const pixelMeasures = attribute("Pixel Measures Sequence", 0x00289110, "SQ");
export const frameVoiLut = attribute("Frame VOI LUT Sequence", 0x00289132, "SQ");
export const pixelValues = attribute("Pixel Value Transformation Sequence", 0x00289145, "SQ");

export const extendedOffsets = attribute("Extended Offset Table", 0x7fe00001, "OV");
export const floatPixels = attribute("Float Pixel Data", 0x7fe00008, "OF");
export const doublePixels = attribute("Double Float Pixel Data", 0x7fe00009, "OD");
export const pixelData = attribute("Pixel Data", 0x7fe00010, "OB", "OW");

/** Sequences whose items are looked into; others are only walked over. */
export const lookedInto: ReadonlySet<number> = new Set(
  [modalityLut, voiLut, sharedGroups, frameGroups, pixelMeasures, frameVoiLut, pixelValues].map(({ tag }) => tag),
);

/** What a user may want to see, in the order in which it is shown. */
export const displayed: readonly Attribute[] = [
  attribute("Patient's Name", 0x00100010, "PN"),
  attribute("Patient ID", 0x00100020, "LO"),
  attribute("Patient's Birth Date", 0x00100030, "DA"),
  attribute("Patient's Sex", 0x00100040, "CS"),
  attribute("Study Date", 0x00080020, "DA"),
  attribute("Study Description", 0x00081030, "LO"),
  modality,
  attribute("Body Part Examined", 0x00180015, "CS"),
  attribute("View Position", 0x00185101, "CS"),
  attribute("Laterality", 0x00200060, "CS"),
  attribute("Image Laterality", 0x00200062, "CS"),
  attribute("Patient Orientation", 0x00200020, "CS"),
  attribute("Institution Name", 0x00080080, "LO"),
  attribute("Manufacturer", 0x00080070, "LO"),
  imageType,
  presentationIntent,
  attribute("Burned In Annotation", 0x00280301, "CS"),
  attribute("Lossy Image Compression", 0x00282110, "CS"),
  photometric,
  rescaleSlope,
  rescaleIntercept,
  windowCenter,
  windowWidth,
  voiFunction,
  presentationShape,
];
