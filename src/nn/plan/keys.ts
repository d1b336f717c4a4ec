import { extendedLimbs } from "../../ckks/costs.js";
import type { Parameters } from "../../ckks/parameters.js";
import { packedLimbBytes } from "../../ckks/polynomial.js";
import { levelAfter, levelBefore } from "../program/levels.js";
import type { Program } from "../program/program.js";
import { type CostModel, dropSpecial } from "./cost.js";

/** Keys of products that are rotated save one of three divisions, a quarter of an encrypted layer's time: 128 MiB allow RL-3 all. */
export const DEFAULT_KEY_BYTES = 2 ** 27;

/** Bytes of a file with a key that reaches a level: its uniform halves are a seed. */
export function keyBytes(parameters: Parameters, level: number): number {
  const primes = parameters.primesAt(level);
  const { digitPrimes, special } = parameters.gadgetAt(level);
  const digits = Math.ceil(primes.length / digitPrimes);
  const all = [...primes, ...special];
  return digits * all.reduce((sum, prime) => sum + packedLimbBytes(prime, parameters.logN), 0);
}

/** Limbs of both halves of a key that reaches a level, in a device's memory. */
export function keyLimbs(parameters: Parameters, level: number): number {
  const { digitPrimes, special } = parameters.gadgetAt(level);
  return 2 * extendedLimbs(parameters.primesAt(level).length, special.length, digitPrimes);
}

/** Over the keys for these levels, each with what it is for, the sum of what they take: one key for each gadget of those of one thing. */
export function sumOfKeys(
  levels: Iterable<readonly [what: unknown, level: number]>,
  parameters: Parameters,
  take: (parameters: Parameters, level: number) => number,
): number {
  const highest = new Map<unknown, Map<unknown, number>>();
  for (const [what, level] of levels) {
    const own = highest.get(what) ?? new Map<unknown, number>();
    const gadget = parameters.gadgetAt(level);
    highest.set(what, own.set(gadget, Math.max(level, own.get(gadget) ?? 0)));
  }
  const all = [...highest.values()].flatMap((own) => [...own.values()]);
  return all.reduce((sum, level) => sum + take(parameters, level), 0);
}

/** Every level at which the program relinearises, the highest first. */
export function relinearizationLevels(program: Program, model: "encrypted" | "plain"): number[] {
  const levels = program.steps.flatMap((step) => {
    const [before, after] = [levelBefore(program, step), levelAfter(program, step)];
    switch (step.op) {
      case "square":
      case "multiply":
        return [before];
      case "linear":
        return model === "encrypted" ? [before] : [];
      case "quad":
        return model === "encrypted" ? [before, before - 1] : [before];
      case "polynomial":
        return Array.from({ length: before - after }, (_, k) => before - k);
      default:
        return [];
    }
  });
  return [...new Set(levels)].sort((a, b) => b - a);
}

/**
 * The giant steps that get a key for products: those that save most for their bytes, as far as the bytes go.
 * @returns steps, each with the level that its key must reach; steps at levels of several gadgets have a key for each
 */
export function productKeys(
  program: Program,
  parameters: Parameters,
  costs: CostModel,
  bytes: number,
): [step: number, level: number][] {
  const keys = new Map<string, { step: number; level: number; saved: number }>();
  const gadgets = new Map(
    Array.from({ length: parameters.maxLevel + 1 }, (_, level) => [parameters.gadgetAt(level), level]),
  );
  for (const step of program.steps) {
    if (step.op !== "linear") continue;
    const level = levelBefore(program, step);
    for (const { giant } of step.groups) {
      if (giant === 0) continue;
      const name = `${giant} ${gadgets.get(parameters.gadgetAt(level))}`;
      const { level: reached, saved } = keys.get(name) ?? { level: 0, saved: 0 };
      const most = { step: giant, level: Math.max(level, reached), saved: saved + dropSpecial(costs, level) };
      keys.set(name, most);
    }
  }
  const worth = ({ level, saved }: { level: number; saved: number }) => saved / keyBytes(parameters, level);
  let left = bytes;
  const chosen: [step: number, level: number][] = [];
  for (const key of [...keys.values()].sort((a, b) => worth(b) - worth(a) || a.step - b.step || b.level - a.level)) {
    const size = keyBytes(parameters, key.level);
    if (size > left) continue;
    left -= size;
    chosen.push([key.step, key.level]);
  }
  return chosen.sort(([a, high], [b, low]) => a - b || low - high);
}
