import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { readPicture } from "../../src/picture/index.js";
import { decodeJpeg } from "../../src/picture/jpeg/decode.js";
import { wordStream } from "../seed.js";
import { bytesOf, Dcmtk, hasDcmtk, run } from "./dcmtk.js";
import { imageOf } from "./dicom-bytes.js";
import { coloursOf, greysOf, largestDifference } from "./greys.js";
import { baselineJpeg, exif, frameHeader, losslessJpeg, segment, withSegment } from "./jpeg-bytes.js";

const there = hasDcmtk();
const dcmtk = new Dcmtk();
afterAll(() => dcmtk.close());
const random = wordStream(11);

const noise = (count: number, bits = 8) => Array.from({ length: count }, () => random() >>> (32 - bits));

describe("what our own encoder writes", () => {
  it.each([
    [1, 1],
    [8, 8],
    [17, 9],
    [40, 33],
  ])("%i×%i of noise come back within the rounding of two transforms, with restart markers and without", async (width, height) => {
    const values = noise(width * height);
    const plain = (await readPicture(baselineJpeg({ width, height, values }))).picture;
    expect([plain.width, plain.height, plain.coloured]).toEqual([width, height, false]);
    // 64 coefficients, each off by half a step of weight 1/8 on average.
    expect(largestDifference(greysOf(plain), values)).toBeLessThanOrEqual(2);
    for (const interval of [1, 2, 3]) {
      const { picture } = await readPicture(baselineJpeg({ width, height, values, interval }));
      expect(greysOf(picture)).toEqual(greysOf(plain));
    }
  });

  it.each([2, 8, 12, 16])("%i bits without loss are what they were, with restart markers and without", (bits) => {
    const [width, height] = [13, 10];
    const values = noise(width * height, bits);
    for (const interval of [0, width, 3 * width]) {
      const { planes, precision } = decodeJpeg(losslessJpeg({ width, height, values, interval }, bits), "x.jpg");
      expect([precision, Array.from(planes[0])]).toEqual([bits, values]);
    }
  });

  it.each([1, 2])("components in scans of their own, chroma of 1/%i of the columns and rows", (factor) => {
    const [width, height] = [21, 19];
    const [across, down] = [Math.ceil(width / factor), Math.ceil(height / factor)];
    const own = [noise(width * height), noise(across * down), noise(across * down)];
    const grey = own.map((values, k) =>
      baselineJpeg(k === 0 ? { width, height, values } : { width: across, height: down, values }),
    );
    const at = grey.map((jpeg) => jpeg.findIndex((byte, k) => byte === 0xff && jpeg[k + 1] === 0xda));
    const scans = grey.flatMap((jpeg, k) => {
      const scan = Array.from(jpeg.subarray(at[k], -2));
      scan[5] = k + 1;
      return scan;
    });
    const size = [height >> 8, height & 255, width >> 8, width & 255];
    const frame = segment(0xc0, [8, ...size, 3, 1, factor * 17, 0, 2, 17, 0, 3, 17, 0]);
    const tables = grey[0].subarray(2, frameHeader(grey[0]));
    const jpeg = Uint8Array.from([0xff, 0xd8, ...tables, ...frame, ...scans, 0xff, 0xd9]);
    const { planes } = decodeJpeg(jpeg, "x.jpg");
    const alone = grey.map((bytes) => decodeJpeg(bytes, "x.jpg").planes[0]);
    expect(planes[0]).toEqual(alone[0]);
    if (factor === 1) expect(planes).toEqual(alone);
    // The middle of a picture twice as large: three parts of the nearer sample, one of the other, each way.
    const [y, x] = [8, 10];
    const sample = (dy: number, dx: number) => alone[1][((y >> 1) + dy) * across + (x >> 1) + dx];
    const mixed = (9 * sample(0, 0) + 3 * (sample(-1, 0) + sample(0, -1)) + sample(-1, -1) + 8) >> 4;
    if (factor === 2) expect(planes[1][y * width + x]).toBe(mixed);
  });

  it("the difference that has no bits, 32768, is one", () => {
    const values = [0, 32768, 0, 32768];
    const { planes } = decodeJpeg(losslessJpeg({ width: 4, height: 1, values }, 16), "x.jpg");
    expect(Array.from(planes[0])).toEqual(values);
  });
});

