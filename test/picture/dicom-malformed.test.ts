/** What docs/pictures.md calls malformed, and what is not read: each by one FormatError that names the file and the way out. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { readPicture } from "../../src/picture/index.js";
import { bytesOf, dicomFolder, hasFiles } from "./dcmtk.js";
import { dicomOf, encapsulated, imageOf, imageParts, itemOf, type Kind, type Part, word } from "./dicom-bytes.js";
import { greysOf } from "./greys.js";
import { losslessJpeg } from "./jpeg-bytes.js";

const four: Kind = { rows: 2, columns: 2 };
const pixels = [10, 20, 30, 40];
const good = imageOf(four, pixels);
const deep = (levels: number): Part => [0x00400275, "SQ", levels === 0 ? [] : [[deep(levels - 1)]]];
const sequence = (vr: string, ...tail: number[]) => [
  0x00,
  0x50,
  0x10,
  0x00,
  ...[...vr].map((c) => c.charCodeAt(0)),
  0,
  0,
  ...tail,
];
/** dcmtk mends what each element says of itself and their order, not what is missing. */
const dcmconv = /dcmconv IN OUT/;
const whole = /^bring the whole file/;
const again = /^export it again/;
const open = [255, 255, 255, 255];
const rle = "1.2.840.10008.1.2.5";
const jpeg = "1.2.840.10008.1.2.4.70";
/** A frame of RLE: one segment of these bytes. */
const rleFrame = (...segment: number[]) => [1, 0, 0, 0, 64, ...new Array(59).fill(0), ...segment];
const extra = (...parts: Part[]) => imageOf(four, pixels, parts);
const without = (tag: number) =>
  dicomOf([...imageParts(four).filter(([own]) => own !== tag), [0x7fe00010, "OB", Uint8Array.from(pixels)]]);

it("an intact one is read", async () => {
  const { picture, ...rest } = await readPicture(good);
  expect(greysOf(picture)).toEqual([0, 85, 170, 255]);
  expect(rest).toMatchObject({ format: "dicom", frames: 1, frame: 1, modality: "OT" });
  expect(greysOf((await readPicture(encapsulated(four, rle, [[], rleFrame(3, ...pixels)]))).picture)).toEqual([
    0, 85, 170, 255,
  ]);
});

