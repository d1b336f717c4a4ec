/** Where a file ends, where its pictures do, and what is more than there should be. */
import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { requireModality } from "../../src/picture/index.js";
import { readPicture } from "../../src/picture/read-picture.js";
import { bytesOf, Dcmtk, hasDcmtk } from "./dcmtk.js";
import { dicomOf, dword, elementOf, encapsulated, imageOf, imageParts, type Kind, type Part } from "./dicom-bytes.js";
import { greysOf } from "./greys.js";
import { losslessJpeg } from "./jpeg-bytes.js";

const dcmtk = new Dcmtk();
afterAll(() => dcmtk.close());
const row: Kind = { rows: 1, columns: 4 };
const lossless = "1.2.840.10008.1.2.4.70";
const [first, second] = [
  [0, 1, 2, 3],
  [9, 5, 1, 250],
].map((values) => losslessJpeg({ width: 4, height: 1, values }, 8));
const shown = [0, 85, 170, 255];
const greys = async (bytes: Uint8Array, frame?: number) => greysOf((await readPicture(bytes, { frame })).picture);
const refused = (bytes: Uint8Array, message: RegExp, frame?: number) =>
  expect(readPicture(bytes, { frame })).rejects.toThrow(message);

describe("behind a JPEG in a DICOM", () => {
  const file = (...tail: number[]) => encapsulated(row, lossless, [[], [...first, ...tail]]);

  it("stands padding, or nothing", async () => {
    for (const tail of [[], [0], [0xff], [0, 0], [0xff, 0, 0]]) expect(await greys(file(...tail))).toEqual(shown);
    for (const tail of [[7], [0, 1], [0, 0, 0, 0], Array.from(second)]) await refused(file(...tail), /behind the JPEG/);
  });

  it("stands no second picture in fragments of its own", async () => {
    await refused(encapsulated(row, lossless, [[], first, second]), /behind the JPEG/);
    const table = [...dword(0), ...dword(16 + first.length + second.length)];
    const three = encapsulated({ ...row, frames: 2 }, lossless, [table, first, second, first]);
    await refused(three, /behind the JPEG/, 1);
    expect(await greys(three, 2)).toEqual(shown);
  });

  it("may stand anything outside of a DICOM, as cameras have it", async () => {
    const { baselineJpeg } = await import("./jpeg-bytes.js");
    const jpeg = baselineJpeg({ width: 4, height: 1, values: [1, 2, 3, 4] });
    expect(await greys(Uint8Array.from([...jpeg, ...jpeg, 7]))).toEqual(await greys(jpeg));
  });
});

describe("a table of offsets has an entry for each frame, ascending", () => {
  const one = (...offsets: number[]) => encapsulated(row, lossless, [offsets.flatMap(dword), first]);
  const [at, behind] = [8 + first.length, 16 + first.length + second.length];
  const many = (frames: number, ...offsets: number[]) =>
    encapsulated({ ...row, frames }, lossless, [offsets.flatMap(dword), first, second, first]);

  it("for one frame, too", async () => {
    expect(await greys(one(0))).toEqual(shown);
    await refused(one(0, at), /a table of 2 offsets and 1 fragments of 1 frames/);
    await refused(one(8), /does not begin at the beginning/);
    await refused(encapsulated(row, lossless, [[0, 0], first]), /table of offsets is none/);
  });

  it("for several", async () => {
    for (const frame of [1, 2, 3]) {
      expect(await greys(many(3, 0, at, behind), frame)).toEqual(frame === 2 ? await greys(alone(second)) : shown);
      await refused(many(3, 0, behind, at), /does not fit/, frame);
      await refused(many(3, 0, at, at), /does not fit/, frame);
      await refused(many(3, 0, at, behind + 8 + first.length), /does not fit/, frame);
    }
    await refused(many(3, 0, at), /cannot be told apart/, 1);
  });

  const alone = (jpeg: Uint8Array) => encapsulated(row, lossless, [[], jpeg]);
});

describe.skipIf(!hasDcmtk())("big-endian words of bytes", () => {
  it.each([3, 4])("%i pixels, as dcmtk writes them", async (columns) => {
    const pixels = Array.from({ length: columns }, (_, k) => 60 * k);
    const window: Part[] = [
      [0x00281050, "DS", "128"],
      [0x00281051, "DS", "256"],
    ];
    const plain = dcmtk.path("dcm");
    writeFileSync(plain, imageOf({ rows: 1, columns }, pixels, window));
    // From an implicit file, which says OW of all pixels.
    const file = dcmtk.make("dcmconv", dcmtk.make("dcmconv", plain, "+ti"), "+tb");
    const bytes = bytesOf(file);
    expect(Buffer.from(bytes).includes(Buffer.from([0x7f, 0xe0, 0x00, 0x10, 79, 87]))).toBe(true);
    expect((await greys(bytes)).map(Math.round)).toEqual(pixels);
    if (columns === 4) return;
    const odd = bytes.slice(0, -1);
    new DataView(odd.buffer).setUint32(odd.length - 7, 3, false);
    await refused(odd, /half of one/);
  });
});

describe("meta information ends where it says", () => {
  const parts: Part[] = [...imageParts(row), [0x00080060, "CS", "DX"], [0x7fe00010, "OB", Uint8Array.from(shown)]];
  const own = parts.filter(([tag], k) => tag !== 0x00080060 || k === parts.length - 2);
  const withLength = (more: number) => {
    const bytes = dicomOf(own);
    const view = new DataView(bytes.buffer);
    view.setUint32(140, view.getUint32(140, true) + more, true);
    return bytes;
  };
  const length = (tags: number[]) =>
    own.filter(([tag]) => tags.includes(tag)).reduce((sum, part) => sum + elementOf(part).length, 0);

  it("and takes no modality away with it", async () => {
    const { modality } = await readPicture(withLength(0));
    expect(modality).toBe("DX");
    expect(() => requireModality({ modality }, { name: "a network", modality: ["CT"] })).toThrow(/DX/);
    await refused(withLength(length([0x00080016, 0x00080018, 0x00080060])), /meta information ends elsewhere/);
  });

  it("and leaves nothing of itself behind", async () => {
    await refused(withLength(-elementOf([0x00020012, "UI", "1.2.3"]).length), /meta information ends elsewhere/);
  });
});

it("zeros behind the pixels are padding of the file, anything else is not", async () => {
  const good = imageOf(row, [0, 1, 2, 3]);
  const longer = (count: number, last = 0) => {
    const bytes = new Uint8Array(good.length + count);
    bytes.set(good);
    bytes[bytes.length - 1] = last;
    return bytes;
  };
  for (const count of [1, 2, 7, 8, 512]) {
    expect(await greys(longer(count))).toEqual(shown);
    await refused(longer(count, 1), /comes after|ends within|ends elsewhere|VR/);
  }
  expect(await greys(encapsulatedWithZeros())).toEqual(shown);
  // In front of the pixels they would be an element.
  await refused(dicomOf(imageParts(row), undefined, new Array(512).fill(0)), /ends elsewhere|comes after|VR/);
});

function encapsulatedWithZeros(): Uint8Array {
  return Uint8Array.from([...encapsulated(row, lossless, [[], first]), ...new Array(100).fill(0)]);
}
