import { DeviceError } from "../errors.js";

/** All in bytes. */
export interface Shortage {
  /** What could not be had, in words. */
  readonly asked: string;
  /** In limbs. */
  readonly inUse: number;
  readonly limit: number;
  /** The smallest limit with which this would have worked. */
  readonly needed: number;
  /** The largest limit that can be asked for. */
  readonly most: number;
}

/** A device's memory does not suffice. The way out is a larger limit, where there is one, or fewer limbs. */
export function memoryExhausted(device: string, shortage: Shortage, cause?: unknown): DeviceError {
  const { asked, inUse, limit, needed, most } = shortage;
  const enough = needed > limit && needed <= most;
  return new DeviceError(
    `the ${device} device's memory is exhausted: ${asked} were asked for beside ${mib(inUse)} of limbs in use, ` +
      `the limit is ${mib(limit)}, and ${mib(needed)} would be needed`,
    `${enough ? `open it with memoryLimit: ${needed} or more, ` : ""}dispose of ciphertexts (\`using\`), ` +
      "or await a result now and then so that forgotten ones can be collected",
    { cause },
  );
}

/** @throws RangeError for a limit that holds no limb, or is no number. */
export function requireMemoryLimit(memoryLimit: number, least: number): void {
  if (memoryLimit >= least) return;
  throw new RangeError(`memoryLimit ${memoryLimit}: ${least} bytes (${mib(least)}) at least were expected`);
}

export function limbsInWords(logN: number, count: number): string {
  return `${count} limb${count === 1 ? "" : "s"} of ${mib(4 * 2 ** logN)}`;
}

export function mib(bytes: number): string {
  const size = bytes / 2 ** 20;
  return `${size < 10 ? size.toFixed(size < 0.1 ? 3 : 1) : Math.ceil(size)} MiB`;
}
