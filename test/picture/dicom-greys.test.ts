/** The order of steps, on a few pixels by hand: PS3.3, C.11. */
import { expect, it } from "vitest";
import { readPicture } from "../../src/picture/index.js";
import { dicomOf, dword, elementOf, encapsulated, imageOf, imageParts, type Kind, type Part } from "./dicom-bytes.js";
import { greysOf, largestDifference } from "./greys.js";
import { losslessJpeg } from "./jpeg-bytes.js";

const open = [255, 255, 255, 255];
const end = (which: number) => [0xfe, 0xff, which, 0xe0, 0, 0, 0, 0];
const row: Kind = { rows: 1, columns: 4 };
const window = (centre: string, width: string, kind?: string): Part[] => [
  [0x00281050, "DS", centre],
  [0x00281051, "DS", width],
  ...(kind ? ([[0x00281056, "CS", kind]] as Part[]) : []),
];
const greys = async (kind: Kind, pixels: readonly number[], ...extra: Part[]) =>
  greysOf((await readPicture(imageOf(kind, pixels, extra))).picture);

it("LINEAR is PS3.3's example: centre 2048, width 4096 is the identity of 12 bits, width 1 a threshold", async () => {
  const words: Kind = { ...row, bits: [16, 12, 11] };
  const got = await greys(words, [0, 1, 2048, 4095], ...window("2048", "4096"));
  expect(
    largestDifference(
      got,
      [0, 1, 2048, 4095].map((x) => (x * 255) / 4095),
    ),
  ).toBeLessThan(1e-9);
  expect(await greys(words, [0, 2047, 2048, 4095], ...window("2048", "1"))).toEqual([0, 0, 255, 255]);
});

it("LINEAR_EXACT is centred, and may be narrower than 1", async () => {
  const got = await greys(row, [99, 100, 101, 103], ...window("101", "4", "LINEAR_EXACT"));
  expect(got).toEqual([0, 63.75, 127.5, 255]);
  const narrow = [
    [0x00281052, "DS", "0"],
    [0x00281053, "DS", "0.001"],
  ] as Part[];
  const shares = await greys(row, [0, 100, 150, 200], ...narrow, ...window("0.15", "0.1", "LINEAR_EXACT"));
  expect(largestDifference(shares, [0, 0, 127.5, 255])).toBeLessThan(1e-9);
});

it("SIGMOID is 1/(1 + exp(−4(x − c)/w))", async () => {
  const got = await greys(row, [10, 20, 30, 40], ...window("20", "40", "SIGMOID"));
  const expected = [10, 20, 30, 40].map((x) => 255 / (1 + Math.exp((-4 * (x - 20)) / 40)));
  expect(largestDifference(got, expected)).toBeLessThan(1e-9);
});

it("MONOCHROME1 and INVERSE in one file say the same thing once", async () => {
  const one = await greys({ ...row, photometric: "MONOCHROME1" }, [0, 50, 200, 255]);
  expect(one).toEqual([255, 205, 55, 0]);
  const both = await greys({ ...row, photometric: "MONOCHROME1" }, [0, 50, 200, 255], [0x20500020, "CS", "INVERSE"]);
  expect(both).toEqual(one);
  expect(await greys(row, [0, 50, 200, 255], [0x20500020, "CS", "INVERSE"])).toEqual(one);
});

it("inversion comes after the window, the window after the rescale", async () => {
  const rescale = [
    [0x00281052, "DS", "-100"],
    [0x00281053, "DS", "10"],
  ] as Part[];
  const exact = window("50", "200", "LINEAR_EXACT");
  const got = await greys({ ...row, photometric: "MONOCHROME1" }, [5, 10, 15, 25], ...rescale, ...exact);
  expect(got).toEqual([255, 191.25, 127.5, 0]);
});

it("without a window the values that only fill edges are not looked at", async () => {
  const padding: Part = [0x00280120, "US", [0]];
  expect(await greys(row, [0, 100, 150, 200], padding)).toEqual([0, 0, 127.5, 255]);
  expect(await greys(row, [0, 20, 150, 200], padding, [0x00280121, "US", [20]])).toEqual([0, 0, 0, 255]);
  const signed: Kind = { ...row, bits: [16, 16, 15], signed: true };
  expect(await greys(signed, [-2000, -10, 0, 10], [0x00280120, "SS", [-2000]])).toEqual([0, 0, 127.5, 255]);
});

it("a picture of one value is black", async () => {
  expect(await greys(row, [9, 9, 9, 9])).toEqual([0, 0, 0, 0]);
});

