/** Pictures in a page under a strict policy: the same decoder as in Node, to the last bit. */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "fflate";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPicture } from "../../src/picture/index.js";
import { root, strangersProject } from "../apps/stranger.js";
import { writePng } from "../data/png-bytes.js";
import { dicomOf, elementOf, encapsulated, imageOf, imageParts, type Part } from "../picture/dicom-bytes.js";
import { coloursOf, greysOf, largestDifference } from "../picture/greys.js";
import {
  adobe,
  baselineJpeg,
  colourJpeg,
  exif,
  jfif,
  losslessJpeg,
  segment,
  withSegment,
} from "../picture/jpeg-bytes.js";
import { visit } from "./chromium.js";
import { type Report, Site } from "./site.js";

const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

const [width, height] = [23, 16];
const values = Array.from({ length: width * height }, (_, k) => Math.round(127 + 120 * Math.sin(k / 11)));
const kind = { rows: height, columns: width };
const extra: Part[] = [
  [0x00080005, "CS", "ISO_IR 192"],
  [0x00100010, "PN", new TextEncoder().encode("山田^太郎")],
  [0x00281050, "DS", "100.25"],
  [0x00281051, "DS", "90"],
];
const jpeg = baselineJpeg({ width, height, values });
const turned = withSegment(jpeg, 0xe1, exif(6, false));
const packed = [...imageParts(kind), [0x7fe00010, "OB", Uint8Array.from(values)] as Part].flatMap(elementOf);
const rows = Array.from({ length: height }, (_, y) => [width - 1, ...values.slice(y * width, (y + 1) * width)]).flat();

const colours = colourJpeg([1, 2, 3]);
const behind = (marker: number, body: ArrayLike<number>) =>
  Uint8Array.from([...colours.subarray(0, -2), ...segment(marker, body), 0xff, 0xd9]);
const noOrientation = [69, 120, 105, 102, 0, 0, 0x49, 0x49, 42, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/** Whose segments contradict each other, or come late. */
const contradictory: [string, Uint8Array][] = [
  ["JPEG: nothing said", colours],
  ["JPEG: Adobe says RGB", withSegment(colours, 0xee, adobe(0))],
  ["JPEG: JFIF, then Adobe says RGB", withSegment(withSegment(colours, 0xee, adobe(0)), 0xe0, jfif)],
  ["JPEG: Adobe says RGB, then JFIF", withSegment(withSegment(colours, 0xe0, jfif), 0xee, adobe(0))],
  ["JPEG: Adobe says RGB behind the scans", behind(0xee, adobe(0))],
  ["JPEG: an orientation behind the scans", behind(0xe1, exif(6, true))],
  ["JPEG: RGB by its names", colourJpeg([82, 71, 66])],
  ["JPEG: RGB by its names, YCbCr by JFIF", withSegment(colourJpeg([82, 71, 66]), 0xe0, jfif)],
  ["JPEG: two orientations", withSegment(withSegment(colours, 0xe1, exif(6, true)), 0xe1, exif(1, true))],
  [
    "JPEG: two orientations, the other way",
    withSegment(withSegment(colours, 0xe1, exif(1, true)), 0xe1, exif(6, true)),
  ],
  [
    "JPEG: Exif without an orientation, then with one",
    withSegment(withSegment(colours, 0xe1, exif(6, true)), 0xe1, noOrientation),
  ],
];

/** The PNG comes first: until then nothing of the others may be loaded. */
const cases: [string, Uint8Array][] = [
  [
    "PNG",
    writePng({ width: 5, height: 4, depth: 16, colourType: 2, interlaced: true, samples: values.map((v) => v * 199) }),
  ],
  ["JPEG", jpeg],
  ["JPEG, turned", turned],
  ["DICOM", imageOf(kind, values, extra)],
  ["colours", imageOf({ ...kind, photometric: "YBR_FULL", samples: 3, planar: 1 }, [...values, ...values, ...values])],
  ["RLE", encapsulated(kind, "1.2.840.10008.1.2.5", [[], [1, 0, 0, 0, 64, ...new Array(59).fill(0), ...rows]])],
  ["JPEG baseline", encapsulated(kind, "1.2.840.10008.1.2.4.50", [[], jpeg])],
  ["JPEG lossless", encapsulated(kind, "1.2.840.10008.1.2.4.70", [[], losslessJpeg({ width, height, values }, 8)])],
  ["deflated", dicomOf([], "1.2.840.10008.1.2.1.99", Array.from(deflateSync(Uint8Array.from(packed))))],
  ["malformed", imageOf(kind, values.slice(10))],
  ...contradictory,
  ["JPEG 2000", dicomOf(imageParts(kind), "1.2.840.10008.1.2.4.90")],
];

let project: string;
let report: Report;
beforeAll(async () => {
  project = strangersProject(join(root, "test/browser/picture"));
  await build({
    root: project,
    configFile: false,
    logLevel: "error",
    build: { target: "es2022", modulePreload: false },
  });
  const inputs = JSON.stringify(cases.map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]));
  const site = await Site.open([join(project, "dist")], inputs, () => ({ "Content-Security-Policy": STRICT }));
  try {
    report = await visit(`${site.url}/index.html`, site.report);
  } finally {
    site.close();
  }
}, 300_000);
afterAll(() => {
  if (project) rmSync(project, { recursive: true, force: true });
});

