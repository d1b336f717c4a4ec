import { kindOf } from "../ckks/copies.js";
import { isPowerOfTwo } from "../ckks/slots.js";
import { ParameterError } from "../errors.js";

/** Beyond it a logit, below 2^24 before, is no double. */
const MOST_OUTPUT_SCALE = 2 ** 999;

/** @throws ParameterError for what calibration never gives: all but powers of two from 1 on. */
export function requireOutputScale(scale: number): void {
  if (isPowerOfTwo(scale) && scale <= MOST_OUTPUT_SCALE) return;
  throw new ParameterError(
    `outputScale ${typeof scale === "number" ? scale : kindOf(scale)} is not a power of two from 1 to 2^999`,
    "take the one of the model that ran: it comes from its owner's calibration",
  );
}

export function requireIdentity(identity: string): void {
  if (typeof identity !== "string") throw new TypeError(`identity: a plan's was expected, not ${kindOf(identity)}`);
}
