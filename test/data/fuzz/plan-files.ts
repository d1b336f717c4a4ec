import { readFileSync } from "node:fs";
import { collect } from "../../../src/bytes/stream.js";
import { planChunks } from "../../../src/nn/formats/plan.js";
import { compile, importOnnx, KeyHolder, Model, Plan, Server } from "../../../src/nn/index.js";
import { planOf } from "../../nn/formats/stored.js";
import { randomImage } from "../../nn/random-network.js";
import { planIn512, small } from "../../nn/throughput-networks.js";
import { device, maker, placed, reading } from "./held.js";
import { below, pick } from "./mutate.js";
import { mutateFile } from "./sealed.js";
import type { Target } from "./targets.js";

const MiB = 2 ** 20;
const rl3 = importOnnx(readFileSync(new URL("models/rl3-phantom.onnx", `file://${process.cwd()}/`)));
const plans = [planOf("encrypted"), planOf("plain"), compile(rl3), planIn512(small)];
const texts = plans.map((plan) => JSON.stringify({ ...plan, parameters: undefined }));
const values: readonly unknown[] = [
  ...[0, 1, -1, 2, 15, 16, 31, 32, 512, 2 ** 15, 2 ** 16, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 0.5, 1e300, -0],
  ...["", "junk", "replica", "image", "linear", "square", "quad", "add", "lower", "shift", "combine", "polynomial"],
  ...[true, false, null, [], {}, [0], [0, 0], [[0, 0]]],
];

const numbered = plans[3];
const numbers = await (async () => {
  using holder = await KeyHolder.create(numbered, maker);
  const server = new Server(numbered, maker, holder.evaluationKeys);
  using model = server.loadPlain(small, { calibration: [randomImage(small, 1)] });
  return await model.toBytes();
})();

/** Plans whose text was changed and signed anew, and models of numbers. */
export const planTargets: Readonly<Record<string, Target>> = {
  /** Identity and checksums fit: what comes back can be asked everything, and writes the same bytes. */
  "plan files": {
    mostBytes: 64 * MiB,
    input: placed(async (random) => {
      const at = below(plans.length, random);
      const text = JSON.parse(texts[at]);
      for (let changes = 1 + below(3, random); changes > 0; changes--) change(text, random);
      try {
        return await collect(planChunks({ ...text, parameters: plans[at].parameters }));
      } catch {
        return mutateFile(await plans[at].toBytes(), await plans[0].toBytes(), random);
      }
    }),
    read: async (bytes) => {
      const plan = await Plan.fromBytes(bytes);
      const { length } = plan.report();
      const { rotations, memory, evaluationKeyBytes, ranges } = plan;
      if (![length, rotations.size, memory.image, evaluationKeyBytes, ranges.steps.length].every(Number.isFinite)) {
        return "a plan that says nothing";
      }
      return Buffer.compare(await plan.toBytes(), bytes) === 0 ? undefined : "another plan than was written";
    },
  },
  "model of numbers": {
    mostBytes: 32 * MiB,
    input: placed((random) => mutateFile(numbers, numbers, random)),
    read: reading(
      (source) => Model.fromBytes(source, numbered, device),
      async (read, bytes) => (Buffer.compare(await read.toBytes(), bytes) === 0 ? undefined : "other numbers"),
    ),
  },
};

/** One field anywhere becomes another value, is taken away, doubled, or exchanged with its neighbour. */
function change(root: Record<string, unknown>, random: () => number): void {
  let at: Record<string, unknown> = root;
  for (;;) {
    const keys = Object.keys(at);
    if (keys.length === 0) return;
    const key = pick(keys, random);
    const inside = at[key];
    if (typeof inside === "object" && inside !== null && Object.keys(inside).length > 0 && below(8, random) > 0) {
      at = inside as Record<string, unknown>;
      continue;
    }
    const kind = below(5, random);
    if (kind === 0 && Array.isArray(at)) at.splice(Number(key), 1);
    else if (kind === 1 && Array.isArray(at)) at.splice(Number(key), 0, inside);
    else if (kind === 2) [at[key], at[pick(keys, random)]] = [at[pick(keys, random)], inside];
    else if (kind === 3 && typeof inside === "number") at[key] = inside + below(5, random) - 2;
    else at[key] = pick(values, random);
    return;
  }
}
