/** What errors say can be done: the command, run by itself as it stands there, makes a picture of the file. */
import { execFileSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { readPicture } from "../../src/picture/index.js";
import { bytesOf, Dcmtk, hasDcmtk } from "./dcmtk.js";
import { dicomOf, elementOf, imageOf, imageParts, type Kind, type Part } from "./dicom-bytes.js";
import { greysOf } from "./greys.js";

const dcmtk = new Dcmtk();
afterAll(() => dcmtk.close());

const four: Kind = { rows: 2, columns: 2 };
const pixels = [10, 20, 30, 40];
const data: Part = [0x7fe00010, "OB", Uint8Array.from(pixels)];
const extra = (...parts: Part[]) => imageOf(four, pixels, parts);
const parts = [...imageParts(four), data];
const good = dicomOf(parts);

/** Runs the first command of a way out. */
function follow(fix: string, bytes: Uint8Array, value: string): Uint8Array {
  const command = /`([^`]+)`/.exec(fix)?.[1];
  if (!command) throw new Error(`no command: ${fix}`);
  const [from, to] = [dcmtk.path("dcm"), dcmtk.path("dcm")];
  writeFileSync(from, bytes);
  copyFileSync(from, to);
  const own: Readonly<Record<string, string>> = { IN: from, OUT: to, FILE: to, VALUE: value, CODE: value };
  const named = command.replace(/\b(IN|OUT|FILE|VALUE|CODE)\b/g, (word) => own[word]);
  execFileSync("sh", ["-c", named], { stdio: ["ignore", "ignore", "pipe"] });
  return bytesOf(to);
}

describe.skipIf(!hasDcmtk())("a named command makes it readable", () => {
  it.each<[string, Uint8Array, string, string?]>([
    ["a window of no width", extra([0x00281050, "DS", "2"], [0x00281051, "DS", "0"]), "dcmodify"],
    ["a window that is no number", extra([0x00281050, "DS", "a"], [0x00281051, "DS", "1"]), "dcmodify"],
    ["a centre without a width", extra([0x00281050, "DS", "2"]), "dcmodify"],
    ["a width without a centre", extra([0x00281051, "DS", "2"]), "dcmodify"],
    ["an empty slope", extra([0x00281052, "DS", "0"], [0x00281053, "DS", ""]), "dcmodify", "1"],
    ["no intercept", extra([0x00281053, "DS", "1"]), "dcmodify", "0"],
    ["a slope of 0", extra([0x00281052, "DS", "0"], [0x00281053, "DS", "0"]), "dcmodify", "1"],
    ["a slope that is no number", extra([0x00281052, "DS", "0"], [0x00281053, "DS", "x"]), "dcmodify", "1"],
    ["a modality in small letters", extra([0x00080060, "CS", "us"]), "dcmodify", "US"],
    ["no frames", imageOf({ ...four, frames: 0 }, pixels), "dcmodify"],
    ["frames that are no number", imageOf({ ...four, frames: "1A" }, pixels), "dcmodify"],
    ["pixels with one side", extra([0x00280030, "DS", "0\\1"]), "dcmodify"],
    ["no rows", dicomOf(parts.filter(([tag]) => tag !== 0x00280010)), "dcmodify", "2"],
    ["two numbers of rows", extra([0x00280010, "US", [2, 2]]), "dcmodify", "2"],
    ["more pixels than said", imageOf(four, [...pixels, 1, 2]), "dcmcrle"],
    ["tags that do not ascend", dicomOf([], undefined, [...parts].reverse().flatMap(elementOf)), "dcmconv"],
    ["a VR of old dcmtk's", extra([0x00091010, "??", "x"]), "dcmconv"],
    [
      "no length of the meta information",
      Uint8Array.from([...good.subarray(0, 132), ...good.subarray(144)]),
      "dcmconv",
    ],
    ["meta information with more in it", withMeta(elementOf([0x00080016, "UI", "1.2"]).length), "dcmconv"],
  ])("%s", async (_, bytes, program, value = "") => {
    const error = await readPicture(bytes).then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(FormatError);
    expect(error.fix).toContain(`\`${program} `);
    const { picture } = await readPicture(follow(error.fix, bytes, value));
    expect(greysOf(picture)).toEqual([0, 85, 170, 255]);
  });
});

it("what is built well is not sent to dcmconv", async () => {
  for (const bytes of [extra([0x00281050, "DS", "2"]), imageOf(four, [1, 2]), good.subarray(0, -1)]) {
    await expect(readPicture(bytes)).rejects.toSatisfy(({ fix }: FormatError) => !fix.includes("dcmconv"));
  }
});

it("in a sequence, where dcmodify would add another one, there is nothing to run", async () => {
  const window: Part[] = [
    [0x00281050, "DS", "2"],
    [0x00281051, "DS", "0"],
  ];
  const bytes = extra([0x52009229, "SQ", [[[0x00289132, "SQ", [window]]]]]);
  await expect(readPicture(bytes)).rejects.toMatchObject({ fix: "export it again from where it comes from" });
});

function withMeta(more: number): Uint8Array {
  const bytes = dicomOf([[0x00080016, "UI", "1.2"], ...parts.filter(([tag]) => tag !== 0x00080016)]);
  const view = new DataView(bytes.buffer);
  view.setUint32(140, view.getUint32(140, true) + more, true);
  return bytes;
}
