import { fromBinary } from "@bufbuild/protobuf";
import { kindOf } from "../ckks/copies.js";
import { FormatError, UnsupportedLayerError } from "../errors.js";
import type { Network, NetworkCard } from "./graph/network.js";
import { shapeText } from "./graph/shapes.js";
import { readCard } from "./onnx/card.js";
import { emitted } from "./onnx/emit.js";
import type { ExternalFile } from "./onnx/external.js";
import { walk } from "./onnx/graph-walk.js";
import { type GraphProto, type ModelProto, ModelProtoSchema, type OperatorSetIdProto } from "./onnx/onnx_pb.js";
import { quoted } from "./onnx/quoted.js";
import { NEWEST_OPSET } from "./onnx/signatures.js";
import { contentsOf } from "./onnx/wire.js";

/** Each node may hold memory of its own, so that a small hostile file could otherwise ask for any amount. */
const MOST_NODES = 2048;
/** Nodes, their attributes, tensors, sizes: about a kilobyte each in memory, however small in the file. */
const MOST_MESSAGES = 2 ** 16;
/** Numbers and names in lists: where they take a byte each in the file they take up to sixty in memory. */
const MOST_ENTRIES = 2 ** 25;

/** Where weights are that the file does not hold. */
export interface ImportOptions {
  /** Is told, in a sentence, of what was left out or taken otherwise. */
  readonly onNote?: (note: string) => void;
  /** The bytes of a file beside the model, by its name, for weights that are kept there ("model.onnx.data"). */
  readonly external?: ExternalFile;
}

/**
 * Reads an ONNX model: layers from one image to its logits, with branches, weights as initializers or Constant nodes in
 * floating point of sixteen to sixty-four bits. Operators: see `onnx/operators.ts`; element-wise arithmetic on one value is
 * read as a polynomial per channel or per element, activations stay what they are until they are fitted. A batch that is
 * dynamic counts as 1, and what is computed of sizes is a constant. A Softmax, LogSoftmax, Sigmoid or ArgMax at the end is
 * dropped: the key holder computes probabilities from the decrypted logits (see `probabilities`). One logit is that of two
 * classes.
 * @param options a function is `onNote`
 * @throws FormatError for bytes that are not an ONNX model, or a damaged one.
 * @throws UnsupportedLayerError for an operator, a graph or a shape that cannot be read.
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions | ImportOptions["onNote"] = {}): Network {
  if (!(bytes instanceof Uint8Array))
    throw new TypeError(`bytes: a Uint8Array with the content of an .onnx file was expected, not ${kindOf(bytes)}`);
  const { onNote = () => {}, external } = typeof options === "function" ? { onNote: options } : options;
  const { graph, opset, metadata } = decode(bytes);
  const { last, activation } = walk(graph, { opset, note: onNote, external: external && onceEach(external) });
  const [logits, ...pixels] = last.shape;
  if (pixels.some((extent) => extent !== 1)) {
    throw new UnsupportedLayerError(
      `the graph ends with a ${shapeText(last.shape)} feature map instead of logits`,
      "End the network with GlobalAveragePool or Flatten and Gemm.",
    );
  }
  const { input, layers } = emitted(last, onNote);
  if (layers.length === 0) {
    throw new UnsupportedLayerError(
      "the graph has no layer between its input and its output",
      "Export a trained network.",
    );
  }
  const classes = logits === 1 ? 2 : logits;
  const says: NetworkCard["activation"] = logits === 1 ? "sigmoid" : activation;
  const card = readCard(metadata, { name: graph.name, input, classes, activation: says });
  return { input, layers, classes, card };
}

/** Every tensor asks for its file, and all are in one. */
function onceEach(external: ExternalFile): ExternalFile {
  const files = new Map<string, Uint8Array | undefined>();
  return (name) => {
    if (!files.has(name)) files.set(name, external(name));
    return files.get(name);
  };
}

function decode(bytes: Uint8Array): { graph: GraphProto; opset: number; metadata?: string } {
  const { messages, entries } = contentsOf(ModelProtoSchema, bytes);
  if (messages > MOST_MESSAGES) {
    throw new UnsupportedLayerError(
      `the file holds ${messages} nodes, attributes, tensors and sizes, more than ${MOST_MESSAGES}`,
      "Networks of that size cannot be encrypted; if it should be small, the file is damaged.",
    );
  }
  if (entries > MOST_ENTRIES) {
    throw new UnsupportedLayerError(
      `the file's lists take the room of ${entries} numbers, more than ${MOST_ENTRIES}`,
      "Networks of that size cannot be encrypted; if it should be small, the file is damaged.",
    );
  }
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw notOnnx("the file is damaged, cut short, or of another kind", error);
  }
  const { graph, metadataProps } = model;
  if (!graph || graph.node.length === 0) throw notOnnx("it holds no graph");
  if (graph.node.length > MOST_NODES) {
    throw new UnsupportedLayerError(
      `the graph has ${graph.node.length} nodes, more than ${MOST_NODES}`,
      "Networks of that depth cannot be encrypted.",
    );
  }
  expectNoFunctions(model, graph);
  const metadata = metadataProps.find(({ key }) => key === "blindsight")?.value;
  return { graph, opset: opsetOf(model.opsetImport), metadata };
}

/** The version of ONNX's own operator set. */
function opsetOf(imports: readonly OperatorSetIdProto[]): number {
  const versions = [
    ...new Set(imports.filter(({ domain }) => isStandard(domain)).map(({ version }) => Number(version))),
  ];
  if (versions.length === 0) throw notOnnx("it names no operator set of ONNX, as a file that was cut short");
  if (versions.length > 1) throw notOnnx(`it names the operator sets ${versions.slice(0, 4).join(" and ")} at once`);
  const [opset] = versions;
  if (opset >= 1 && opset <= NEWEST_OPSET) return opset;
  throw new UnsupportedLayerError(
    `the model is written in operator set ${opset}, of which nothing is known here: 1 to ${NEWEST_OPSET} are read`,
    "Export with an older operator set (torch.onnx.export(..., opset_version=17)).",
  );
}

/** A function of the model's own may have the name of an operator and mean something else. */
function expectNoFunctions({ functions }: ModelProto, { node }: GraphProto): void {
  const own = functions.find(({ name, domain }) =>
    node.some(
      (each) => each.opType === name && (each.domain === domain || (isStandard(each.domain) && isStandard(domain))),
    ),
  );
  if (!own) return;
  throw new UnsupportedLayerError(
    `the model defines ${quoted(own.name)} itself, as a function of its own`,
    "Have functions inlined: onnx.inliner.inline_local_functions(model), or export with PyTorch's dynamo=False.",
  );
}

function isStandard(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

function notOnnx(reason: string, cause?: unknown): FormatError {
  return new FormatError(
    `not an ONNX model: ${reason}`,
    "Take an .onnx file as torch.onnx.export writes it, and copy it again if it may be damaged.",
    { cause },
  );
}
