/**
 * Encrypted networks: import, plan, three roles (key holder, model owner, server), and the same computed in the clear.
 * @module blindsight/nn
 */
// Disposable is in these types: whoever compiles against an older library of TypeScript's needs it, too.
/// <reference lib="esnext.disposable" preserve="true" />
export { Randomness } from "../ckks/randomness.js";
export type { Upsampled } from "../picture/enlarge.js";
export type { PictureKind } from "../picture/kind.js";
export type { Picture } from "../picture/picture.js";
export type { Aborting } from "./aborting.js";
export { type CalibratedFactors, type CalibrationOptions, calibrate } from "./calibrate.js";
export { type Calibration, measureCalibration } from "./calibration.js";
export { Check, type CheckOptions, check, type Finding } from "./check.js";
export { compile, foldFor } from "./compile.js";
export type { CompileOptions } from "./compile-options.js";
export {
  EncryptedNetwork,
  type EncryptedNetworkOptions,
  type Opening,
  type Prediction,
  type PredictOptions,
} from "./encrypted-network.js";
export { EncryptedImage, EncryptedResult } from "./exchange.js";
export { fitActivations } from "./fit/fit-activations.js";
export type { Interval } from "./fit/intervals.js";
export type { FitMethod, FitOptions, ForLayers, OwnQuadratic } from "./fit/options.js";
export { type RangeLeft, rangesLeft } from "./fit/ranges-left.js";
export type { FitReport, FittedLayer, Gap } from "./fit/report.js";
export type { ChannelRanges } from "./fold/curvature.js";
export { depthOf, depthTable, fold, quadRanges } from "./fold/fold.js";
export type {
  FoldedAdd,
  FoldedLayer,
  FoldedLinear,
  FoldedMultiply,
  FoldedNetwork,
  FoldedPolynomial,
  FoldedQuad,
  FoldOptions,
  LinearTerm,
  Shift,
  Square,
  SumPool,
} from "./fold/folded.js";
export { type FoldedObserver, interpretFolded } from "./fold/interpret.js";
export type { PlanCard } from "./graph/card.js";
export type { ImageValues } from "./graph/image.js";
export { interpret, type LayerObserver } from "./graph/interpret.js";
export type {
  Activation,
  ActivationName,
  Add,
  Affine,
  AvgPool,
  BatchNorm,
  Conv,
  Flatten,
  GlobalAvgPool,
  Layer,
  Linear,
  Multiply,
  Network,
  NetworkCard,
  Padding,
  Placed,
  PolynomialLayer,
  Quad,
  Rearrange,
  Reshape,
  Shape,
} from "./graph/network.js";
export { ImageEncryptor } from "./image-encryptor.js";
export { type DecryptOptions, KeyHolder } from "./key-holder.js";
export type { Layout, Role } from "./layout/layout.js";
export { type EncryptedModel, Model, type ModelOptions, type PlainModel, weightsFor } from "./model.js";
export { ModelOwner } from "./model-owner.js";
export type { ExternalFile } from "./onnx/external.js";
export { type ImportOptions, importOnnx } from "./onnx.js";
export type { Operands } from "./operands.js";
export {
  type CalibrationLoading,
  calibrationFrom,
  type ImageLoader,
  type ImageSource,
  imageFrom,
  imageFromPng,
  type Pixels,
} from "./pictures.js";
export { plainModelChunks } from "./plain-model.js";
export { Plan, type PlanContent } from "./plan.js";
export { type PredictedError, type PredictedErrors, type PredictedStep, predictedErrors } from "./predicted.js";
export { classLogits, classOf, probabilities, softmax } from "./probabilities.js";
export { type Counted, describe, modelSize } from "./program/counts.js";
export { encodeInput } from "./program/encode.js";
export { rotations } from "./program/levels.js";
export type { ServerMemory } from "./program/memory.js";
export type { StepNumbers } from "./program/numbers.js";
export type {
  AddStep,
  CombineStep,
  DiagonalGroup,
  LinearStep,
  LowerStep,
  MultiplyStep,
  PolynomialStep,
  Program,
  ProgramValue,
  QuadStep,
  ShiftStep,
  SquareStep,
  Step,
  Taps,
} from "./program/program.js";
export type { ProgramRanges, StepRanges, ValueRange } from "./program/ranges.js";
export {
  rememberVectors,
  type SimulatedNoise,
  type SimulateOptions,
  type Simulation,
  simulate,
} from "./program/simulate.js";
export { type PlanRow, type PlanTableOptions, planRows, planTable } from "./program/table.js";
export { materialize, type ProgramWeights } from "./program/weights.js";
export { predictedMs, type StepWork, type Worked, workOf } from "./program/work.js";
export { type RunOptions, Server, type ServerOptions } from "./server.js";
export { type UnlikeTraining, unlikeTraining } from "./unlike-training.js";
