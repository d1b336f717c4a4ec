import { type ByteSource, inPlace } from "../bytes/stream.js";
import type { Ciphertext, Plaintext } from "../ckks/ciphertext.js";
import { COPY, kindOf, THIS_COPY } from "../ckks/copies.js";
import { type PagingOptions, residencyOf } from "../ckks/paging/residency.js";
import { refuseJson } from "../ckks/storage.js";
import type { Device } from "../ntt/device.js";
import type { CalibratedFactors, CalibrationOptions } from "./calibrate.js";
import { type Calibration, calibrated } from "./calibration.js";
import { declareOperands } from "./declared.js";
import { requireIdentity, requireOutputScale } from "./exchange-checks.js";
import { planned } from "./formats/head.js";
import { modelBytes, modelChunks, readModel } from "./formats/model.js";
import type { ImageValues } from "./graph/image.js";
import type { Network } from "./graph/network.js";
import { byStep, type Operands } from "./operands.js";
import { type Plan, requirePlan } from "./plan.js";
import type { StepNumbers } from "./program/numbers.js";
import { materialize, type ProgramWeights } from "./program/weights.js";

/** A network as a server computes with it: the weights of every step at the step's level, and nothing in the clear but the output scale. */
export class Model<D extends Ciphertext | Plaintext> implements Disposable {
  /**
   * @throws TypeError for arguments of other types; ParameterError for an output scale that is none. Whether it is a model
   *   of some plan is looked at where it is loaded.
   */
  constructor(
    /** Of the plan that it was made for. */
    readonly identity: string,
    /** What each step of the plan's program multiplies with and adds. */
    readonly steps: Operands<D>,
    /** Power of two that decrypted logits are multiplied by: the one number of the calibration that is told. */
    readonly outputScale: number,
    /** Key that the weights are encrypted for; absent when they are plain. */
    readonly fingerprint?: string,
    /** Of a plan in throughput mode: the numbers of each step, which has no vectors then. */
    readonly numbers?: readonly StepNumbers[],
  ) {
    requireIdentity(identity);
    if (!(Array.isArray(steps) && steps.every(Array.isArray))) {
      throw new TypeError(`steps: an array of arrays was expected, not ${kindOf(steps)}`);
    }
    requireOutputScale(outputScale);
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  /** All of its vectors, step by step. */
  get operands(): D[] {
    return this.steps.flat();
  }

  /** Bytes of `toBytes`: residues packed to each prime's width. */
  get packedBytes(): number {
    return modelBytes(this);
  }

  /** All in one array, 4 GiB at most: streams take `chunks`. */
  async toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return inPlace(this.packedBytes, (room) => modelChunks(this, room));
  }

  /** The same bytes one limb at a time, for streams. @throws FormatError for a model that was made for no plan */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return modelChunks(this);
  }

  /**
   * What `toBytes` wrote, from bytes, a web stream or a Node stream. With a residency it never lies in the device's memory as a
   * whole: `Server.readModel` takes its server's.
   * @throws FormatError for anything else; ParameterError for a model of another plan
   */
  static async fromBytes(
    source: ByteSource,
    plan: Plan,
    device: Device,
    options: PagingOptions = {},
  ): Promise<EncryptedModel | PlainModel> {
    requirePlan(plan);
    const residency = residencyOf(options);
    const content = await readModel(source, planned(plan, device), residency);
    const { identity, outputScale, fingerprint, operands, numbers } = content;
    const steps = declareOperands(plan, byStep(plan.program, operands));
    return new Model(identity, steps, outputScale, fingerprint, numbers) as EncryptedModel | PlainModel;
  }

  /** @throws FormatError always: see there. */
  toJSON(): never {
    return refuseJson();
  }

  [Symbol.dispose](): void {
    for (const operand of this.operands) operand[Symbol.dispose]();
  }
}

/** A model of encrypted weights. */
export type EncryptedModel = Model<Ciphertext>;
/** A model of encoded weights, which whoever has it can read. */
export type PlainModel = Model<Plaintext>;

/** How a network becomes a model. */
export interface ModelOptions extends CalibrationOptions {
  /**
   * Sample images as the network takes them: their ranges decide how weights are scaled. A few dozen will do. Or what
   * `measureCalibration` found in some, for who has none.
   */
  readonly calibration: Iterable<ImageValues> | Calibration;
  /** Called after each weight vector. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The calibrated weights of a network, for `plan`. */
export function weightsFor(
  plan: Plan,
  network: Network,
  options: ModelOptions,
): { weights: ProgramWeights; factors: CalibratedFactors } {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options: { calibration: images } was expected, not ${kindOf(options)}`);
  }
  const { folded, factors, example } = calibrated(plan, network, options.calibration, options);
  return { weights: materialize(plan.program, folded, factors, example), factors };
}
