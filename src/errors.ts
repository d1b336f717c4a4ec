/**
 * The errors that blindsight throws on purpose. Each says what was wrong and carries `fix`, the way out.
 * Plain misuse (a wrong type, an index out of range) stays a `TypeError` or a `RangeError`.
 */
export class BlindsightError extends Error {
  /** Fixed, in this class and in those below: a minifier gives a class itself another name. */
  override get name(): string {
    return "BlindsightError";
  }

  /** What the caller can do about it, one sentence. */
  readonly fix: string;

  constructor(message: string, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.fix = fix;
  }
}

/** Parameters that contradict each other, or values that the chosen parameters cannot hold. */
export class ParameterError extends BlindsightError {
  override get name(): string {
    return "ParameterError";
  }
}

/** Something that would fall below 128-bit security, or would reveal a secret. */
export class SecurityError extends BlindsightError {
  override get name(): string {
    return "SecurityError";
  }
}

/** A computation that needs more levels than its operands have left. */
export class LevelError extends BlindsightError {
  override get name(): string {
    return "LevelError";
  }
}

/** A rotation, conjugation or relinearisation without the evaluation key for it. */
export class MissingKeyError extends BlindsightError {
  override get name(): string {
    return "MissingKeyError";
  }
}

/** Operands, or a ciphertext and a key, that belong to different secret keys. */
export class KeyMismatchError extends BlindsightError {
  override get name(): string {
    return "KeyMismatchError";
  }
}

/** Bytes or files that are damaged or not what they claim to be, and values that a format cannot hold. */
export class FormatError extends BlindsightError {
  override get name(): string {
    return "FormatError";
  }
}

/** The device could not be opened, ran out of memory, or was lost. */
export class DeviceError extends BlindsightError {
  override get name(): string {
    return "DeviceError";
  }
}

/** A network with a layer, an operator or a shape that cannot be encrypted. */
export class UnsupportedLayerError extends BlindsightError {
  override get name(): string {
    return "UnsupportedLayerError";
  }
}

/** Data (a data set, a model) that cannot be had from where it was looked for. */
export class DataError extends BlindsightError {
  override get name(): string {
    return "DataError";
  }
}

/** A service that refused what was asked of it, or could not be reached. */
export class ServiceError extends BlindsightError {
  override get name(): string {
    return "ServiceError";
  }

  constructor(
    message: string,
    fix: string,
    /** What the service calls the refusal, e.g. "not-found", "obsolete", "budget-spent"; "unreachable" where there was no answer. */
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(message, fix, options);
  }
}
