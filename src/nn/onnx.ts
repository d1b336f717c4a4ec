import { fromBinary } from "@bufbuild/protobuf";
import { FormatError, UnsupportedLayerError } from "../errors.js";
import type { Network, Shape } from "./graph.js";
import { readCard } from "./onnx/card.js";
import { labelOf, OperatorNode } from "./onnx/node.js";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType,
  type ValueInfoProto,
} from "./onnx/onnx_pb.js";
import { readOperator } from "./onnx/operators.js";
import { quoted } from "./onnx/quoted.js";
import { dimsOf, expectMapSize, layersUpTo, type Stage, settle, signalOf, type Value } from "./onnx/signal.js";
import { readTensor } from "./onnx/tensor.js";
import { shapeText } from "./shapes.js";

/** Each node may hold memory of its own, so that a small hostile file could otherwise ask for any amount. */
const MOST_NODES = 2048;

/**
 * Reads an ONNX model: one chain of layers from one image to its logits, weights as initializers or Constant nodes in
 * float32 or float64. Operators: see `onnx/operators.ts`; element-wise arithmetic is read as a polynomial per channel,
 * of degree 2 at most. A batch that is dynamic counts as 1. A Softmax at the end is dropped: the key holder computes
 * probabilities from the decrypted logits (see `softmax`).
 * @param onNote is told, in a sentence, of what was left out
 * @throws FormatError for bytes that are not an ONNX model, or a damaged one.
 * @throws UnsupportedLayerError for an operator, a graph or a shape that cannot be read.
 */
export function importOnnx(bytes: Uint8Array, onNote?: (note: string) => void): Network {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("bytes must be a Uint8Array");
  const { graph, opset, metadata } = decode(bytes);
  const { last, input } = walk(graph, opset, onNote);
  if (last.shape.height * last.shape.width !== 1) {
    throw new UnsupportedLayerError(
      `the graph ends with a ${shapeText(last.shape)} feature map instead of logits`,
      "End the network with GlobalAveragePool or Flatten and Gemm.",
    );
  }
  const layers = layersUpTo(last);
  if (layers.length === 0) {
    throw new UnsupportedLayerError(
      "the graph has no layer between its input and its output",
      "Export a trained network.",
    );
  }
  const classes = last.shape.channels;
  return { input, layers, classes, card: readCard(metadata, { name: graph.name, input, classes }) };
}

function decode(bytes: Uint8Array): { graph: GraphProto; opset: number; metadata?: string } {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw notOnnx("the file is damaged, cut short, or of another kind", error);
  }
  const { graph, opsetImport, metadataProps } = model;
  if (!graph || graph.node.length === 0) throw notOnnx("it holds no graph");
  const standard = opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx");
  if (graph.node.length > MOST_NODES) {
    throw new UnsupportedLayerError(
      `the graph has ${graph.node.length} nodes, more than ${MOST_NODES}`,
      "Networks of that depth cannot be encrypted.",
    );
  }
  if (!standard) throw notOnnx("it names no operator set, as a file that was cut short");
  const metadata = metadataProps.find(({ key }) => key === "blindsight")?.value;
  return { graph, opset: Number(standard.version), metadata };
}

function walk(graph: GraphProto, opset: number, onNote?: (note: string) => void): { last: Stage; input: Shape } {
  const initializers = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  const source = single(
    "input",
    graph.input.filter(({ name }) => !initializers.has(name)),
  );
  const target = single("output", graph.output);
  const start = imageOf(source);
  const values = new Map<string, Value>([[source.name, signalOf(start)]]);

  // Initializers are read when a node asks for them: one that nothing uses may have any type.
  const lookUp = (name: string): Value | undefined => {
    const initializer = initializers.get(name);
    if (!values.has(name) && initializer) values.set(name, readTensor(initializer, name));
    return values.get(name);
  };
  for (const [index, proto] of graph.node.entries()) {
    const inputs = proto.input.map((name) => {
      const value = name === "" ? undefined : lookUp(name);
      if (name === "" || value) return value;
      throw new FormatError(
        `${labelOf(proto, index)} reads ${quoted(name)}, which nothing before it makes`,
        "The file is damaged or was written wrongly: export the model again.",
      );
    });
    const node = new OperatorNode(proto, inputs, opset, index);
    if (node.output === "" || lookUp(node.output))
      throw node.malformed(`makes ${quoted(node.output)}, which is no new name`);
    values.set(node.output, node.operator === "Softmax" ? dropSoftmax(node, target.name, onNote) : readOperator(node));
  }
  const result = lookUp(target.name);
  if (result?.kind !== "signal") {
    throw new FormatError(
      `the graph's output ${quoted(target.name)} does not depend on its input`,
      "The file is damaged or was written wrongly: export the model again.",
    );
  }
  return { last: settle(result, `output ${quoted(target.name)}`), input: start.shape };
}

