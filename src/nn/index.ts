// Disposable is in these types: whoever compiles against an older library of TypeScript's needs it, too.
/// <reference lib="esnext.disposable" preserve="true" />
export { Randomness } from "../ckks/randomness.js";
export { type CalibrationOptions, calibrate } from "./calibrate.js";
export { type CompileOptions, compile, foldFor, Plan } from "./compile.js";
export { EncryptedImage, EncryptedResult } from "./exchange.js";
export { depthOf, depthTable, fold } from "./fold.js";
export * from "./graph.js";
export type { ImageValues } from "./image.js";
export { interpret } from "./interpret.js";
export { interpretFolded } from "./interpret-folded.js";
export { materialize } from "./matrix-weights.js";
export { type EncryptedModel, Model, type ModelOptions, type PlainModel, weightsFor } from "./model.js";
export { type ImportOptions, importOnnx } from "./onnx.js";
export { classLogits, probabilities, softmax } from "./probabilities.js";
export { type Program, rotations, type Step } from "./program.js";
export { type Counted, describe, modelSize } from "./program-counts.js";
export { type DecryptOptions, KeyHolder, ModelOwner } from "./roles.js";
export { type RunOptions, Server, type ServerOptions } from "./server.js";
export { encodeInput, type Simulation, simulate } from "./simulate.js";