/** Which side of the shown picture the stored first row is, and which the first column. Exif 2.3, 4.6.4. */
const sides: [number, string, string][] = [
  [1, "top", "left"],
  [2, "top", "right"],
  [3, "bottom", "right"],
  [4, "bottom", "left"],
  [5, "left", "top"],
  [6, "right", "top"],
  [7, "right", "bottom"],
  [8, "left", "bottom"],
];

it.each(
  sides,
)("EXIF orientation %i: the first row is the %s, the first column the %s", async (orientation, first, second) => {
  const [width, height] = [11, 6];
  const jpeg = baselineJpeg({ width, height, values: noise(width * height) });
  const stored = greysOf((await readPicture(jpeg)).picture);
  const upright = orientation <= 4;
  const [columns, rows] = upright ? [width, height] : [height, width];
  const shown = new Array<number>(width * height);
  const place = (side: string, k: number, count: number) => (side === "top" || side === "left" ? k : count - 1 - k);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [across, down] = upright ? [column, row] : [row, column];
      const x = place(upright ? second : first, across, columns);
      const y = place(upright ? first : second, down, rows);
      shown[y * columns + x] = stored[row * width + column];
    }
  }
  for (const little of [true, false]) {
    const { picture } = await readPicture(withSegment(jpeg, 0xe1, exif(orientation, little)));
    expect([picture.width, picture.height]).toEqual([columns, rows]);
    expect(greysOf(picture)).toEqual(shown);
  }
});

it("an EXIF orientation that is none, or a directory that is none, turns nothing", async () => {
  const jpeg = baselineJpeg({ width: 3, height: 2, values: noise(6) });
  const stored = greysOf((await readPicture(jpeg)).picture);
  const whole = exif(6, true);
  for (const body of [
    exif(0, true),
    exif(9, false),
    ...whole.map((_, length) => whole.slice(0, length)).slice(6, 30),
  ]) {
    expect(greysOf((await readPicture(withSegment(jpeg, 0xe1, body))).picture)).toEqual(stored);
  }
});

describe("refused by name", () => {
  const jpeg = baselineJpeg({ width: 16, height: 16, values: noise(256) });
  const at = frameHeader(jpeg);
  const changed = (...changes: [offset: number, byte: number][]) => {
    const bytes = jpeg.slice();
    for (const [offset, byte] of changes) bytes[at + offset] = byte;
    return bytes;
  };
  const cmyk = Uint8Array.from([
    ...jpeg.subarray(0, at),
    ...[0xff, 0xc0, 0, 20, 8, 0, 16, 0, 16, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0],
    ...jpeg.subarray(at + 13),
  ]);

  it.each<[string, Uint8Array, RegExp]>([
    ["12 bits", changed([1, 0xc1], [4, 12]), /a JPEG of 12 bits a sample, which is not read/],
    ["arithmetic coding", changed([1, 0xc9]), /arithmetic-coded JPEG/],
    ["hierarchical", changed([1, 0xc5]), /hierarchical JPEG/],
    ["JPEG-LS", changed([1, 0xf7]), /JPEG-LS/],
    ["lossless", losslessJpeg({ width: 2, height: 2, values: [1, 2, 3, 4] }, 8), /lossless JPEG outside of a DICOM/],
    ["four components", cmyk, /four components \(CMYK\)/],
    ["no height", changed([5, 0], [6, 0]), /DNL/],
    ["65,500×65,500 pixels of some hundred bytes", changed([5, 255], [6, 220], [7, 255], [8, 220]), /too large/],
    [
      "8,000×8,000 pixels of some hundred bytes",
      changed([5, 31], [6, 64], [7, 31], [8, 64]),
      /bytes cannot hold 8000×8000/,
    ],
    [
      "two frame headers",
      Uint8Array.from([...jpeg.subarray(0, at), ...jpeg.subarray(at, at + 13), ...jpeg.subarray(at)]),
      /two frame headers/,
    ],
    ["a picture smaller than its scan", changed([6, 8]), /a scan is longer than its picture/],
    ["a picture larger than its scan", changed([6, 24]), /truncated/],
  ])("%s", async (_, bytes, message) => {
    const read = readPicture(bytes, { name: "x.jpg" });
    await expect(read).rejects.toThrow(FormatError);
    await expect(read).rejects.toThrow(message);
    await expect(read).rejects.toThrow(/^x\.jpg is /);
  });

  it("every beginning of a file that is not all of it", async () => {
    for (let length = 0; length < jpeg.length; length++) {
      await expect(readPicture(jpeg.subarray(0, length)), `${length}`).rejects.toThrow(FormatError);
    }
  });
});