describe("malformed", () => {
  it.each<[string, Uint8Array, RegExp, RegExp?]>([
    ["an unknown VR", extra([0x00100010, "QQ", "x"]), /\(0010,0010\) has the VR QQ/, dcmconv],
    ["a VR that is no text", dicomOf([[0x00080060, "\x01\x02", "x"]]), /not even two letters/, dcmconv],
    ["another VR than the dictionary's", extra([0x00280010, "SS", [2]]), /Rows \(0028,0010\) has the VR SS, not US/],
    ["a length beyond the file", good.subarray(0, good.length - 1), /\(7fe0,0010\) claims 4 bytes, 3 are left/, whole],
    [
      "an end within an element",
      dicomOf(imageParts(four), undefined, [0xe0, 0x7f, 0x10]),
      /ends within an element/,
      whole,
    ],
    ["tags that do not ascend", dicomOf([], undefined, [...rows(), ...rows()]), /comes after/, dcmconv],
    ["an item outside of a sequence", dicomOf([], undefined, itemOf([])), /\(fffe,e000\) stands outside/, again],
    ["a sequence in 100 sequences", extra(deep(100)), /more than 64 deep/],
    ["a sequence without an end", dicomOf([], undefined, sequence("SQ", ...open)), /ends within/, whole],
    [
      "something else than an item in it",
      dicomOf([], undefined, sequence("SQ", ...open, ...rows())),
      /where an item/,
      again,
    ],
    [
      "an item longer than its sequence",
      dicomOf([], undefined, sequence("SQ", 8, 0, 0, 0, 0xfe, 0xff, 0x00, 0xe0, 9, 0, 0, 0)),
      /longer than what/,
      whole,
    ],
    ["a text of open length", dicomOf([], undefined, sequence("UT", ...open)), /left open/, again],
    [
      "no transfer syntax",
      good.map((byte, k) => (byte === 0x10 && good[k - 2] === 2 && good[k - 1] === 0 ? 0x11 : byte)),
      /Transfer Syntax UID/,
    ],
    ...[0x00280002, 0x00280004, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103].map(
      (tag): [string, Uint8Array, RegExp] => [`no ${tag.toString(16)}`, without(tag), /is missing/],
    ),
    ["no rows", imageOf({ ...four, rows: 0 }, []), /2×0 pixels/],
    ["two numbers of rows", extra([0x00280010, "US", [2, 2]]), /not one number/],
    ["bits that lie nowhere", imageOf({ ...four, bits: [8, 9, 8] }, pixels), /do not lie in 8/],
    ["a third kind of sign", extra([0x00280103, "US", [2]]), /Pixel Representation is 2/],
    ["three samples of grey", extra([0x00280002, "US", [3]]), /MONOCHROME2 has 3 samples/],
    [
      "a number of frames that is none",
      imageOf({ ...four, frames: "1A" }, pixels),
      /Number of Frames \(0028,0008\) is no whole/,
    ],
    ["no frames", imageOf({ ...four, frames: 0 }, pixels), /Number of Frames is 0/],
    ["fewer bytes than pixels", imageOf(four, pixels.slice(1, 3)), /2×2 pixels are 4 bytes, Pixel Data has 2/],
    ["more bytes than pixels", imageOf(four, [...pixels, 1, 2]), /are 4 bytes, Pixel Data has 6/],
    ["fewer frames than said", imageOf({ ...four, frames: 2 }, pixels), /2 frames of 2×2 pixels are 8 bytes/],
    ["half a rescale", extra([0x00281053, "DS", "2"]), /half a rescale/],
    ["a slope of 0", extra([0x00281052, "DS", "0"], [0x00281053, "DS", "0"]), /slope is 0/],
    ["a slope that is no number", extra([0x00281052, "DS", "0"], [0x00281053, "DS", "0x10"]), /no decimal number/],
    ["half a window", extra([0x00281050, "DS", "2"]), /half a window/],
    ["a window of no width", extra([0x00281050, "DS", "2"], [0x00281051, "DS", "0"]), /window is 0 wide/],
    [
      "a VOI LUT without data",
      extra([0x00283010, "SQ", [[[0x00283002, "US", [2, 0, 8]]]]]),
      /has 0 bytes for 2 entries/,
    ],
    ["pixels with no sides", extra([0x00280030, "DS", "0\\1"]), /no sides/],
    ["a modality that is no code", extra([0x00080060, "CS", "<b>"]), /Modality .* is no code/],
    [
      "compressed pixels in an uncompressed syntax",
      encapsulated(four, "1.2.840.10008.1.2.1", [[], pixels]),
      /compressed, its/,
    ],
    [
      "uncompressed pixels in a compressed one",
      dicomOf([...imageParts(four), [0x7fe00010, "OB", Uint8Array.from(pixels)]], rle),
      /not compressed/,
    ],
    ["no fragment", encapsulated(four, rle, [[]]), /0 fragments for 1 frames/],
    ["not even a table", encapsulated(four, rle, []), /0 fragments for 1 frames/],
    [
      "fragments of nobody",
      encapsulated({ ...four, frames: 2 }, rle, [[], [0, 0], [0, 0], [0, 0]]),
      /cannot be told apart/,
    ],
    [
      "offsets that meet no fragment",
      encapsulated({ ...four, frames: 2 }, rle, [
        [0, 0, 0, 0, 9, 0, 0, 0],
        [0, 0],
        [0, 0],
      ]),
      /does not fit/,
    ],
    ["RLE without a header", encapsulated(four, rle, [[], [1, 2, 3, 4]]), /no RLE header/],
    [
      "RLE of two segments",
      encapsulated(four, rle, [[], [2, ...rleFrame(3, ...pixels, 0).slice(1)]]),
      /2 RLE segments, not 1/,
    ],
    ["RLE that is too short", encapsulated(four, rle, [[], rleFrame(2, 1, 2, 3)]), /too short/],
    ["RLE that is too long", encapsulated(four, rle, [[], rleFrame(5, 1, 2, 3, 4, 5, 6)]), /longer than its picture/],
    ["RLE with more behind", encapsulated(four, rle, [[], rleFrame(253, 7, 0, 9, 0, 9)]), /longer than its picture/],
    [
      "a JPEG of another size",
      encapsulated(four, jpeg, [[], losslessJpeg({ width: 2, height: 1, values: [1, 2] }, 8)]),
      /its JPEG has 2×1/,
    ],
    [
      "a JPEG of more bits",
      encapsulated(four, jpeg, [[], losslessJpeg({ width: 2, height: 2, values: pixels }, 12)]),
      /its JPEG has 2×2 of 1 × 12/,
    ],
    ["a JPEG that is none", encapsulated(four, jpeg, [[], [1, 2, 3, 4]]), /does not begin with SOI/],
    ["a deflated data set that is none", dicomOf([], "1.2.840.10008.1.2.1.99", [255, 255, 255]), /does not unpack/],
  ])("%s", (_, bytes, message, fix) => refused(bytes, message, fix));

  it.skipIf(!hasFiles())("pydicom's files that are so on purpose", async () => {
    await refused(bytesOf(join(dicomFolder!, "badVR.dcm")), /Number of Frames \(0028,0008\) is no whole number/);
    await refused(bytesOf(join(dicomFolder!, "MR_truncated.dcm")), /\(7fe0,0010\) claims 8192 bytes, 8130 are left/);
  });
});

