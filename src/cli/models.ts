import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Dataset } from "../data/dataset.js";
import { readFileWhole } from "../data/read-file.js";
import { DataError, FormatError } from "../errors.js";
import { importOnnx, type Network } from "../nn/index.js";
import { about, UsageError } from "./failure.js";
import type { Terminal } from "./terminal.js";

/** The package's own models. The same two steps up from src/cli and from dist/cli. */
const folder = fileURLToPath(new URL("../../models", import.meta.url));

/** Of a model, and of its weights beside it: 2^25 numbers in float64, the most that an import keeps. */
const MOST_MODEL_BYTES = 2 ** 28;

export interface LoadedModel {
  /** As the user named it. */
  readonly name: string;
  readonly path: string;
  readonly network: Network;
}

/** Names of the models that come with the package. */
function builtInModels(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".onnx"))
    .map((file) => file.slice(0, -5))
    .sort();
}

/** The .onnx file of a built-in model's name, or of a path. @throws DataError where there is none */
export async function modelFile(nameOrPath: string): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  const builtIn = builtInModels();
  const path = builtIn.includes(nameOrPath) ? join(folder, `${nameOrPath}.onnx`) : nameOrPath;
  const bytes = await readFileWhole(path, MOST_MODEL_BYTES);
  if (bytes) return { path, bytes };
  throw new DataError(`there is no model "${nameOrPath}"`, `name ${builtIn.join(", ")} or the path of an .onnx file`);
}

/**
 * Loads a built-in model by name, or an .onnx file by path.
 * @throws DataError when there is none; FormatError or UnsupportedLayerError, naming the file, when it cannot be read.
 */
export async function loadModel(nameOrPath: string, terminal: Terminal): Promise<LoadedModel> {
  const { path, bytes } = await modelFile(nameOrPath);
  try {
    const network = importOnnx(bytes, {
      onNote: (note) => terminal.warn(`${nameOrPath}: ${note}`),
      external: (file) => fileBeside(path, file),
    });
    return { name: nameOrPath, path, network };
  } catch (cause) {
    throw about(nameOrPath, cause, FormatError, "export the network again");
  }
}

/**
 * The bytes of a file that holds a model's weights, asked for by its bare name; undefined when there is none.
 * @throws DataError for more bytes than a network that can be encrypted has, before they are read.
 */
function fileBeside(model: string, file: string): Uint8Array | undefined {
  const path = join(dirname(model), file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) return undefined;
  if (found.size <= MOST_MODEL_BYTES) return readFileSync(path);
  throw new DataError(
    `${path} has ${found.size} bytes, more than ${MOST_MODEL_BYTES}`,
    "take a smaller network: one of that size cannot be encrypted",
  );
}

/** The ReLU network that was trained beside a model and lies beside it; undefined where there is none. */
export async function loadTwin(model: LoadedModel, terminal: Terminal): Promise<Network | undefined> {
  const { twin } = model.network.card;
  if (!twin || !/^[\w.-]+$/.test(twin)) return undefined;
  const path = join(dirname(model.path), `${twin}.onnx`);
  try {
    return (await loadModel(path, terminal)).network;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    terminal.warn(`${model.name} names a ReLU twin, but ${path} is not there`);
    return undefined;
  }
}

/** The built-in model for a data set. @throws UsageError when there is none. */
export function defaultModelFor(dataset: Pick<Dataset, "name">): string {
  const names = builtInModels();
  const subject = /^phantoms?\b/i.test(dataset.name) ? "phantom" : dataset.name;
  if (names.includes(`rl3-${subject}`)) return `rl3-${subject}`;
  throw new UsageError(
    `no built-in model is made for the data set ${dataset.name}`,
    `name one with --model: ${names.join(", ")} or the path of an .onnx file`,
  );
}