describe.skipIf(!there)("what libjpeg writes is what libjpeg reads", () => {
  const [rows, columns] = [45, 70];
  const pixels = rows * columns;
  const wave = (k: number, channel: number) => {
    const [x, y] = [k % columns, Math.floor(k / columns)];
    return x < 16 && y < 16
      ? random() & 255
      : Math.round(127 + 100 * Math.sin(x / (5 + channel)) + 27 * Math.cos(y / 3));
  };
  const grey = imageOf(
    { rows, columns },
    Array.from({ length: pixels }, (_, k) => wave(k, 0)),
  );
  const rgb = imageOf(
    { rows, columns, photometric: "RGB", samples: 3, planar: 0 },
    Array.from({ length: 3 * pixels }, (_, k) => wave(Math.floor(k / 3), k % 3)),
  );

  const write = (bytes: Uint8Array) => {
    const path = dcmtk.path("dcm");
    writeFileSync(path, bytes);
    return path;
  };
  const baseline = (source: Uint8Array, ...options: string[]) => {
    const path = dcmtk.path("jpg");
    run("dcmj2pnm", "+oj", ...options, write(source), path);
    return Uint8Array.from(readFileSync(path));
  };
  /** The one frame of a file that is compressed so. */
  const progressive = (source: Uint8Array, ...options: string[]) => {
    const bytes = bytesOf(dcmtk.make("dcmcjpeg", write(source), "+ep", "-ot", ...options));
    const start = bytes.findIndex((byte, k) => byte === 0xff && bytes[k + 1] === 0xd8 && bytes[k + 2] === 0xff);
    const end = bytes.lastIndexOf(0xd9) + 1;
    return bytes.slice(start, end);
  };
  const decoded = (jpeg: Uint8Array) => {
    const [from, to] = [dcmtk.path("jpg"), dcmtk.path("dcm")];
    writeFileSync(from, jpeg);
    run("img2dcm", "-q", from, to);
    return dcmtk.rendered(to, 8, "+ca");
  };

  // Two IDCTs differ by a step; blue is luma and 1.772 of chroma: 2.77 steps, which is three where both are rounded.
  it.each<[string, () => Uint8Array, number]>([
    ["grey", () => baseline(grey), 1],
    ["4:4:4", () => baseline(rgb, "+Js4"), 3],
    ["4:2:2", () => baseline(rgb, "+Js2"), 3],
    ["4:2:0", () => baseline(rgb, "+Js1"), 3],
    ["4:2:0 of a bad quality", () => baseline(rgb, "+Js1", "+Jq", "12"), 3],
    ["progressive grey", () => progressive(grey), 1],
    ["progressive 4:4:4", () => progressive(rgb, "+s4"), 3],
    ["progressive 4:2:2", () => progressive(rgb, "+s2", "+q", "60"), 3],
  ])("%s: the same within rounding, which chroma enlarges", async (name, make, most) => {
    const jpeg = make();
    expect(jpeg[frameHeader(jpeg) + 1]).toBe(name.startsWith("progressive") ? 0xc2 : 0xc0);
    const { picture } = await readPicture(jpeg);
    const expected = decoded(jpeg);
    const got = picture.coloured ? coloursOf(picture) : greysOf(picture);
    expect(largestDifference(got, expected)).toBeLessThanOrEqual(most);
  });

  it("a progressive file without one of its scans is refused", async () => {
    const jpeg = progressive(grey);
    const starts = Array.from(jpeg.keys()).filter((k) => jpeg[k] === 0xff && jpeg[k + 1] === 0xda);
    expect(starts.length).toBeGreaterThan(3);
    for (const start of starts) {
      const cut = Uint8Array.from([...jpeg.subarray(0, start), 0xff, 0xd9]);
      await expect(readPicture(cut)).rejects.toThrow(FormatError);
    }
  });
});
