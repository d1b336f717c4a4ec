import { FormatError, UnsupportedLayerError } from "../../errors.js";
import type { NetworkCard } from "../graph/network.js";
import { expectMapSize } from "../graph/shapes.js";
import { labelOf } from "./attributes.js";
import { Budget } from "./budget.js";
import type { ExternalFile } from "./external.js";
import { OperatorNode } from "./node.js";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType,
  type ValueInfoProto,
} from "./onnx_pb.js";
import { readOperator } from "./operators.js";
import { quoted } from "./quoted.js";
import { materialized } from "./settle.js";
import { asTail, type Signal, signalOf, type Value } from "./signal.js";
import { imageStage, type Stage } from "./stage.js";
import { isFloat, readTensor } from "./tensor.js";

export interface WalkOptions {
  readonly opset: number;
  readonly note?: (text: string) => void;
  readonly external?: ExternalFile;
}

/**
 * Follows the nodes from the graph's input to its output.
 * @returns the last stage, and what its logits were to become where the graph says so
 */
export function walk(graph: GraphProto, options: WalkOptions): { last: Stage; activation?: NetworkCard["activation"] } {
  const { opset, note = () => {}, external } = options;
  const initializers = initializersOf(graph);
  const source = single(
    "input",
    graph.input.filter(({ name }) => !initializers.has(name)),
  );
  const target = single("output", graph.output);
  const values = new Map<string, Value>([[source.name, imageOf(source)]]);
  const budget = new Budget();

  // Initializers are read when a node asks for them: one that nothing uses may have any type.
  const lookUp = (name: string): Value | undefined => {
    const initializer = initializers.get(name);
    if (!values.has(name) && initializer) {
      const tensor = readTensor(initializer, name, external);
      budget.spend([tensor]);
      values.set(name, tensor);
    }
    return values.get(name);
  };
  for (const [index, proto] of graph.node.entries()) {
    const inputs = proto.input.map((name) => {
      const value = name === "" ? undefined : lookUp(name);
      if (name === "" || value) return value;
      throw unmade(graph, proto, index, name);
    });
    const node = new OperatorNode(proto, inputs, opset, index, note);
    const taken = proto.output.find((name, k) => name !== "" && (lookUp(name) || proto.output.indexOf(name) < k));
    const [first = ""] = node.outputs;
    if (first === "" || taken !== undefined) {
      throw node.malformed(`makes ${quoted(taken ?? "")}, which is no new name`);
    }
    const made = readOperator(node);
    budget.spend(made);
    for (const [k, value] of made.entries()) if (node.outputs[k]) values.set(node.outputs[k], value);
  }
  const result = lookUp(target.name);
  if (!result || result.kind === "tensor") {
    throw new FormatError(
      `the graph's output ${quoted(target.name)} does not depend on its input`,
      "The file is damaged or was written wrongly: export the model again.",
    );
  }
  const tail = asTail(result);
  for (const text of tail?.notes ?? []) note(text);
  const logits = tail?.signal ?? (result as Signal);
  const label = tail?.label ?? `output ${quoted(target.name)}`;
  if (logits.dims.length > 1 && logits.dims[0] !== 1) {
    throw new UnsupportedLayerError(
      `${label} has the shape [${logits.dims.join(", ")}] for one image`,
      "End the network with logits of the shape [batch, classes].",
    );
  }
  const last = materialized(logits, label);
  budget.spendStage(last);
  return { last, activation: tail?.activation };
}

function initializersOf(graph: GraphProto): Map<string, TensorProto> {
  const sparse = graph.sparseInitializer[0]?.values?.name;
  if (graph.sparseInitializer.length > 0) {
    throw new UnsupportedLayerError(
      `the weights ${quoted(sparse ?? "")} are stored as a sparse tensor`,
      "Export the model with dense weights.",
    );
  }
  const initializers = new Map(graph.initializer.map((proto) => [proto.name, proto]));
  if (initializers.size === graph.initializer.length) return initializers;
  const twice = graph.initializer.find(({ name }, index) => graph.initializer[index] !== initializers.get(name));
  throw new FormatError(
    `the graph has two initializers of the name ${quoted(twice?.name ?? "")}`,
    "The file is damaged or was written wrongly: export the model again.",
  );
}

/** For a name that no node before has made: there are three reasons for it. */
function unmade(
  { node }: GraphProto,
  proto: NodeProto,
  index: number,
  name: string,
): FormatError | UnsupportedLayerError {
  const label = labelOf(proto, index);
  const maker = node.findIndex(({ output }) => output.includes(name));
  if (maker >= 0 && maker < index) {
    return new UnsupportedLayerError(
      `${label} reads ${quoted(name)}, a further output of ${labelOf(node[maker], maker)}`,
      "Only Split has outputs beside the first that are read: export the network for inference, after model.eval().",
    );
  }
  return new FormatError(
    `${label} reads ${quoted(name)}, which nothing before it makes`,
    maker < 0
      ? "The file is damaged or was written wrongly: export the model again."
      : `Sort the nodes: ${labelOf(node[maker], maker)} makes it later. onnxsim model.onnx out.onnx does.`,
  );
}

function single(kind: "input" | "output", values: readonly ValueInfoProto[]): ValueInfoProto {
  if (values.length === 1) return values[0];
  const names = values.slice(0, 4).map(({ name }) => quoted(name));
  throw new UnsupportedLayerError(
    `the graph has ${values.length} ${kind}s${names.length > 0 ? ` (${names.join(", ")}${values.length > 4 ? ", ..." : ""})` : ""}`,
    kind === "input"
      ? "It must have one input, the image; weights must be initializers."
      : "It must have one output, the logits: onnx.utils.extract_model(path, out, [input], [logits]) keeps what leads to them.",
  );
}

/** The input of the graph: [batch, features], [batch, channels, length], or an image of two or three axes. */
function imageOf({ name, type }: ValueInfoProto): Signal {
  const label = `input ${quoted(name)}`;
  const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
  if (!tensor?.shape)
    throw new FormatError(`${label} has no tensor shape`, "Export the model with the shape of its input.");
  if (!isFloat(tensor.elemType)) {
    const typeName = TensorProto_DataType[tensor.elemType] ?? tensor.elemType;
    throw new UnsupportedLayerError(
      `${label} has type ${typeName}`,
      "Export a model that takes float32, without a Cast or a division by 255 of bytes in it: the card's scale and offset say how pixels enter.",
    );
  }
  const dims = tensor.shape.dim.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : undefined));
  if (dims.length < 2 || dims.length > 5) {
    throw new UnsupportedLayerError(
      `${label} has ${dims.length} dimensions`,
      "It must be [batch, features], [batch, channels, length] or [batch, channels, height, width], or have one axis more.",
    );
  }
  const [batch = 1, ...extents] = dims;
  if (batch > 1) {
    throw new UnsupportedLayerError(`${label} has batch size ${batch}`, "Export with batch size 1 or a dynamic batch.");
  }
  const shape = extents.map((extent) => extent ?? 0);
  if (shape.some((extent) => !(Number.isSafeInteger(extent) && extent >= 1))) {
    throw new UnsupportedLayerError(
      `${label} has a size that is not fixed: [batch, ${extents.map((dim) => dim ?? "?").join(", ")}]`,
      "Export with fixed channels, height and width; only the batch may be dynamic.",
    );
  }
  expectMapSize(shape, label);
  return signalOf(imageStage(shape, dims.length));
}
