/**
 * RNS-CKKS: parameters, keys, encryption, arithmetic on ciphertexts, polynomials, sums and matrices, estimates of noise.
 * @module blindsight/ckks
 */
// Disposable is in these types: whoever compiles against an older library of TypeScript's needs it, too.
/// <reference lib="esnext.disposable" preserve="true" />
export type { ByteSource, ReadableBytes } from "../bytes/stream.js";
export { Ciphertext, Plaintext, type ScaleState } from "./ciphertext.js";
export type { BabyStep } from "./circuits/baby-steps.js";
export { evaluatePolynomial, evaluatePolynomials } from "./circuits/evaluate-polynomial.js";
export { type Fit, type FitRequest, fitPolynomial } from "./circuits/fit.js";
export { type Fold, type FoldStep, fold } from "./circuits/folds.js";
export type { GiantStep } from "./circuits/giant-steps.js";
export {
  type BlockTransform,
  type LinearTransform,
  type LinearTransformOptions,
  linearTransform,
  linearTransforms,
} from "./circuits/linear-transform.js";
export { type MatrixPlan, type MatrixShape, matrixTransform, multiplyMatrix, planMatrix } from "./circuits/matrix.js";
export { Polynomial, type PolynomialBasis } from "./circuits/polynomial.js";
export { type PolynomialCost, type PolynomialOptions, polynomialCost } from "./circuits/polynomial-plan.js";
export {
  innerProduct,
  meanSlots,
  replicate,
  replicateRotations,
  type SlotBlock,
  type SlotSum,
  sumRotations,
  sumSlots,
} from "./circuits/sums.js";
export {
  type CountedOperation,
  type GiantStepKind,
  giantStepCost,
  type OperationCost,
  operationCosts,
} from "./costs.js";
export type { ComplexVector } from "./embedding.js";
export { Encoder, type SlotValues } from "./encoder.js";
export { Decryptor, type EncryptOptions, Encryptor, SecretEncryptor } from "./encryptor.js";
export { Evaluator, type Operand } from "./evaluator.js";
export type { Explanation } from "./explain.js";
export type { Gadget } from "./gadgets.js";
export { type EvaluationKeyFile, EvaluationKeys } from "./keys/evaluation-keys.js";
export { type EvaluationKeyRequest, KeyGenerator } from "./keys/generator.js";
export { KeyHolder } from "./keys/holder.js";
export { PublicKey } from "./keys/public-key.js";
export { SecretKey } from "./keys/secret.js";
export type { KeySource } from "./keys/source.js";
export type { KeyDigit, KeyName, SwitchingKey } from "./keys/switching-key.js";
export type { SumRow } from "./linear-sums.js";
export type { LinearSum } from "./linearsum.js";
export type { Noise } from "./noise.js";
export { type PagingOptions, Residency } from "./paging/residency.js";
export type { Store, StoredLimbs, StoredWords } from "./paging/store.js";
export { MemoryStore } from "./paging/store.js";
export type { GadgetLiteral, ParameterLiteral } from "./parameter-literal.js";
export type { ParameterRequest } from "./parameter-search.js";
export { Parameters } from "./parameters.js";
export { type ErrorBits, type PrecisionReport, precision } from "./precision.js";
export { Randomness } from "./randomness.js";
export { Ring } from "./ring.js";
export { maxLogQP, type Security } from "./security.js";
export { measureUnitCosts, type UnitCosts } from "./unit-costs.js";
