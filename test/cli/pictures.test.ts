import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawPhantom } from "../../src/data/phantom.js";
import { ModelProtoSchema } from "../../src/nn/onnx/onnx_pb.js";
import { writePng } from "../data/png-bytes.js";
import { imageOf, type Part } from "../picture/dicom-bytes.js";
import { baselineJpeg } from "../picture/jpeg-bytes.js";
import { blindsight, buildIfStale } from "./blindsight.js";

const model = fileURLToPath(new URL("../../models/rl1-phantom.onnx", import.meta.url));
let folder: string;
const run = (...args: string[]) => blindsight(["diagnose", "--device", "cpu", "--seed", "3", ...args], folder);

/** The same network, for breast ultrasound as its card says. */
function forUltrasound(): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, readFileSync(model));
  const card = proto.metadataProps.find(({ key }) => key === "blindsight")!;
  card.value = JSON.stringify({ ...JSON.parse(card.value), name: "for-ultrasound", modality: ["US", "IVUS"] });
  return toBinary(ModelProtoSchema, proto);
}

beforeAll(() => {
  buildIfStale();
  folder = mkdtempSync(join(tmpdir(), "blindsight-pictures-"));
  const put = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes);
  const values = Array.from(drawPhantom(9, 1).pixels);
  const kind = { rows: 28, columns: 28 };
  const window: Part[] = [
    [0x00281050, "DS", "128"],
    [0x00281051, "DS", "256"],
  ];
  const patient: Part = [0x00100010, "PN", "Doe^Jane"];
  const png = { width: 28, height: 28, depth: 8, colourType: 0, interlaced: false };
  put("x.png", writePng({ ...png, samples: values }));
  put("x.dcm", imageOf(kind, values, [...window, patient]));
  put("ct.dcm", imageOf(kind, values, [...window, patient, [0x00080060, "CS", "CT"]]));
  put("frames.dcm", imageOf({ ...kind, frames: 2 }, [...values.map(() => 0), ...values], window));
  put("x.jpg", baselineJpeg({ width: 28, height: 28, values }));
  put("us.onnx", forUltrasound());
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a PNG, a DICOM, its frame and, nearly, a JPEG of one picture are diagnosed alike", () => {
  const ways = [["x.png"], ["x.dcm"], ["frames.dcm", "--frame", "2"], ["x.jpg"]];
  const [png, dicom, frame, jpeg] = ways.map(([file, ...more]) => {
    const { status, stdout, stderr } = run("--model", "rl1-phantom", "--image", file, ...more, "--json");
    expect(status, stderr).toBe(0);
    expect(stdout + stderr).not.toContain("Jane");
    return JSON.parse(stdout).clearProbabilities as number[];
  });
  for (const [k, value] of png.entries()) {
    expect(dicom[k]).toBeCloseTo(value, 9);
    expect(frame[k]).toBeCloseTo(value, 9);
    expect(jpeg[k]).toBeCloseTo(value, 1);
  }
});

describe("answered in one line", () => {
  it.each<[string, string[], RegExp]>([
    [
      "another modality than the card's",
      ["--model", "us.onnx", "--image", "ct.dcm"],
      /ct\.dcm is a DICOM of modality CT, for-ultrasound is for US or IVUS — .*--any-modality/,
    ],
    ["several frames", ["--model", "rl1-phantom", "--image", "frames.dcm"], /frames\.dcm has 2 frames — .*--frame/],
    ["a frame too far", ["--model", "rl1-phantom", "--image", "frames.dcm", "--frame", "3"], /no frame 3/],
    [
      "a frame of a PNG",
      ["--model", "rl1-phantom", "--image", "x.png", "--frame", "2"],
      /x\.png has one frame, no frame 2/,
    ],
    ["frame 0", ["--image", "x.dcm", "--frame", "0"], /--frame 0 is not a whole number in range/],
    ["a frame of a data set", ["--model", "rl1-phantom", "--frame", "1"], /--frame goes with --image/],
  ])("%s", (_, args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^blindsight: [^\n]+ — [^\n]+\n$/);
    expect([status, stdout]).toEqual([2, ""]);
  });

  it("but --any-modality takes it", () => {
    const { status, stderr } = run("--model", "us.onnx", "--image", "ct.dcm", "--any-modality", "--json");
    expect(status, stderr).toBe(0);
  });
});
