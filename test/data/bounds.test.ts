import { deflateSync, zlibSync } from "fflate";
import { beforeAll, describe, expect, it } from "vitest";
import { openNpz } from "../../src/data/npz.js";
import { mostUnpacked } from "../../src/data/zip.js";
import { FormatError } from "../../src/errors.js";
import { maxPngBytes, readPng } from "../../src/picture/png.js";
import { npy, savez } from "./npz-bytes.js";
import { ihdr, pngOf } from "./png-bytes.js";

const MiB = 2 ** 20;
/** Beside its result `inflate` takes this much at most. */
const WORKING = 64 * MiB;

let zeros: Uint8Array;
beforeAll(() => {
  zeros = new Uint8Array(160 * MiB);
});

/** Refused, with less than `most` bytes of typed arrays taken: garbage collection may hide some, and adds none. */
function expectRefused(read: () => unknown, message: string, most: number): void {
  const before = process.memoryUsage().arrayBuffers;
  let error: unknown;
  try {
    read();
  } catch (thrown) {
    error = thrown;
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(most);
  expect(error).toBeInstanceOf(FormatError);
  expect((error as Error).message).toContain(message);
}

describe("a small file takes no large memory", () => {
  it("an array takes 64 bytes for each packed one and 64 MiB more, at most 1 GiB, and is refused before it is unpacked", () => {
    expect(mostUnpacked(0)).toBe(64 * MiB);
    expect(mostUnpacked(MiB)).toBe(128 * MiB);
    expect(mostUnpacked(2 ** 30)).toBe(2 ** 30);
    const data = npy("|u1", [zeros.length - 1000], zeros.subarray(1000));
    const bomb = savez([{ name: "test_images.npy", data, deflate: true }]);
    expect(bomb.length).toBeLessThan(MiB);
    expectRefused(() => openNpz(bomb, "bomb.npz").read("test_images"), "at most", MiB);
  });

  it("a stream that goes on behind its stated length is given up there", () => {
    const packed = deflateSync(zeros);
    const head = deflateSync(zeros.subarray(0, 1000));
    const bomb = savez([{ name: "a.npy", data: zeros.subarray(0, 1000), deflate: true }]);
    // The same archive with another stream behind the same claim.
    const at = 30 + "a.npy".length + 20;
    const whole = new Uint8Array(bomb.length - head.length + packed.length);
    whole.set(bomb.subarray(0, at));
    whole.set(packed, at);
    whole.set(bomb.subarray(at + head.length), at + packed.length);
    const view = new DataView(whole.buffer);
    const directory = at + packed.length;
    view.setUint32(directory + 20, packed.length, true);
    view.setUint32(whole.length - 6, directory, true);
    expectRefused(() => openNpz(whole, "bomb.npz").read("a"), "unpacks to more than 1000 bytes", WORKING);
  });

  it("a picture takes what its header says, and one whose data goes on is refused", () => {
    const kind = { width: 1, height: 1, depth: 8, colourType: 0, interlaced: false };
    const bomb = pngOf(["IHDR", ihdr(kind)], ["IDAT", zlibSync(zeros)]);
    expectRefused(() => readPng(bomb, "bomb.png"), "unpacks to more than 2 bytes", WORKING);
  });

  it("a picture of more than 256 MiB, or of more than its data can unpack to, is refused before anything is taken", () => {
    const huge = { width: 8000, height: 8000, depth: 16, colourType: 6, interlaced: false };
    const data = zlibSync(zeros.subarray(0, 1000));
    expect(maxPngBytes).toBe(256 * MiB);
    expectRefused(
      () => readPng(pngOf(["IHDR", ihdr(huge)], ["IDAT", data]), "h.png"),
      "512008000 bytes of samples",
      MiB,
    );
    const large = { ...huge, depth: 8, interlaced: true };
    expectRefused(() => readPng(pngOf(["IHDR", ihdr(large)], ["IDAT", data]), "l.png"), "cannot unpack to", MiB);
  });
});
