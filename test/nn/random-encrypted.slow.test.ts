/** Random networks, encrypted from image to logits: the interpreter's numbers or a named error, never others. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Randomness } from "../../src/ckks/randomness.js";
import { BlindsightError } from "../../src/errors.js";
import {
  compile,
  type FoldOptions,
  interpret,
  KeyHolder,
  ModelOwner,
  type Network,
  Server,
} from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { seed, wordStream } from "../seed.js";
import { randomChain, randomImage } from "./random-network.js";

const NETWORKS = 100;
/** Deeper ones take a ring of 2^15 and more, and a minute each. */
const MOST_LEVELS = 9;

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice({ threads: 2 });
});
afterAll(() => device.close());

/** The largest error of a logit, as a share of the largest logit or of one. */
async function worstError(network: Network, first: number, options: Parameters<typeof compile>[1]): Promise<number> {
  const plan = compile(network, options);
  if (plan.depth.used > MOST_LEVELS) throw new Skipped();
  using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(first));
  const server = new Server(plan, device, holder.evaluationKeys);
  const calibration = { calibration: Array.from({ length: 8 }, (_, i) => randomImage(network, first + i)) };
  using model =
    plan.model === "plain"
      ? server.loadPlain(network, calibration)
      : server.load(
          new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(first + 1)).encrypt(network, calibration),
        );
  let worst = 0;
  for (let i = 0; i < 3; i++) {
    const image = randomImage(network, first + 100 + i);
    using input = holder.encrypt(image);
    using result = await server.run(model, input);
    const logits = await holder.decrypt(result);
    const clear = interpret(network, image);
    const largest = clear.reduce((most, logit) => Math.max(most, Math.abs(logit)), 1);
    worst = Math.max(worst, ...logits.map((logit, j) => Math.abs(logit - clear[j]) / largest));
  }
  return worst;
}

class Skipped extends Error {}

test(`${NETWORKS} random networks, folded at random, with encrypted and with plain weights`, async () => {
  const word = wordStream(14);
  const flag = () => word() % 4 > 0;
  const outcomes = { right: 0, refused: 0, skipped: 0, worst: 0 };
  for (let drawn = 0; outcomes.right < NETWORKS && drawn < 4 * NETWORKS; drawn++) {
    const first = word() % 2 ** 20;
    const network = randomChain(first);
    const fold: FoldOptions = { batchNorm: flag(), square: flag(), pooling: flag(), linear: flag() };
    const options = { model: flag() ? "encrypted" : "plain", fold } as const;
    const name = `BLINDSIGHT_SEED=${seed}: randomChain(${first}) with ${JSON.stringify(options)}`;
    try {
      const worst = await worstError(network, first, options);
      expect(worst, name).toBeLessThan(2e-3);
      outcomes.right++;
      outcomes.worst = Math.max(outcomes.worst, worst);
    } catch (error) {
      if (error instanceof Skipped) outcomes.skipped++;
      else if (error instanceof BlindsightError) outcomes.refused++;
      else throw error;
    }
  }
  console.log(outcomes);
  expect(outcomes.right).toBe(NETWORKS);
});
