/** The small ONNX files in the forms that exporters write: shared data, see its README. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Network } from "../../src/nn/graph/network.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { probabilities } from "../../src/nn/probabilities.js";

const data = process.env["BLINDSIGHT_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const folder = `${data}/exports`;
export const present = existsSync(`${folder}/index.json`);
if (!present) console.warn(`ONNX exports skipped: no ${folder}/index.json (set BLINDSIGHT_DATA)`);

export interface Export {
  readonly name: string;
  readonly input: readonly number[];
  /** What onnxruntime makes of it with the whole graph, tails included; null where it refuses. */
  readonly reference: readonly number[] | null;
}

export const all: readonly Export[] = present ? JSON.parse(readFileSync(`${folder}/index.json`, "utf8")) : [];

/** One error each, by its message and its way out. */
export const REFUSED: Readonly<Record<string, readonly [message: RegExp, fix: RegExp]>> = {
  batch4: [/batch size 4/, /batch size 1/],
  bn_train_5outputs_opset9: [/BatchNormalization.* is in training mode/, /model\.eval\(\)/],
  dyn_hw: [/not fixed/, /fixed channels, height and width/],
  // These two are refused by onnxruntime, too.
  flatten_axis4: [/Gemm.* multiplies \[192, 1\] by \[192, 2\]/, /export the model again/],
  rank3: [/Conv.* has weights of shape \[3, 1, 3, 3\] for \[1, 8, 8\]/, /batch in front/],
  maxpool: [/MaxPool.* not supported/, /average pooling.*fine-tune/],
  two_outputs: [/2 outputs/, /extract_model/],
};

/** Softmax, LogSoftmax or Sigmoid over the logits: what importing dropped from the end of the file. */
export const TAILS: Readonly<Record<string, ((logits: Float64Array, network: Network) => Float64Array) | undefined>> = {
  tail_LogSoftmax: (logits, { card }) => probabilities(logits, card).map(Math.log),
  tail_Sigmoid: (logits, { card }) => probabilities(logits, card),
  tail_softmax_identity: (logits, { card }) => probabilities(logits, card),
};

export function open(name: string, onNote?: (note: string) => void): Network {
  const read = (file: string) => (existsSync(`${folder}/${file}`) ? readFileSync(`${folder}/${file}`) : undefined);
  return importOnnx(readFileSync(`${folder}/${name}.onnx`), { onNote, external: read });
}
