import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { BlindsightError } from "../../src/errors.js";
import { interpret } from "../../src/nn/interpret.js";
import { ModelProtoSchema, NodeProtoSchema, TensorProtoSchema } from "../../src/nn/onnx/onnx_pb.js";
import { readTensor } from "../../src/nn/onnx/tensor.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { probabilities } from "../../src/nn/probabilities.js";

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

const READ = [
  "test_averagepool_2d_precomputed_strides",
  "test_basic_conv_without_padding",
  "test_batchnorm_example",
  "test_div_example",
  "test_dropout_default",
  "test_dropout_random_old",
  "test_flatten_axis0",
  "test_flatten_axis1",
  "test_flatten_default_axis",
  "test_gemm_default_vector_bias",
  "test_globalaveragepool",
  "test_identity",
  "test_matmul_2d",
  "test_neg",
  "test_reshape_negative_extended_dims",
  "test_sub_example",
  "test_training_dropout_zero_ratio",
  "test_AvgPool2d",
  "test_BatchNorm2d_eval",
  "test_Conv2d",
  "test_Conv2d_no_bias",
  "test_Sigmoid",
  "test_Softmin",
  "test_operator_add_broadcast",
  "test_operator_add_size1_right_broadcast",
  "test_operator_flatten",
  "test_operator_mm",
  "test_single_relu_model",
];

describe.skipIf(!present)("ONNX backend vectors", () => {
  it.each(READ)("%s: interpret(import(model)) is the expected output", (name) => {
    const vector = vectors.find((candidate) => candidate.name === name);
    if (!vector) throw new Error(`${name} is not in ${folder}`);
    const { actual, expected } = run(vector);
    expect(actual.length).toBe(expected.length);
    // The expected values are float32, summed in another order.
    for (const [i, value] of actual.entries()) {
      expect(Math.abs(value - expected[i])).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected[i])));
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
 * The vector's first input becomes the image, the others become initializers. A batch runs image by image, a batch
 * dimension is put before odd ranks, and a feature map at the end is flattened into logits.
 */
function run({ suite, name, ops }: Vector): { actual: number[]; expected: Float64Array } {
  const path = `${folder}/${suite}/${name}`;
  const proto = (file: string) => fromBinary(TensorProtoSchema, readFileSync(`${path}/test_data_set_0/${file}.pb`));
  const model = fromBinary(ModelProtoSchema, readFileSync(`${path}/model.onnx`));
  const graph = model.graph;
  if (!graph) throw new Error(`${name} holds no graph`);
  const bound = new Set(graph.initializer.map((initializer) => initializer.name));
  const [image, ...weights] = graph.input.filter((input) => !bound.has(input.name));
  for (const [i, input] of weights.entries()) graph.initializer.push({ ...proto(`input_${i + 1}`), name: input.name });

  const input = readTensor(proto("input_0"), "input_0");
  const [batch, ...sizes] = input.dims.length % 2 === 0 ? input.dims : [1, ...input.dims];
  if (image.type?.value.case === "tensorType" && image.type.value.value.shape) {
    image.type.value.value.shape.dim = [1, ...sizes].map((size) => ({
      $typeName: "onnx.TensorShapeProto.Dimension",
      value: { case: "dimValue", value: BigInt(size) },
    }));
  }
  if (sizes.length === 3 && graph.output.length === 1) {
    graph.node.push(create(NodeProtoSchema, { opType: "Flatten", input: [graph.output[0].name], output: ["logits"] }));
    graph.output[0].name = "logits";
  }
  const network = importOnnx(toBinary(ModelProtoSchema, model));
  const dropped = ["Softmax", "Sigmoid"].some((operator) => ops.includes(operator));
  const finish = (logits: Float64Array) => (dropped ? probabilities(logits, network.card) : logits);
  const actual = Array.from({ length: batch }, (_, n) => {
    const size = input.values.length / batch;
    return [...finish(interpret(network, input.values.slice(n * size, (n + 1) * size)))];
  }).flat();
  return { actual, expected: readTensor(proto("output_0"), "output_0").values };
}
