import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, NodeProtoSchema } from "../../src/nn/onnx/onnx_pb.js";
import { readTensor } from "../../src/nn/onnx/tensor.js";

const file = fileURLToPath(new URL("../../models/rl1-phantom.onnx", import.meta.url));

/** RL-1 as it was trained: two logits. */
export const twoLogits = (): Uint8Array => readFileSync(file);

/**
 * RL-1 as a head for a binary cross-entropy would have it: one logit, the second less the first, so that sigmoid of the one is
 * softmax of the two.
 * @param options.sigmoid ends the graph with a Sigmoid; `threshold` and `positive` go into its card
 */
export function oneLogit(options: { sigmoid?: boolean; threshold?: number; positive?: number } = {}): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, twoLogits());
  const graph = proto.graph!;
  for (const name of ["5.weight", "5.bias"]) {
    const old = graph.initializer.find((tensor) => tensor.name === name)!;
    const { values } = readTensor(old, name);
    const half = values.length / 2;
    const difference = Array.from({ length: half }, (_, k) => values[half + k] - values[k]);
    const dims = [1n, ...old.dims.slice(1)];
    Object.assign(old, { dims, dataType: 11, doubleData: difference, floatData: [], rawData: new Uint8Array() });
  }
  if (options.sigmoid) {
    graph.node.push(create(NodeProtoSchema, { opType: "Sigmoid", input: ["logits"], output: ["probability"] }));
    graph.output[0].name = "probability";
  }
  const card = proto.metadataProps.find(({ key }) => key === "blindsight")!;
  const { threshold, positive } = { ...JSON.parse(card.value), ...options };
  card.value = JSON.stringify({ ...JSON.parse(card.value), threshold, positive });
  return toBinary(ModelProtoSchema, proto);
}
