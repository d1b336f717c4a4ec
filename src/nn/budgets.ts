import { kindOf } from "../ckks/copies.js";
import { ParameterError } from "../errors.js";
import { type Counted, modelSize, packedBytes } from "./program/counts.js";
import type { ServerMemory } from "./program/memory.js";

/** What a plan may take: see `CompileOptions`. */
export interface Budgets {
  readonly maxKeyBytes: number;
  readonly maxModelBytes?: number;
  readonly maxMemoryBytes?: number;
}

/** A plan, as far as it has a size. */
interface Sized extends Counted {
  readonly parameters: Counted["parameters"] & { readonly logN: number };
  readonly memory: ServerMemory;
}

/** How a plan is to be made: what a weight vector costs the search, and what keys may take. */
export interface Prices {
  readonly weightLimb: number;
  readonly maxKeyBytes: number;
}

/** By how much weights become dearer for the search from one try to the next. */
const DEARER = [1, 4, 16, 64];

/** @throws TypeError for a budget that is no number of bytes */
export function requireBudgets(budgets: Budgets): void {
  for (const [name, bytes] of Object.entries(budgets)) {
    if (bytes === undefined || (typeof bytes === "number" && bytes >= 0)) continue;
    const kind = typeof bytes === "number" ? bytes : kindOf(bytes);
    throw new TypeError(`${name}: a number of bytes was expected, not ${kind}`);
  }
}

/**
 * The first plan within the budgets, from the fastest on.
 * @throws ParameterError where none is
 */
export function withinBudgets<P extends Sized>(
  planFor: (prices: Prices) => P,
  weightLimb: number,
  budgets: Budgets,
): P {
  const { maxKeyBytes, maxModelBytes = Number.POSITIVE_INFINITY, maxMemoryBytes = Number.POSITIVE_INFINITY } = budgets;
  let smallest: P | undefined;
  for (const dearer of maxModelBytes === Number.POSITIVE_INFINITY ? [1] : DEARER) {
    const plan = planFor({ weightLimb: weightLimb * dearer, maxKeyBytes });
    if (!smallest || bytesOf(plan) < bytesOf(smallest)) smallest = plan;
    if (bytesOf(plan) <= maxModelBytes) break;
  }
  const found = smallest!;
  if (bytesOf(found) > maxModelBytes) {
    throw new ParameterError(
      `the model takes ${megabytes(bytesOf(found))} in the smallest plan that was found; maxModelBytes allows ${megabytes(maxModelBytes)}`,
      `raise maxModelBytes, ${found.model === "encrypted" ? 'take model: "plain", which halves it, ' : ""}or take a smaller network`,
    );
  }
  if (memoryBytes(found) <= maxMemoryBytes) return found;
  const fewerKeys = planFor({ weightLimb, maxKeyBytes: 0 });
  const fits = bytesOf(fewerKeys) <= maxModelBytes && memoryBytes(fewerKeys) <= maxMemoryBytes;
  if (fits) return fewerKeys;
  const least = Math.min(memoryBytes(found), memoryBytes(fewerKeys));
  throw new ParameterError(
    `keys, model and an image take ${megabytes(least)} of the device's memory; maxMemoryBytes allows ${megabytes(maxMemoryBytes)}`,
    "leave maxMemoryBytes out and open the server by Server.withMemoryLimit, which brings keys and weights in as they are used",
  );
}

/** A plan of throughput mode, in which there is no choice: what takes memory are the images. @throws ParameterError for more than is allowed */
export function withinMemory<P extends Sized>(plan: P, { maxMemoryBytes = Number.POSITIVE_INFINITY }: Budgets): P {
  if (memoryBytes(plan) <= maxMemoryBytes) return plan;
  throw new ParameterError(
    `${plan.program.slots} images at once take ${megabytes(memoryBytes(plan))} of the device's memory; maxMemoryBytes allows ${megabytes(maxMemoryBytes)}`,
    'raise maxMemoryBytes, make the image or the layers smaller, or compile with optimize: "latency"',
  );
}

function bytesOf(plan: Sized): number {
  return packedBytes(modelSize(plan).limbs, plan.parameters.logN);
}

function memoryBytes({ memory: { keys, model, image } }: Sized): number {
  return keys + model + image;
}

/** In words. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
