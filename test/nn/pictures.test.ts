import { describe, expect, test } from "vitest";
import { FormatError, ParameterError } from "../../src/errors.js";
import { calibrationFrom, imageFrom, imageFromPng, type Network } from "../../src/nn/index.js";
import { readPng } from "../../src/picture/png.js";
import { writePng } from "../data/png-bytes.js";
import { networkOf, RandomLayers, uniform } from "./random-network.js";

const make = new RandomLayers(uniform(2));
const network = (input: number[]): Network =>
  networkOf(input, [
    { op: "flatten" },
    make.linear(
      input.reduce((a, b) => a * b),
      2,
    ),
  ]);
const grey = network([1, 4, 4]);
const colour = network([3, 4, 4]);
/** Pixels of 4×4: red, green and blue by place. */
const rgb = Uint8Array.from({ length: 48 }, (_, i) => (i * 37) % 256);
const plane = (channel: number) => Array.from({ length: 16 }, (_, k) => rgb[3 * k + channel]);
const units = (values: readonly number[]) => values.map((value) => value / 127.5 - 1);
const close = (got: Float64Array, wanted: readonly number[]) => {
  expect(got.length).toBe(wanted.length);
  for (const [k, value] of wanted.entries()) expect(got[k]).toBeCloseTo(value, 12);
};

