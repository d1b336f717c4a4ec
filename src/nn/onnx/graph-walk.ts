import { FormatError, UnsupportedLayerError } from "../../errors.js";
import type { NetworkCard } from "../graph.js";
import { expectMapSize } from "../shapes.js";
import { Budget } from "./budget.js";
import type { ExternalFile } from "./external.js";
import { labelOf, OperatorNode } from "./node.js";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType,
  type ValueInfoProto,
} from "./onnx_pb.js";
import { readOperator } from "./operators.js";
import { quoted } from "./quoted.js";
import { type Stage, settle, signalOf, type Value } from "./signal.js";
import { readTensor } from "./tensor.js";

export interface WalkOptions {
  readonly opset: number;
  readonly note?: (text: string) => void;
  readonly external?: ExternalFile;
}

/**
 * Follows the nodes from the graph's input to its output.
 * @returns the last stage of the chain, and what its logits were to become where the graph says so
 */
export function walk(graph: GraphProto, options: WalkOptions): { last: Stage; activation?: NetworkCard["activation"] } {
  const { opset, note = () => {}, external } = options;
  const initializers = initializersOf(graph);
  const source = single(
    "input",
    graph.input.filter(({ name }) => !initializers.has(name)),
  );
  const target = single("output", graph.output);
  const values = new Map<string, Value>([[source.name, signalOf(imageOf(source))]]);
  const budget = new Budget();

  // Initializers are read when a node asks for them: one that nothing uses may have any type.
  const lookUp = (name: string): Value | undefined => {
    const initializer = initializers.get(name);
    if (!values.has(name) && initializer) values.set(name, budget.spend(readTensor(initializer, name, external)));
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
    if (node.output === "" || taken !== undefined) {
      throw node.malformed(`makes ${quoted(taken ?? "")}, which is no new name`);
    }
    values.set(node.output, budget.spend(readOperator(node)));
  }
  const result = lookUp(target.name);
  if (!result || result.kind === "tensor") {
    throw new FormatError(
      `the graph's output ${quoted(target.name)} does not depend on its input`,
      "The file is damaged or was written wrongly: export the model again.",
    );
  }
  if (result.kind === "padded") {
    throw new UnsupportedLayerError(
      `the graph ends with ${result.label}`,
      "End it with the layer that gives the logits.",
    );
  }
  if (result.kind === "signal") return { last: settle(result, `output ${quoted(target.name)}`) };
  note(`${result.label} was dropped: the key holder computes the probabilities from the decrypted logits.`);
  return { last: settle(result.signal, result.label), activation: result.activation };
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
      "Only the first output of a node is read: export the network for inference, after model.eval().",
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

/** The input of the graph as the first stage: [batch, channels, height, width], or [batch, features]. */
function imageOf({ name, type }: ValueInfoProto): Stage {
  const label = `input ${quoted(name)}`;
  const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
  if (!tensor?.shape)
    throw new FormatError(`${label} has no tensor shape`, "Export the model with the shape of its input.");
  const { FLOAT, DOUBLE } = TensorProto_DataType;
  if (tensor.elemType !== FLOAT && tensor.elemType !== DOUBLE) {
    const typeName = TensorProto_DataType[tensor.elemType] ?? tensor.elemType;
    throw new UnsupportedLayerError(
      `${label} has type ${typeName}`,
      "Export a model that takes float32, without a Cast or a division by 255 of bytes in it: the card's scale and offset say how pixels enter.",
    );
  }
  const dims = tensor.shape.dim.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : undefined));
  if (dims.length !== 2 && dims.length !== 4) {
    throw new UnsupportedLayerError(
      `${label} has ${dims.length} dimensions`,
      "It must be [batch, channels, height, width] or [batch, features]; a signal [batch, channels, length] can be an image of one row, [batch, channels, 1, length].",
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
