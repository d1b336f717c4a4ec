import { Encoder } from "../ckks/encoder.js";
import { Ring } from "../ckks/ring.js";
import { ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { madeModelChunks, modelChunks } from "./formats/model.js";
import type { Network } from "./graph/network.js";
import { type ModelOptions, weightsFor } from "./model.js";
import { numbersOf, passingOperands } from "./operands.js";
import type { Plan } from "./plan.js";
import { modelSize } from "./program/counts.js";

/**
 * The file of a network's plain weights, encoded for a plan with `model: "plain"`, while it is made: what a server without the
 * network's own file reads by `Server.readModel`. **Whoever has it can read the weights.**
 * @throws ParameterError for a plan of encrypted weights, or of another architecture; as `ModelOwner.encrypt` for the rest
 */
export async function* plainModelChunks(
  plan: Plan,
  network: Network,
  device: Device,
  options: ModelOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  if (plan.model !== "plain") {
    throw new ParameterError("the plan is for an encrypted model", "let its owner encrypt it: ModelOwner.encrypt");
  }
  const { weights, factors } = weightsFor(plan, network, options);
  const { program, identity } = plan;
  const head = { identity, outputScale: factors.outputScale };
  const numbers = numbersOf(program, weights);
  if (numbers) return yield* modelChunks({ ...head, operands: [], numbers });
  const encoder = new Encoder(Ring.of(device, plan.parameters));
  const { vectors } = modelSize(plan);
  let done = 0;
  const operands = passingOperands(program, weights, (values, level) => {
    options.onProgress?.(++done, vectors);
    return encoder.encode(values, level);
  });
  yield* madeModelChunks(head, vectors, operands);
}
