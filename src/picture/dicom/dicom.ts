import type { DecodedPicture } from "../decoded.js";
import { chooseFrame } from "../frame-choice.js";
import type { Picture } from "../picture.js";
import { colourPicture } from "./colour.js";
import { cut, malformed, setTo } from "./damaged.js";
import { type DataSet, type Encoding, metaEncoding } from "./data-set.js";
import * as dictionary from "./dictionary.js";
import { displayTags } from "./display.js";
import { DataSetReader } from "./elements.js";
import { greyTable } from "./grey.js";
import { claimedBytes, type ImageHeader, readHeader, requireSquarePixels } from "./header.js";
import { type Raster, readFrame } from "./raster.js";
import { type TransferSyntax, transferSyntax } from "./syntaxes.js";
import { Values } from "./values.js";

/** What a deflated data set may unpack to besides its pixels: a small file must not ask for gigabytes. */
const mostBesides = 2 ** 24;
/** And with them. */
const mostInflated = 2 ** 28;

/**
 * Decodes one frame of a DICOM file, as `readPicture` says.
 *
 * Malformed, and refused, is a file: with an element that `DataSetReader` refuses; without the length of its meta information, its transfer syntax, rows, columns, samples, bits
 * allocated and stored, high bit, pixel representation or photometric interpretation; where one of the attributes that are used has another VR
 * than PS3.6 gives it, is no number where it should be one ("1A" frames), is one that nothing finite comes of, or contradicts another;
 * whose Pixel Data is shorter than its frames, or longer by more than a byte; whose compressed frames cannot be told apart, are
 * damaged, are not of the size or the bits that are said, or have something behind them.
 * @throws FormatError for that, and for kinds that are not read; ParameterError for the frame
 */
export async function readDicom(bytes: Uint8Array, file: string, wanted: number | undefined): Promise<DecodedPicture> {
  const { set, syntax } = await readDataSet(bytes, file, wanted);
  const values = new Values(set, syntax, file);
  const header = readHeader(values, syntax.coding);
  const frame = chooseFrame(file, header.frames, wanted);
  const groups = functionalGroups(values, header.frames);
  const inGroups = (sequence: dictionary.Attribute) => {
    for (const group of groups) {
      const found = group.item(sequence);
      if (found) return found;
    }
    return values;
  };
  requireSquarePixels(values, [values, inGroups(dictionary.pixelMeasures)]);
  const raster = await readFrame(values, header, syntax, frame);
  const grey = header.photometric.startsWith("MONO");
  const places = { rescale: inGroups(dictionary.pixelValues), voi: inGroups(dictionary.frameVoiLut) };
  const picture = grey
    ? greyPicture(greyTable(values, places, header, raster), header, raster)
    : colourPicture(values, header, raster);
  const modality = values.text(dictionary.modality);
  // Printed and compared: nothing but what a code may have.
  if (modality !== undefined && !/^[A-Z0-9_ ]{1,16}$/.test(modality))
    throw malformed(file, "Modality (0008,0060) is no code", setTo(dictionary.modality, "CODE"));
  return {
    format: "dicom",
    picture,
    frames: header.frames,
    frame,
    modality,
    tags: displayTags(set, values),
    transferSyntax: syntax.name,
  };
}

function greyPicture(table: Float64Array, { columns, rows }: ImageHeader, { words, stride }: Raster): Picture {
  const grey = (pixel: number) => table[words[pixel * stride]];
  return { width: columns, height: rows, coloured: false, grey, colour: grey };
}

async function readDataSet(
  bytes: Uint8Array,
  file: string,
  frame?: number,
): Promise<{ set: DataSet; syntax: TransferSyntax }> {
  const reader = new DataSetReader(bytes, file, 132, frame);
  const meta = reader.readMeta();
  const uid = new Values(meta, metaEncoding, file).text(dictionary.transferSyntaxUid);
  if (uid === undefined) throw malformed(file, "Transfer Syntax UID (0002,0010) is missing");
  const syntax = transferSyntax(uid, file);
  if (!syntax.deflated) return { set: reader.read(syntax), syntax };
  const unpacked = await unpack(bytes.subarray(reader.at), syntax, file);
  return { set: new DataSetReader(unpacked, file, 0, frame).read(syntax), syntax };
}

/** Takes what a data set unpacks to, and 16 MiB: what describes the pixels comes before them, and says how much they may be. */
async function unpack(packed: Uint8Array, syntax: Encoding, file: string): Promise<Uint8Array> {
  const { inflateBeginning } = await import("../../bytes/inflate.js");
  const unpacked = (most: number) => {
    try {
      return inflateBeginning(packed, most);
    } catch (cause) {
      throw cut(file, `its data set does not unpack (${(cause as Error).message})`, cause);
    }
  };
  const beginning = unpacked(mostBesides);
  if (beginning.whole) return beginning.bytes;
  const set = new DataSetReader(beginning.bytes, file).readBeginning(syntax);
  const pixels = Math.max(0, claimedBytes(new Values(set, syntax, file)));
  const most = Math.min(mostInflated, pixels + mostBesides);
  const { bytes, whole } = unpacked(most);
  if (!whole)
    throw malformed(file, `its data set does not end where its pixels do (it unpacks to more than ${most} bytes)`);
  return bytes;
}

/** Of a file with functional groups: the frame's own, then those that all frames share. Source: PS3.3, C.7.6.16. */
function functionalGroups(values: Values, frames: number): Values[] {
  const own = values.element(dictionary.frameGroups)?.itemCount ?? 0;
  if (own !== 0 && own !== frames) {
    throw malformed(values.file, `it has groups of ${own} frames, and ${frames} frames`);
  }
  const groups = [values.item(dictionary.frameGroups), values.item(dictionary.sharedGroups)];
  return groups.filter((group) => group !== undefined);
}
