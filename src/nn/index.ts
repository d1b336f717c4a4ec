/**
 * Encrypted networks: import, plan, three roles (key holder, model owner, server), and the same computed in the clear.
 * @module blindsight/nn
 */
// Disposable is in these types: whoever compiles against an older library of TypeScript's needs it, too.
/// <reference lib="esnext.disposable" preserve="true" />
export { Randomness } from "../ckks/randomness.js";
export { type CalibratedFactors, type CalibrationOptions, calibrate } from "./calibrate.js";
export { type CompileOptions, compile, foldFor, Plan } from "./compile.js";
export { EncryptedImage, EncryptedResult } from "./exchange.js";
export type { ChannelRanges } from "./fold/curvature.js";
export { depthOf, depthTable, fold } from "./fold.js";
export type {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  Dense,
  Flatten,
  FoldedConv2d,
  FoldedLayer,
  FoldedNetwork,
  FoldOptions,
  GlobalAvgPool,
  Layer,
  Linear,
  Network,
  NetworkCard,
  Quad,
  Relu,
  Shape,
  Square,
  SumPool2d,
} from "./graph.js";
export type { ImageValues } from "./image.js";
export { interpret } from "./interpret.js";
export { interpretFolded, type LayerObserver } from "./interpret-folded.js";
export { type DecryptOptions, KeyHolder } from "./key-holder.js";
export type { Layout } from "./layout.js";
export { materialize, type ProgramWeights } from "./matrix-weights.js";
export { type EncryptedModel, Model, type ModelOptions, type PlainModel, weightsFor } from "./model.js";
export { ModelOwner } from "./model-owner.js";
export type { ExternalFile } from "./onnx/external.js";
export { type ImportOptions, importOnnx } from "./onnx.js";
export type { OperandGroup, StepOperands } from "./operands.js";
export { classLogits, probabilities, softmax } from "./probabilities.js";
export {
  type DiagonalGroup,
  type LinearStep,
  type Program,
  type QuadStep,
  type ReadoutStep,
  rotations,
  type SquareStep,
  type Step,
} from "./program.js";
export { type Counted, describe, modelSize } from "./program-counts.js";
export type { ProgramRanges, StepRanges, ValueRange } from "./ranges.js";
export { type RunOptions, Server, type ServerOptions } from "./server.js";
export { encodeInput, type SimulateOptions, type Simulation, simulate } from "./simulate.js";
