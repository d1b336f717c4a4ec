/**
 * The errors that blindsight throws on purpose. Each says what was wrong and carries `fix`, the way out.
 * Plain misuse (a wrong type, an index out of range) stays a `TypeError` or a `RangeError`.
 */
export class BlindsightError extends Error {
  /** What the caller can do about it, one sentence. */
  readonly fix: string;

  constructor(message: string, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.fix = fix;
  }
}

/** Parameters that contradict each other, or values that the chosen parameters cannot hold. */
export class ParameterError extends BlindsightError {}

/** Something that would fall below 128-bit security, or would reveal a secret. */
export class SecurityError extends BlindsightError {}

/** A computation that needs more levels than its operands have left. */
export class LevelError extends BlindsightError {}

/** A rotation, conjugation or relinearisation without the evaluation key for it. */
export class MissingKeyError extends BlindsightError {}

/** Operands, or a ciphertext and a key, that belong to different secret keys. */
export class KeyMismatchError extends BlindsightError {}

/** Bytes or files that are damaged or not what they claim to be, and values that a format cannot hold. */
export class FormatError extends BlindsightError {}

/** The device could not be opened, ran out of memory, or was lost. */
export class DeviceError extends BlindsightError {}

/** A network with a layer, an operator or a shape that cannot be encrypted. */
export class UnsupportedLayerError extends BlindsightError {}

/** Data (a data set, a model) that cannot be had from where it was looked for. */
export class DataError extends BlindsightError {}
