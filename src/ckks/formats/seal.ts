/**
 * `blindsight/seal`, a door of its own: who does not use it carries neither it nor a compressor.
 *
 * Microsoft SEAL's own files, CKKS, format 4.1: parameters, keys, ciphertexts and plaintexts. Sources: the `save_members` of
 * SEAL's classes (native/src/seal), and the files that node-seal 6.0.3 writes.
 *
 * Scales, slots and levels: `chooseParameters`, `toSealOrder` and `readCiphertext` say how SEAL's are related to ours.
 * @module blindsight/seal
 */
export { decryptCiphertext, readCiphertext, writeCiphertext } from "./seal-ciphertext.js";
export {
  readEvaluationKeys,
  type SealEvaluationFiles,
  writeGaloisKeys,
  writeRelinKeys,
} from "./seal-evaluation-keys.js";
export type { SealCompression } from "./seal-header.js";
export { readPublicKey, readSecretKey, writePublicKey, writeUnprotectedSecretKey } from "./seal-keys.js";
export {
  chooseParameters,
  readParameters,
  type SealChain,
  type SealParameterRequest,
  writeParameters,
} from "./seal-parameters.js";
export { decodePlaintext, readPlaintext, writePlaintext } from "./seal-plaintext.js";
export { fromSealOrder, rotateInSealOrder, rotationOf, type SealRotation, toSealOrder } from "./seal-slots.js";
