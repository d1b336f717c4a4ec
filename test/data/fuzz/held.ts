import { crc32 } from "../../../src/bytes/checksum.js";
import type { RnsPolynomial } from "../../../src/ckks/polynomial.js";
import { openCpuDevice } from "../../../src/ntt/cpu/device.js";
import type { Limb } from "../../../src/ntt/kernels.js";
import { PassingDevice } from "../../ckks/secret-recorder.js";
import { localMemory } from "../../device-memory.js";
import { atAnyAddress, sourceOf } from "./sources.js";
import type { Target } from "./targets.js";

/** Counts the most bytes of limbs that were held at a time. */
class Gauge extends PassingDevice {
  peak = 0;

  override allocate(logN: number, count: number): Limb[] {
    const limbs = super.allocate(logN, count);
    this.peak = Math.max(this.peak, this.statistics().bytesInUse);
    return limbs;
  }
}

const memory = await openCpuDevice();
/** Where everything that is read comes to lie, and nothing else: its memory is counted. */
export const device = new Gauge(memory);
/** All words of it. */
export const memoryWords = () => Buffer.from(localMemory(memory).buffer);
/** Where the files are made. */
export const maker = await openCpuDevice();

type Read<T> = (source: never) => T | Promise<T>;

/**
 * Reads, looks at what was read, and disposes of it. Bytes of a stream come in chunks of some lengths.
 * @param look what is wrong with the object, if something is
 */
export function reading<T extends object | undefined>(
  read: Read<T>,
  look: (made: T, bytes: Uint8Array) => Promise<string | undefined>,
  { streams = true, after = async () => undefined, limbBytes = (length) => 5 * length + 2 ** 15 }: Options = {},
): Target["read"] {
  return async (bytes) => {
    const held = device.statistics().bytesInUse;
    device.peak = held;
    const source = streams ? sourceOf(bytes, crc32(bytes)) : { chunks: bytes, ended: () => true };
    const tooMuch = () => {
      const taken = device.peak - held;
      return taken > limbBytes(bytes.length) ? `${taken} bytes of limbs for ${bytes.length} bytes` : undefined;
    };
    let fault: string | undefined;
    let refusal: unknown;
    try {
      const made = await read(source.chunks as never);
      fault = tooMuch();
      fault ??= await look(made, bytes);
      (made as Partial<Disposable> | undefined)?.[Symbol.dispose]?.();
    } catch (error) {
      refusal = error;
      fault ??= tooMuch();
    }
    const left = device.statistics().bytesInUse - held;
    if (left !== 0) fault ??= `${left} bytes of limbs are left after ${refusal ?? "the object was disposed of"}`;
    if (!source.ended()) fault ??= `its source was left open after ${refusal}`;
    fault ??= await after(bytes);
    if (fault) return fault;
    if (refusal) throw refusal;
    return undefined;
  };
}

interface Options {
  /** Whether the reader takes sources, or an array only. */
  readonly streams?: boolean;
  /** The most bytes of limbs that so many bytes may take. */
  readonly limbBytes?: (length: number) => number;
  /** What is to be looked at when all is gone. */
  readonly after?: (bytes: Uint8Array) => Promise<string | undefined>;
}

/** Every residue below its prime: by the device's own words. */
export async function requireCanonical(polynomials: readonly RnsPolynomial[]): Promise<string | undefined> {
  for (const { ring, primes, limbs } of polynomials) {
    const words = await ring.device.read(ring.logN, limbs);
    const at = words.findIndex((limb, i) => limb.some((word) => word >= primes[i]));
    if (at >= 0) return `a word that is no residue modulo ${primes[at]}`;
  }
  return undefined;
}

/** The bytes at any address. */
export function placed(make: (random: () => number) => Uint8Array | Promise<Uint8Array>): Target["input"] {
  return async (random) => ({ bytes: atAnyAddress(await make(random), random), originals: [] });
}
