import { kindOf } from "../ckks/copies.js";
import { isPowerOfTwo } from "../ckks/slots.js";
import { ParameterError } from "../errors.js";
import { type Budgets, requireBudgets } from "./budgets.js";
import type { FoldOptions } from "./fold/folded.js";
import { MOST_SLOTS } from "./largest.js";
import { DEFAULT_KEY_BYTES } from "./plan/keys.js";

/** All optional. */
export interface CompileOptions {
  /** Whether the server computes with encrypted weights (default) or with plain ones. The image is always encrypted. */
  readonly model?: "encrypted" | "plain";
  /**
   * "latency" (default): one image, or a few, as fast as that goes. "throughput": as many images at once as there are slots (thousands),
   * each element of an image a ciphertext of its own: a batch takes seconds, whether it is full or not. The weights are plain then.
   */
  readonly optimize?: "latency" | "throughput";
  /** Folds to switch off: each costs levels, none changes the result. */
  readonly fold?: Partial<FoldOptions>;
  /**
   * Images that are encrypted and diagnosed at once, side by side in the same ciphertexts: a power of two, 1 unless said. Takes longer
   * than one image and less than one after the other. With optimize: "throughput" as many as there are slots, at least so many, and
   * not necessarily a power of two.
   */
  readonly images?: number;
  /**
   * Bytes that the evaluation keys' file may have (128 MiB unless said). What the program cannot do without comes first, and is never
   * refused; the rest goes into keys that save up to a quarter of the time of layers with encrypted weights.
   */
  readonly maxKeyBytes?: number;
  /**
   * Bytes that the model may have, about, as a file and packed; without a limit unless said. The search then takes fewer vectors and more
   * rotations, as far as there is a choice.
   */
  readonly maxModelBytes?: number;
  /** Bytes of a device's memory that the server may take for keys, model and an image (`plan.memory`); without a limit unless said. */
  readonly maxMemoryBytes?: number;
}

type CheckedOptions = Required<Pick<CompileOptions, "model" | "optimize" | "fold" | "images">> & Budgets;

/** Every fold switched off. */
export const NO_FOLDS: FoldOptions = { batchNorm: false, square: false, pooling: false, linear: false };
const MOST_IMAGES = 2 ** 10;

/** The same options, each there. @throws TypeError, RangeError for what is none; ParameterError for those that exclude each other */
export function checkedOptions(options: CompileOptions): CheckedOptions {
  const { model = "encrypted", fold = {}, maxKeyBytes = DEFAULT_KEY_BYTES, images = 1, optimize = "latency" } = options;
  requireModel(model);
  for (const [name, value] of Object.entries(fold)) {
    if (name in NO_FOLDS && typeof value === "boolean") continue;
    throw new TypeError(
      `fold: { ${name}: ${value} } is none of ${Object.keys(NO_FOLDS).join(", ")} with true or false`,
    );
  }
  const { maxModelBytes, maxMemoryBytes } = options;
  const budgets = { maxKeyBytes, maxModelBytes, maxMemoryBytes };
  requireBudgets(budgets);
  requireOneOf("optimize", optimize, "latency", "throughput");
  if (optimize === "latency" && !(isPowerOfTwo(images) && images <= MOST_IMAGES)) {
    throw new RangeError(`images: ${images} is no power of two up to ${MOST_IMAGES}`);
  }
  if (optimize === "throughput" && !(Number.isInteger(images) && images >= 1 && images <= MOST_SLOTS)) {
    throw new RangeError(`images: ${images} is no number of images up to ${MOST_SLOTS}`);
  }
  if (optimize === "throughput" && model === "encrypted") {
    const message = 'optimize: "throughput" multiplies with numbers, and encrypted weights are none';
    throw new ParameterError(message, 'compile with model: "plain", or with optimize: "latency"');
  }
  return { model, fold, images, optimize, ...budgets };
}

/** @throws TypeError for another */
export function requireModel(model: unknown): void {
  requireOneOf("model", model, "encrypted", "plain");
}

function requireOneOf(name: string, value: unknown, first: string, second: string): void {
  if (value === first || value === second) return;
  const found = typeof value === "string" ? `"${value}"` : kindOf(value);
  throw new TypeError(`${name}: "${first}" or "${second}" was expected, not ${found}`);
}
