import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { BlindsightError } from "../../src/errors.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import { ModelProtoSchema, NodeProtoSchema, type TensorProto, TensorProtoSchema } from "../../src/nn/onnx/onnx_pb.js";
import { readTensor } from "../../src/nn/onnx/tensor.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { probabilities } from "../../src/nn/probabilities.js";
import { READ } from "./onnx-vectors-read.js";

// ONNX's own backend test vectors: outputs that ONNX's reference and PyTorch computed.

const data = process.env["BLINDSIGHT_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const folder = `${data}/onnx`;
const present = existsSync(`${folder}/index.json`);
if (!present) console.warn(`ONNX backend vectors skipped: no ${folder}/index.json (set BLINDSIGHT_DATA)`);

interface Vector {
  readonly suite: string;
  readonly name: string;
  readonly ops: readonly string[];
}

const vectors: Vector[] = present ? JSON.parse(readFileSync(`${folder}/index.json`, "utf8")) : [];

/** Vectors whose expected values were typed in with four digits. */
const FOUR_DIGITS = ["test_averagepool_2d_ceil_last_window_starts_on_pad"];

describe.skipIf(!present)("ONNX backend vectors", () => {
  it.each(READ)("%s: interpret(import(model)) is the expected output", (name) => {
    const vector = vectors.find((candidate) => candidate.name === name);
    if (!vector) throw new Error(`${name} is not in ${folder}`);
    const { actual, expected } = run(vector);
    expect(actual.length).toBe(expected.length);
    // The expected values are float32, summed in another order.
    const tolerance = FOUR_DIGITS.includes(name) ? 1e-4 : 1e-6;
    for (const [i, value] of actual.entries()) {
      expect(Math.abs(value - expected[i])).toBeLessThan(tolerance * Math.max(1, Math.abs(expected[i])));
    }
  });

  it.each(vectors.filter(({ name }) => !READ.includes(name)))("$suite/$name: one line and a way out", (vector) => {
    expect(() => run(vector)).toThrow(BlindsightError);
    try {
      run(vector);
    } catch (error) {
      const { message, fix } = error as BlindsightError;
      expect(`${message} ${fix}`).toMatch(/^[^\n]+$/);
    }
  });
});

/**
 * The vector's first input becomes the image, the others become initializers. It is read as one image of all that it holds,
 * reshaped to what the vector takes; where an operator wants a batch, the batch runs image by image.
 */
function run(vector: Vector): { actual: number[]; expected: Float64Array } {
  const { suite, name } = vector;
  const proto = (file: string) =>
    fromBinary(TensorProtoSchema, readFileSync(`${folder}/${suite}/${name}/test_data_set_0/${file}.pb`));
  const { dims, values } = readTensor(proto("input_0"), "input_0");
  const expected = () => readTensor(proto("output_0"), "output_0").values;
  try {
    return { actual: logitsOf(vector, proto, values, dims), expected: expected() };
  } catch (error) {
    if (!(error instanceof BlindsightError) || dims.length < 2) throw error;
    const [batch, ...rest] = dims;
    const size = values.length / batch;
    const actual = Array.from({ length: batch }, (_, n) =>
      logitsOf(vector, proto, values.slice(n * size, (n + 1) * size), [1, ...rest]),
    );
    return { actual: actual.flat(), expected: expected() };
  }
}

function logitsOf(
  { suite, name, ops }: Vector,
  proto: (file: string) => TensorProto,
  values: Float64Array,
  dims: readonly number[],
): number[] {
  const model = fromBinary(ModelProtoSchema, readFileSync(`${folder}/${suite}/${name}/model.onnx`));
  const graph = model.graph;
  if (!graph) throw new Error(`${name} holds no graph`);
  const bound = new Set(graph.initializer.map((initializer) => initializer.name));
  const [image, ...weights] = graph.input.filter((input) => !bound.has(input.name));
  for (const [i, input] of weights.entries()) graph.initializer.push({ ...proto(`input_${i + 1}`), name: input.name });

  const reshape = (from: string, to: string, target: readonly number[]) => {
    const shape = { dims: [BigInt(target.length)], dataType: 7, int64Data: target.map(BigInt), name: `shape of ${to}` };
    graph.initializer.push(create(TensorProtoSchema, shape));
    return create(NodeProtoSchema, { opType: "Reshape", input: [from, shape.name], output: [to] });
  };
  graph.node.unshift(reshape("the image", image.name, dims));
  image.name = "the image";
  if (image.type?.value.case === "tensorType" && image.type.value.value.shape) {
    image.type.value.value.shape.dim = [1, values.length, 1].map((size) => ({
      $typeName: "onnx.TensorShapeProto.Dimension",
      value: { case: "dimValue", value: BigInt(size) },
    }));
  }
  if (graph.output.length === 1) {
    graph.node.push(reshape(graph.output[0].name, "logits", [1, -1]));
    graph.output[0].name = "logits";
  }
  const network = importOnnx(toBinary(ModelProtoSchema, model));
  const logits = interpret(network, values);
  if (!["Softmax", "LogSoftmax", "Sigmoid"].some((operator) => ops.includes(operator))) return [...logits];
  const shares = [...probabilities(logits, network.card)];
  return ops.includes("LogSoftmax") ? shares.map(Math.log) : shares;
}