it("what lies beside the stored bits is not looked at", async () => {
  const words: Kind = { ...row, bits: [16, 4, 7] };
  const overlaid = [0x0f0f, 0xff1f, 0x00ef, 0xf0f0];
  const unsigned = await greys(words, overlaid, ...window("7.5", "15", "LINEAR_EXACT"));
  expect(largestDifference(unsigned, [0, 17, 238, 255])).toBeLessThan(1e-9);
  const signed = { ...words, signed: true };
  const got = await greys(signed, overlaid, ...window("-0.5", "15", "LINEAR_EXACT"));
  expect(largestDifference(got, [136, 153, 102, 119])).toBeLessThan(1e-9);
});

it("functional groups say the rescale and the window of each frame, shared ones where it has none of its own", async () => {
  const group = (centre: string): Part[] => [[0x00289132, "SQ", [window(centre, "100", "LINEAR_EXACT")]]];
  const rescale: Part[] = [
    [0x00281052, "DS", "-10"],
    [0x00281053, "DS", "1"],
  ];
  const shared: Part = [0x52009229, "SQ", [[...group("60"), [0x00289145, "SQ", [rescale]]]]];
  const own: Part = [0x52009230, "SQ", [group("50"), []]];
  const bytes = imageOf({ ...row, frames: 2 }, [10, 60, 110, 35, 10, 60, 110, 35], [shared, own]);
  const first = greysOf((await readPicture(bytes, { frame: 1 })).picture);
  const second = greysOf((await readPicture(bytes, { frame: 2 })).picture);
  expect(largestDifference(first, [0, 127.5, 255, 63.75])).toBeLessThan(1e-9);
  expect(largestDifference(second, [0, 102, 229.5, 38.25])).toBeLessThan(1e-9);
});

it("what somebody did not know is walked over as it came: implicit, of open length", async () => {
  const dropped = [0xfe, 0xff, 0x00, 0xe0, ...open, 0x10, 0x00, 0x20, 0x00, ...dword(2), 65, 66];
  const unknown = [0x09, 0, 0x10, 0x10, 85, 78, 0, 0, ...open, ...dropped, ...end(0x0d), ...end(0xdd)];
  const image = [...imageParts(row), [0x7fe00010, "OB", Uint8Array.of(0, 51, 102, 255)] as Part];
  const [before, behind] = [image.filter(([tag]) => tag < 0x00090000), image.filter(([tag]) => tag > 0x00090000)];
  const { picture } = await readPicture(dicomOf(before, undefined, [...unknown, ...behind.flatMap(elementOf)]));
  expect(greysOf(picture)).toEqual([0, 51, 102, 255]);
});

it("frames in fragments are found by the extended offset table", async () => {
  const [first, second] = [0, 100].map((from) =>
    losslessJpeg({ width: 4, height: 1, values: [0, 1, 2, 3].map((k) => from + k) }, 8),
  );
  const parts = [first.subarray(0, 30), first.subarray(30), second.subarray(0, 40), second.subarray(40)];
  const at = 16 + parts[0].length + parts[1].length;
  const table: Part = [0x7fe00001, "OV", Uint8Array.from([...dword(0), ...dword(0), ...dword(at), ...dword(0)])];
  const kind = { ...row, frames: 2 };
  const extra: Part[] = [table, [0x00281050, "DS", "128"], [0x00281051, "DS", "256"]];
  const bytes = encapsulated(kind, "1.2.840.10008.1.2.4.70", [[], ...parts], extra);
  for (const [frame, from] of [0, 100].entries()) {
    const { picture } = await readPicture(bytes, { frame: frame + 1 });
    expect(
      largestDifference(
        greysOf(picture),
        [0, 1, 2, 3].map((k) => from + k),
      ),
    ).toBeLessThan(1e-9);
  }
});

it("tags are shown in their alphabet, and without control characters", async () => {
  const name = Uint8Array.from([0xc4, 0x72, 0x7a, 0x74, 0x5e, 0x1b, 0x5b]);
  const said = async (charset: string, bytes: Uint8Array) => {
    const extra: Part[] = [
      [0x00080005, "CS", charset],
      [0x00100010, "UN", bytes],
    ];
    return (await readPicture(imageOf(row, [1, 2, 3, 4], extra))).tags?.find(({ name }) => name === "Patient's Name");
  };
  expect(await said("ISO_IR 100", name)).toEqual({ name: "Patient's Name", tag: "(0010,0010)", value: "Ärzt^ [" });
  expect((await said("ISO_IR 192", new TextEncoder().encode("山田^太郎")))?.value).toBe("山田^太郎");
});
