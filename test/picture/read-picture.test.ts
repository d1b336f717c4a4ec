import { expect, it } from "vitest";
import { ParameterError } from "../../src/errors.js";
import { readPicture, requireModality } from "../../src/picture/index.js";
import { readPng } from "../../src/picture/png.js";
import { writePng } from "../data/png-bytes.js";
import { viewsOf } from "../data/views.js";
import { coloursOf, greysOf } from "./greys.js";
import { kinds } from "./kinds.js";

it("a PNG is what readPng reads", async () => {
  const samples = Array.from({ length: 60 }, (_, k) => (k * 7919) % 65536);
  const bytes = writePng({ width: 5, height: 4, depth: 16, colourType: 2, interlaced: true, samples });
  const { picture, ...rest } = await readPicture(bytes);
  expect(rest).toEqual({ format: "png", frames: 1, frame: 1 });
  expect(coloursOf(picture)).toEqual(coloursOf(readPng(bytes, "x")));
});

it.each(kinds)("%s is read from whatever its bytes are a view of, and they stay as they are", async (_, bytes) => {
  const before = bytes.slice();
  const expected = greysOf((await readPicture(bytes, { frame: 1 })).picture);
  for (const [where, view] of viewsOf(bytes)) {
    expect(greysOf((await readPicture(view, { frame: 1 })).picture), where).toEqual(expected);
  }
  expect(bytes).toEqual(before);
});

it("plain misuse is a TypeError or a RangeError", async () => {
  await expect(readPicture("x.dcm" as unknown as Uint8Array)).rejects.toThrow(TypeError);
  for (const frame of [0, -1, 1.5, Number.NaN, 2 ** 60]) {
    await expect(readPicture(kinds[0][1], { frame })).rejects.toThrow(RangeError);
  }
  await expect(readPicture(kinds[0][1], { frame: 2, name: "x.png" })).rejects.toThrow(
    "x.png has one frame, no frame 2",
  );
});

it("a modality is held against a card's where both say one", () => {
  const card = { name: "chest", modality: ["CR", "DX"] };
  for (const modality of ["CR", "DX", undefined]) requireModality({ modality }, card);
  requireModality({ modality: "CT" }, { name: "anything" });
  const refused = () => requireModality({ modality: "CT" }, card, "x.dcm");
  expect(refused).toThrow(ParameterError);
  expect(refused).toThrow("x.dcm is a DICOM of modality CT, chest is for CR or DX");
});
