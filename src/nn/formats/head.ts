import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import type { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { Ring } from "../../ckks/ring.js";
import { FormatError, ParameterError } from "../../errors.js";
import type { Device } from "../../ntt/device.js";
import { requireOutputScale } from "../exchange-checks.js";
import type { Plan } from "../plan.js";
import { operandLevels } from "../program/levels.js";
import type { Step } from "../program/program.js";

const IDENTITY_BYTES = 32;

/** All that readers ask of a plan: files outlive the shape that programs have. */
export interface Planned {
  readonly identity: string;
  readonly ring: Ring;
  readonly model: "plain" | "encrypted";
  readonly slots: number;
  /** In throughput mode: the steps, whose numbers a model has in the place of vectors. */
  readonly throughput?: readonly Step[] | undefined;
  /** Of the image's ciphertexts, of the model's vectors in the order in which they are made, and of the result's ciphertexts. */
  readonly levels: {
    readonly image: readonly number[];
    readonly model: readonly number[];
    readonly result: readonly number[];
  };
}

/** @throws TypeError for what is no device */
export function planned({ identity, parameters, model, program }: Plan, device: Device): Planned {
  const levels = {
    image: program.inputs.map((value) => program.values[value].level),
    model: program.steps.flatMap((step) => operandLevels(program, step)),
    result: program.outputs.map((value) => program.values[value].level),
  };
  const throughput = program.throughput && program.steps;
  return { identity, ring: Ring.of(device, parameters), model, slots: program.slots, throughput, levels };
}

/** How the fields of every file of networks begin: 32 bytes, the identity of the plan that it was made for. */
export function planFields(identity: string): ByteWriter {
  if (/^[0-9a-f]{64}$/.test(identity)) return new ByteWriter().run(hexToBytes(identity));
  const fix = "make it with the roles of a plan that compile(network) gives";
  throw new FormatError("this was made for no plan: its identity is not one", fix);
}

/** @throws ParameterError for another plan's */
export function requirePlanFields(reader: ByteReader, plan: Planned, what: string): void {
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
