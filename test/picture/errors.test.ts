/** Where a length is wrong, a patient's name stands in the place of tags, VRs and lengths: no error repeats it. */
import { expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { readPicture } from "../../src/picture/index.js";
import { writePng } from "../data/png-bytes.js";
import { leakOf, name, planted } from "./planted.js";

async function failureOf(bytes: Uint8Array): Promise<unknown> {
  return readPicture(bytes, { frame: 1 }).then(
    () => undefined,
    (error) => error,
  );
}

it("the detector sees a name, a part of one, and numbers made of it", () => {
  const seen = (text: string) => leakOf(new Error("it cannot be read", { cause: new Error(text) })) !== undefined;
  const little = (letters: string) => Buffer.from(letters).readUInt32LE(0);
  const tag = `(${Buffer.from("QZ").toString("hex")},${Buffer.from("WX").toString("hex")})`;
  for (const text of [name, "has the VR KV", `claims ${little("XW^K")} bytes`, `${tag} comes after`]) {
    expect(seen(text), text).toBe(true);
  }
  expect(seen("(0028,0010) claims 4 bytes, 3 are left")).toBe(false);
});

it("of a PNG, too: a chunk whose name is none of the standard's is not named", async () => {
  const png = writePng({ width: 2, height: 2, depth: 8, colourType: 0, interlaced: false, samples: [1, 2, 3, 4] });
  const text = [...name].map((letter) => letter.charCodeAt(0));
  // Where a chunk should begin, and its name: four letters of the patient's.
  const errors = [];
  for (const length of [
    [0, 0, 0, 2],
    [127, 0, 0, 0],
  ]) {
    errors.push(
      await failureOf(Uint8Array.from([...png.subarray(0, 33), ...length, ...text.slice(5, 9), ...text, 0, 0])),
    );
  }
  for (const error of errors) {
    expect((error as Error).message).toMatch(/chunk at byte 33/);
    expect(leakOf(error)).toBeUndefined();
  }
});

it.each(planted)("%s: with any byte at 0, at its most, longer or shorter by a few", async (_, bytes) => {
  expect(await failureOf(bytes)).toBeUndefined();
  let refused = 0;
  for (let at = 132; at < bytes.length; at++) {
    for (const value of [0, 255, ...[1, 2, 4, 8].flatMap((by) => [bytes[at] + by, bytes[at] - by])]) {
      const changed = bytes.slice();
      changed[at] = value;
      const error = await failureOf(changed);
      if (error === undefined) continue;
      refused++;
      expect(error).toBeInstanceOf(FormatError);
      expect(leakOf(error), `byte ${at} is ${value & 255}`).toBeUndefined();
    }
  }
  expect(refused).toBeGreaterThan(500);
});
