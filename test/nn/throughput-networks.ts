/** What the tests of optimize: "throughput" share: two networks, and a ring that is small. */
import { fold } from "../../src/nn/fold/fold.js";
import type { Network } from "../../src/nn/graph/network.js";
import { Plan } from "../../src/nn/index.js";
import { planThroughput } from "../../src/nn/plan/throughput.js";
import { unsafe } from "../ckks/settings.js";
import { randomNetwork } from "./random-network.js";

export const throughput = { model: "plain", optimize: "throughput" } as const;

export const small = randomNetwork(
  [1, 5, 5],
  [{ conv: 2, kernel: 3, padding: 1, stride: 2 }, "quad", "flatten", { linear: 4 }, "quad", { linear: 3 }],
  4,
);
export const pools = randomNetwork([2, 9, 8], [{ conv: 4, padding: 1 }, "bn", "quad", { pool: 2 }, { conv: 3 }, { pool: 2 }, "flatten", { linear: 3 }], 5); // biome-ignore format: one list

/** The plan in a ring of 512 slots, which is not secure. */
export function planIn512(network: Network): Plan {
  const { folded, depth } = fold(network);
  const widths = [2, ...Array<number>(depth).fill(1)];
  const parameters = unsafe(10, widths, { digitPrimes: 2, specials: 3, baseScaleBits: 47 });
  const program = planThroughput(folded, parameters.slots);
  return new Plan({ program, parameters, model: "plain", fold: {}, depth: { used: depth, withoutFolding: depth } });
}
