import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import type { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { FormatError, ParameterError } from "../../errors.js";
import type { Plan } from "../compile.js";
import { requireOutputScale } from "../exchange-checks.js";

const IDENTITY_BYTES = 32;

/** How the fields of every file of networks begin: 32 bytes, the identity of the plan that it was made for. */
export function planFields(identity: string): ByteWriter {
  if (/^[0-9a-f]{64}$/.test(identity)) return new ByteWriter().run(hexToBytes(identity));
  const fix = "make it with the roles of a plan that compile(network) gives";
  throw new FormatError("this was made for no plan: its identity is not one", fix);
}

/** @throws ParameterError for another plan's */
export function requirePlanFields(reader: ByteReader, plan: Plan, what: string): void {
  if (bytesToHex(reader.run(IDENTITY_BYTES)) === plan.identity) return;
  const fix = "compile the same network with the same options and version on both sides";
  throw new ParameterError(`${what} was made for another plan`, fix);
}

/** @throws FormatError for a number that is no output scale */
export function takeOutputScale(reader: ByteReader): number {
  const outputScale = reader.f64();
  try {
    requireOutputScale(outputScale);
  } catch {
    throw reader.error(`says that logits are to be multiplied by ${outputScale}, which calibration never gives`);
  }
  return outputScale;
}