test.each(cases)("%s: what Node reads, or the error that it throws", async (name, bytes) => {
  expect(report.errors).toEqual([]);
  const { loaded, ...found } = (report["pictures"] as Record<string, Record<string, unknown>>)[name];
  expect(found).toEqual(await inNode(name, bytes));
});

test("what reads DICOMs and JPEGs is loaded for them only", () => {
  const pictures = report["pictures"] as Record<string, { loaded: string[] }>;
  const others = (name: string) => pictures[name].loaded.filter((file) => /dicom|jpeg/.test(file));
  expect(others("PNG")).toEqual([]);
  expect(others("JPEG").length).toBeGreaterThan(0);
  expect(others("JPEG").some((file) => file.includes("dicom"))).toBe(false);
  expect(others("DICOM").some((file) => file.includes("dicom"))).toBe(true);
});

test("a JPEG is turned as Chromium turns it, and has its greys within 1", async () => {
  const { picture } = await readPicture(turned);
  const canvas = report["canvas"] as { width: number; height: number; red: number[] };
  expect([canvas.width, canvas.height]).toEqual([picture.width, picture.height]);
  expect([picture.width, picture.height]).toEqual([height, width]);
  expect(largestDifference(canvas.red, greysOf(picture))).toBeLessThanOrEqual(1);
});

test.each(contradictory)("%s: colours within 2 of Chromium's, and turned alike", async (name, bytes) => {
  const { picture } = await readPicture(bytes);
  const { width, height, first } = (
    report["canvases"] as Record<string, { width: number; height: number; first: number[] }>
  )[name];
  expect([picture.width, picture.height]).toEqual([width, height]);
  expect(largestDifference(coloursOf(picture).slice(0, 3), first)).toBeLessThanOrEqual(2);
});

async function inNode(name: string, bytes: Uint8Array) {
  try {
    const { picture, ...rest } = await readPicture(bytes, { name, frame: 1 });
    const [greys, colours] = [greysOf(picture), coloursOf(picture)];
    const all = Float64Array.from({ length: 4 * greys.length }, (_, k) =>
      k % 4 === 3 ? greys[k >> 2] : colours[3 * (k >> 2) + (k % 4)],
    );
    const digest = Array.from(createHash("sha256").update(new Uint8Array(all.buffer)).digest());
    return { width: picture.width, height: picture.height, ...rest, digest };
  } catch (error) {
    const { name: kind, message, fix } = error as Error & { fix: string };
    return { error: kind, message, fix };
  }
}