describe("an image from what apps have", () => {
  test("RGB for a network of three channels is plane after plane, for one of one channel its luma", () => {
    const pixels = { data: rgb, width: 4, height: 4 };
    close(imageFrom(pixels, colour), units([...plane(0), ...plane(1), ...plane(2)]));
    const luma = plane(0).map((red, k) => 0.299 * red + 0.587 * plane(1)[k] + 0.114 * plane(2)[k]);
    close(imageFrom(pixels, grey), units(luma));
  });

  test("an ImageData's alpha is composited on black, a grey picture is the same in all channels", () => {
    const data = Uint8ClampedArray.from({ length: 64 }, (_, i) => (i % 4 === 3 ? 51 : rgb[3 * (i >> 2) + (i % 4)]));
    const dimmed = [0, 1, 2].flatMap((channel) => plane(channel).map((value) => value * 0.2));
    close(imageFrom({ data, width: 4, height: 4 }, colour), units(dimmed));
    const one = { data: Uint8Array.from(plane(1)), width: 4, height: 4 };
    close(imageFrom(one, colour), units([...plane(1), ...plane(1), ...plane(1)]));
  });

  test("the bytes of a PNG, its centre square resampled by means over areas", async () => {
    const wide = Uint8Array.from({ length: 3 * 12 * 8 }, (_, i) => (i * 29) % 256);
    const png = writePng({ width: 12, height: 8, colourType: 2, depth: 8, interlaced: false, samples: wide });
    const got = await imageFromPng(png, colour);
    expect(await calibrationFrom([png], colour)).toEqual([got]);
    // Columns 2 to 9, each result the mean of 2×2.
    const at = (channel: number, y: number, x: number) => wide[3 * (y * 12 + 2 + x) + channel];
    const wanted = [0, 1, 2].flatMap((c) =>
      Array.from({ length: 16 }, (_, k) => {
        const [y, x] = [2 * Math.floor(k / 4), 2 * (k % 4)];
        return (at(c, y, x) + at(c, y, x + 1) + at(c, y + 1, x) + at(c, y + 1, x + 1)) / 4;
      }),
    );
    close(got, units(wanted));
  });

  test("a picture as `readPicture` gives it, its fractions kept, and no value outside of 0..255", () => {
    const samples = Array.from({ length: 16 }, (_, k) => k * 4321);
    const png = writePng({ width: 4, height: 4, colourType: 0, depth: 16, interlaced: false, samples });
    const picture = readPng(png, "x");
    close(imageFrom(picture, grey), units(samples.map((sample) => sample / 257)));
    for (const value of [-1, 256, Number.NaN]) {
      expect(() => imageFrom({ ...picture, grey: () => value }, grey)).toThrow(ParameterError);
    }
    expect(() => imageFrom({ ...picture, width: 0 }, grey)).toThrow("0×4 pixels");
  });

  test("a network that is not square gets the part with its proportions, undistorted", () => {
    const wide = network([1, 2, 4]);
    const data = Uint8Array.from({ length: 24 }, (_, i) => 10 * i); // 6 rows of 4
    const at = (row: number) => [0, 1, 2, 3].map((x) => (10 * (4 * row + x)) % 256);
    close(imageFrom({ data, width: 4, height: 6 }, wide), units([...at(2), ...at(3)]));
  });

  test("planes one after the other are read as such where that is said, alpha among them", () => {
    const planes = Uint8Array.from([0, 1, 2].flatMap(plane));
    const pixels = { data: rgb, width: 4, height: 4, colorSpace: "srgb" };
    const planar = { data: planes, width: 4, height: 4, planar: true };
    for (const of of [colour, grey]) expect(imageFrom(planar, of)).toEqual(imageFrom(pixels, of));
    const veiled = { ...planar, data: Uint8Array.from([...planes, ...Array(16).fill(51)]) };
    close(imageFrom(veiled, colour), units([...planes].map((value) => value * 0.2)));
    const one = { data: Uint8Array.from(plane(1)), width: 4, height: 4 };
    expect(imageFrom({ ...one, planar: true }, grey)).toEqual(imageFrom(one, grey));
  });

  test("values that are in the network's units already stay what they are", () => {
    const values = make.array(16, -1, 1);
    expect(imageFrom(values, grey)).toEqual(values);
    expect(imageFrom([...values], grey)).toEqual(values);
  });

  test("what is no picture, or none of this network's, is one error", async () => {
    const refuse = (source: unknown, of = grey) => expect(() => imageFrom(source as never, of));
    refuse({ data: rgb, width: 5, height: 4 }).toThrow(ParameterError);
    refuse({ data: rgb, width: 0, height: 4 }).toThrow(ParameterError);
    refuse({ data: rgb, width: 1e9, height: 1e9 }).toThrow(ParameterError);
    refuse({ data: new Uint8ClampedArray(64), width: 4, height: 4 }).toThrow(/transparent in all/);
    for (const data of [new Float64Array(16), new Uint16Array(48), new Int8Array(16)]) {
      refuse({ data, width: 4, height: 4 }).toThrow(ParameterError);
      refuse({ data, width: 4, height: 4 }).toThrow(/not bytes/);
    }
    refuse({ data: [...rgb], width: 4, height: 4 }).toThrow(TypeError);
    refuse({ data: rgb, width: 4, height: 4, colorSpace: "display-p3" }).toThrow(/display-p3, networks take sRGB/);
    refuse({ data: rgb, width: 4, height: 4, planar: 1 }).toThrow(TypeError);
    const planes = new Uint8Array(64).fill(255, 0, 48); // its alpha plane is 0, no pixel's fourth number is
    refuse({ data: planes, width: 4, height: 4, planar: true }).toThrow(/transparent in all/);
    refuse(undefined).toThrow(TypeError);
    refuse(Uint8Array.of(1, 2, 3)).toThrow(TypeError);
    refuse([1, 2]).toThrow(ParameterError);
    refuse({ data: rgb, width: 4, height: 4 }, network([16])).toThrow(/16 values/);
    await expect(imageFromPng(Uint8Array.of(1, 2, 3), grey)).rejects.toThrow(FormatError);
    await expect(imageFromPng([1, 2] as never, grey)).rejects.toThrow(TypeError);
    await expect(imageFromPng(Uint8Array.of(1), network([16]))).rejects.toThrow(ParameterError);
  });

  test("a loader is asked for no more than the limit, says how far it is, and can be ended", async () => {
    let asked = 0;
    async function* loader() {
      for (;;) {
        asked++;
        yield { data: rgb, width: 4, height: 4 };
      }
    }
    const seen: number[] = [];
    const images = await calibrationFrom(loader(), grey, { limit: 3, onProgress: (count) => seen.push(count) });
    expect(images).toHaveLength(3);
    expect(asked).toBe(3);
    expect(seen).toEqual([1, 2, 3]);
    expect(await calibrationFrom([images[0]], grey)).toEqual([images[0]]);
    for (const limit of [0, Number.NaN, Number.POSITIVE_INFINITY, 1.5]) {
      await expect(calibrationFrom(loader(), grey, { limit })).rejects.toThrow(RangeError);
    }
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    await expect(calibrationFrom(loader(), grey, { signal: controller.signal })).rejects.toThrow("enough");
  });

  test("a loader that is not asynchronous lets others have a turn: what they end ends", async () => {
    function* loader() {
      for (;;) {
        const begin = performance.now();
        while (performance.now() - begin < 2);
        yield { data: rgb, width: 4, height: 4 };
      }
    }
    const controller = new AbortController();
    setImmediate(() => controller.abort(new Error("enough")));
    const seen: number[] = [];
    const loading = calibrationFrom(loader(), grey, {
      limit: 1000,
      signal: controller.signal,
      onProgress: (count) => seen.push(count),
    });
    await expect(loading).rejects.toThrow("enough");
    expect(seen.length).toBeGreaterThan(0);
  });
});
