import type { Parameters } from "../../ckks/parameters.js";
import { packedLimbBytes } from "../../ckks/polynomial.js";
import { levelBefore, type Program, rotations } from "../program/program.js";
import { type CostModel, dropSpecial } from "./cost.js";

/** Keys of products that are rotated save one of three divisions, a quarter of an encrypted layer's time: 128 MiB allow RL-3 all. */
export const DEFAULT_KEY_BYTES = 2 ** 27;

/** Bytes of a file with a key that reaches a level: its uniform halves are a seed. */
export function keyBytes(parameters: Parameters, level: number): number {
  const primes = parameters.primesAt(level);
  const digits = Math.ceil(primes.length / parameters.digitPrimes);
  const all = [...primes, ...parameters.special];
  return digits * all.reduce((sum, prime) => sum + packedLimbBytes(prime, parameters.logN), 0);
}

/** Bytes of all keys that a program needs, those of rotated products left aside. */
export function programKeyBytes(program: Program, parameters: Parameters, relinearize: number | false): number {
  const levels = [...rotations(program).values(), ...(relinearize === false ? [] : [relinearize])];
  return levels.reduce((sum, level) => sum + keyBytes(parameters, level), 0);
}

/**
 * The giant steps that get a key for products: those that save most for their bytes, as far as the bytes go.
 * @returns steps, each with the level that its key must reach
 */
export function productKeys(
  program: Program,
  parameters: Parameters,
  costs: CostModel,
  bytes: number,
): Map<number, number> {
  const levels = new Map<number, number>();
  const savings = new Map<number, number>();
  for (const step of program.steps) {
    if (step.op !== "linear") continue;
    const level = levelBefore(program, step);
    for (const { giant } of step.groups) {
      if (giant === 0) continue;
      levels.set(giant, Math.max(level, levels.get(giant) ?? 0));
      savings.set(giant, (savings.get(giant) ?? 0) + dropSpecial(costs, level));
    }
  }
  const worth = (step: number) => savings.get(step)! / keyBytes(parameters, levels.get(step)!);
  let left = bytes;
  const chosen = new Map<number, number>();
  for (const step of [...levels.keys()].sort((a, b) => worth(b) - worth(a) || a - b)) {
    const size = keyBytes(parameters, levels.get(step)!);
    if (size > left) continue;
    left -= size;
    chosen.set(step, levels.get(step)!);
  }
  return new Map([...chosen].sort(([a], [b]) => a - b));
}
