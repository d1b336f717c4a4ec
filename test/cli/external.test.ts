import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ModelProtoSchema } from "../../src/nn/onnx/onnx_pb.js";
import { twoLogits } from "../nn/one-logit.js";
import { blindsight, buildIfStale } from "./blindsight.js";

let folder: string;
beforeAll(() => {
  buildIfStale();
  folder = mkdtempSync(join(tmpdir(), "blindsight-external-"));
  const proto = fromBinary(ModelProtoSchema, twoLogits());
  const weights = proto.graph!.initializer.find(({ name }) => name === "0.weight")!;
  writeFileSync(join(folder, "weights.data"), weights.rawData);
  const entry = (key: string, value: string) => ({ $typeName: "onnx.StringStringEntryProto" as const, key, value });
  const save = (name: string, location: string) => {
    Object.assign(weights, {
      rawData: new Uint8Array(),
      dataLocation: 1,
      externalData: [entry("location", location), entry("offset", "0"), entry("length", "400")],
    });
    writeFileSync(join(folder, name), toBinary(ModelProtoSchema, proto));
  };
  save("model.onnx", "weights.data");
  save("lost.onnx", "lost.data");
  save("huge.onnx", "huge.data");
  writeFileSync(join(folder, "huge.data"), "");
  truncateSync(join(folder, "huge.data"), 2 ** 33); // sparse: it takes no room
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const depth = (model: string) => blindsight(["depth", "--model", model], folder);

it("weights in a file beside the model are read", () => {
  const { status, stdout, stderr } = depth("model.onnx");
  expect(status, stderr).toBe(0);
  expect(stdout).toBe(blindsight(["depth", "--model", "rl1-phantom"], folder).stdout);
});

it("a file that is not there, or is no network's, is one line", () => {
  const lost = depth("lost.onnx");
  expect(lost.status).toBe(2);
  expect(lost.stderr).toMatch(
    /^blindsight: lost\.onnx: tensor "0\.weight" keeps its data in another file, "lost\.data" — Put the file beside/,
  );
  const huge = depth("huge.onnx");
  expect(huge.status).toBe(2);
  expect(huge.stderr).toMatch(/huge\.data has 8589934592 bytes, more than 268435456 — take a smaller network/);
});
