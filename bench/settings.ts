import { Parameters } from "../src/ckks/index.js";
import type { Device } from "../src/ntt/device.js";
import { BenchError } from "./failure.js";

/** What is compared at one N: our depth and node-seal's primes, of about the same log2 Q. */
export interface Setting {
  /** Levels of ours: `Parameters.choose({ depth, wideBase: false })`, since the range of the bench's values is known. */
  readonly depth: number;
  /** Bits of node-seal's primes; the last one is SEAL's special prime, and no part of Q. */
  readonly sealBits: readonly number[];
  /** log2 of SEAL's scale: the size of the primes that it rescales by. */
  readonly sealScaleBits: number;
  /** Levels on a GPU, where they are others: there the CPU device is the peer, whose memory is our own. */
  readonly gpuDepth?: number;
}

/**
 * log2 Q of about 60, 150, 300 and twice 630. At N = 2^14 the primes are those that most CKKS tables use. N = 2^16 could
 * hold twice as many, but then node-seal's keys would outgrow its memory; and SEAL's own table ends at 2^15: at 2^16 it is
 * opened without its check, at a modulus that our table allows for 128 bits.
 */
const SETTINGS: ReadonlyMap<number, Setting> = new Map([
  [12, { depth: 1, sealBits: [34, 26, 40], sealScaleBits: 26 }],
  [13, { depth: 4, sealBits: [45, 35, 35, 35, 60], sealScaleBits: 35 }],
  [14, { depth: 9, sealBits: [60, 40, 40, 40, 40, 40, 40, 60], sealScaleBits: 40 }],
  [15, { depth: 20, sealBits: [60, ...new Array<number>(14).fill(40), 60], sealScaleBits: 40 }],
  [16, { depth: 20, gpuDepth: 29, sealBits: [60, ...new Array<number>(14).fill(40), 60], sealScaleBits: 40 }],
]);

export const LOG_NS: readonly number[] = [...SETTINGS.keys()];

export function settingOf(logN: number): Setting {
  const setting = SETTINGS.get(logN);
  if (!setting) throw new BenchError(`N = 2^${logN} has no setting`, `take one of ${LOG_NS.join(", ")}`);
  return setting;
}

/**
 * Our parameters at N: what an application gets that asks for the depth and knows its values' range, or, with `fullPrimes`, 30-bit primes only.
 * @throws BenchError when the library now chooses another ring for the depth.
 */
export function parametersOf(logN: number, fullPrimes: boolean, device: Device["kind"] = "cpu"): Parameters {
  const { depth: usual, gpuDepth = usual } = settingOf(logN);
  const depth = device === "cpu" ? usual : gpuDepth;
  const request = { depth, slots: 2 ** (logN - 1), wideBase: false };
  const parameters = Parameters.choose(fullPrimes ? { ...request, smallerPrimes: false } : request);
  if (parameters.logN !== logN) {
    throw new BenchError(
      `depth ${depth}${fullPrimes ? " in full primes" : ""} takes N = 2^${parameters.logN} now, not 2^${logN}`,
      "lower the depth in bench/settings.ts, or leave that N out",
    );
  }
  return parameters;
}