describe("not read, and named", () => {
  it.each<[string, Uint8Array, RegExp, RegExp]>([
    [
      "JPEG Extended",
      syntax(".4.51"),
      /JPEG Extended \(Process 2 and 4\) \(1\.2\.840\.10008\.1\.2\.4\.51\)/,
      /dcmdjpeg/,
    ],
    ["JPEG-LS", syntax(".4.80"), /JPEG-LS Lossless \(/, /dcmdjpls/],
    ["JPEG 2000", syntax(".4.90"), /JPEG 2000 \(Lossless Only\)/, /gdcmconv --raw/],
    ["HTJ2K", syntax(".4.201"), /High-Throughput JPEG 2000/, /PNG/],
    ["MPEG-4", syntax(".4.102"), /MPEG-4 AVC/, /PNG/],
    ["HEVC", syntax(".4.107"), /HEVC/, /PNG/],
    ["one of somebody's own", syntax(".77"), /unknown to this library/, /gdcmconv/],
    ["32 bits", imageOf({ ...four, bits: [32, 32, 31] }, []), /32 bits allocated/, /PNG/],
    ["1 bit", imageOf({ ...four, bits: [1, 1, 0] }, []), /1 bits allocated/, /PNG/],
    ["floating point", dicomOf([...imageParts(four), [0x7fe00008, "OF", ""]]), /floating point/, /PNG/],
    ["no pixels", dicomOf(imageParts(four)), /without Pixel Data/, /image/],
    ["another photometric interpretation", extra([0x00280004, "CS", "HSV"]), /photometric interpretation HSV/, /PNG/],
    ["pixels that are not square", extra([0x00280030, "DS", "1\\1.02"]), /pixels 1 high and 1.02 wide/, /dcmscale/],
    ["an aspect ratio", extra([0x00280034, "IS", "4\\3"]), /pixels 4 high and 3 wide/, /dcmscale/],
    ["densities", extra([0x20500020, "CS", "LIN OD"]), /Presentation LUT Shape/, /PNG/],
    [
      "a VOI function of somebody's own",
      extra([0x00281050, "DS", "1"], [0x00281051, "DS", "1"], [0x00281056, "CS", "LOG"]),
      /VOI LUT Function/,
      /PNG/,
    ],
    ["a palette without colours", extra([0x00280004, "CS", "PALETTE COLOR"]), /a palette without its colours/, /PNG/],
    ["too many pixels", imageOf({ rows: 65535, columns: 65535 }, []), /too large: 65535×65535/, /dcmscale/],
    ["something else", Uint8Array.of(1, 2, 3), /not a PNG, a JPEG or a DICOM/, /dcmconv \+F/],
    [
      "a PNG and a DICOM at once",
      good.map((byte, k) => [137, 80, 78, 71, 13, 10, 26, 10][k] ?? byte),
      /a png and a dicom at once/,
      /PNG/,
    ],
  ])("%s", async (_, bytes, message, fix) => refused(bytes, message, fix));
});

async function refused(bytes: Uint8Array, message: RegExp, fix = /export it again|JPEG/): Promise<void> {
  const error = await readPicture(bytes, { name: "x.dcm", frame: 1 }).then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(FormatError);
  expect(error.message).toMatch(/^x\.dcm /);
  expect(error.message).toMatch(message);
  expect(error.fix).toMatch(fix);
}

function syntax(end: string): Uint8Array {
  return dicomOf(imageParts(four), `1.2.840.10008.1.2${end}`);
}

function rows(): number[] {
  return [0x28, 0, 0x10, 0, 85, 83, 2, 0, ...word(2)];
}