function dropSoftmax(node: OperatorNode, target: string, onNote?: (note: string) => void): Value {
  const signal = node.signal(0);
  const { length } = dimsOf(signal.stage);
  const axis = node.integer("axis", node.opset < 13 ? 1 : -1);
  if (node.output !== target || (axis < 0 ? axis + length : axis) !== 1) {
    throw node.unsupported(
      "Softmax cannot be encrypted",
      "Softmax over the classes may only be the last node: there it is dropped.",
    );
  }
  onNote?.(`${node.label} was dropped: the key holder computes the probabilities from the decrypted logits.`);
  return signal;
}

function single(kind: "input" | "output", values: readonly ValueInfoProto[]): ValueInfoProto {
  if (values.length === 1) return values[0];
  const names = values.slice(0, 4).map(({ name }) => quoted(name));
  throw new UnsupportedLayerError(
    `the graph has ${values.length} ${kind}s${names.length > 0 ? ` (${names.join(", ")}${values.length > 4 ? ", ..." : ""})` : ""}`,
    `It must have one ${kind}, ${kind === "input" ? "the image; weights must be initializers" : "the logits"}.`,
  );
}

/** The input of the graph as the first stage: [batch, channels, height, width], or [batch, features]. */
function imageOf({ name, type }: ValueInfoProto): Stage {
  const label = `input ${quoted(name)}`;
  const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
  if (!tensor?.shape)
    throw new FormatError(`${label} has no tensor shape`, "Export the model with the shape of its input.");
  const { FLOAT, DOUBLE } = TensorProto_DataType;
  if (tensor.elemType !== FLOAT && tensor.elemType !== DOUBLE) {
    const typeName = TensorProto_DataType[tensor.elemType] ?? tensor.elemType;
    throw new UnsupportedLayerError(`${label} has type ${typeName}`, "Export a model that takes float32.");
  }
  const dims = tensor.shape.dim.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : undefined));
  if (dims.length !== 2 && dims.length !== 4) {
    throw new UnsupportedLayerError(
      `${label} has ${dims.length} dimensions`,
      "It must be [batch, channels, height, width] or [batch, features].",
    );
  }
  const [batch = 1, channels = 0, height = dims.length === 2 ? 1 : 0, width = dims.length === 2 ? 1 : 0] = dims;
  if (batch > 1) {
    throw new UnsupportedLayerError(`${label} has batch size ${batch}`, "Export with batch size 1 or a dynamic batch.");
  }
  const shape = { channels, height, width };
  if (Object.values(shape).some((extent) => !(Number.isSafeInteger(extent) && extent >= 1))) {
    throw new UnsupportedLayerError(
      `${label} has a size that is not fixed: [batch, ${dims
        .slice(1)
        .map((dim) => dim ?? "?")
        .join(", ")}]`,
      "Export with fixed channels, height and width; only the batch may be dynamic.",
    );
  }
  expectMapSize(shape, label);
  return { shape, flat: dims.length === 2 };
}

function notOnnx(reason: string, cause?: unknown): FormatError {
  return new FormatError(
    `not an ONNX model: ${reason}`,
    "Give the path of an .onnx file as torch.onnx.export writes it, and copy it again if it may be damaged.",
    { cause },
  );
}
