import { Randomness } from "../../../src/ckks/randomness.js";
import {
  EncryptedImage,
  EncryptedResult,
  fold,
  KeyHolder,
  Model,
  ModelOwner,
  Plan,
  Server,
} from "../../../src/nn/index.js";
import { costsOf } from "../../../src/nn/plan/cost.js";
import { planProgram } from "../../../src/nn/plan/plan.js";
import type { Device } from "../../../src/ntt/device.js";
import { unsafe } from "../../ckks/settings.js";
import { randomImage, randomNetwork } from "../random-network.js";

/** Steps with weights and without. */
export const network = randomNetwork(
  [1, 4, 4],
  [{ conv: 2, kernel: 3, padding: 1 }, "quad", "flatten", { linear: 2 }],
  7,
);
export const image = randomImage(network, 3);
export const options = { calibration: [image] };

/** In a ring of N = 2^10, which is not secure: files and tests stay small. */
export function planOf(model: "encrypted" | "plain"): Plan {
  const parameters = unsafe(10, [2, 1, 1, 1, 1], { digitPrimes: 2, specials: 3, baseScaleBits: 47 });
  const { folded } = fold(network);
  const { slots, maxLevel: levelsLimit } = parameters;
  const program = planProgram(folded, { slots, levelsLimit, costs: costsOf(parameters, model) });
  const depth = { used: program.depth, withoutFolding: program.depth };
  return new Plan({ program, parameters, model, fold: {}, depth });
}

/** The three roles in one process, and all that they exchange, from seeds. */
export async function makeAll(device: Device, plan: Plan) {
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(21));
  const server = new Server(plan, device, holder.evaluationKeys);
  const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(22));
  const model = plan.model === "plain" ? server.loadPlain(network, options) : owner.encrypt(network, options);
  const input = holder.encrypt(image);
  const result = await server.run(model, input);
  return { holder, server, model, input, result };
}

/** How each is read. */
export const readers = {
  model: (bytes: Uint8Array, plan: Plan, device: Device) => Model.fromBytes(bytes, plan, device),
  "encrypted-image": (bytes: Uint8Array, plan: Plan, device: Device) => EncryptedImage.fromBytes(bytes, plan, device),
  "encrypted-result": (bytes: Uint8Array, plan: Plan, device: Device) => EncryptedResult.fromBytes(bytes, plan, device),
};
