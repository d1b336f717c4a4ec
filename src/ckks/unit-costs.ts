import type { Device } from "../ntt/device.js";
import type { Ciphertext } from "./ciphertext.js";
import { Evaluator } from "./evaluator.js";
import { KeyHolder } from "./keys/holder.js";
import { requireKey } from "./keys/source.js";
import { Accumulator, Digits } from "./keyswitch.js";
import type { Parameters } from "./parameters.js";

/**
 * What a device takes for the parts that nearly all of an encrypted program consists of, in microseconds a limb: as fast as it goes with
 * many limbs queued, other work on the machine not counted out.
 */
export interface UnitCosts {
  /** Taking a polynomial apart: a limb of a digit modulo QP, its transform and its share of the conversion. */
  readonly decompose: number;
  /** A division by P: a limb that is dropped or kept. */
  readonly divide: number;
  /** A limb of a digit times both halves of a key, and the sum. */
  readonly keyProduct: number;
  /** A limb of a product of two ciphertexts in a sum of many, read where it lies in memory. */
  readonly product: number;
  /** The same with a plaintext. */
  readonly plainProduct: number;
}

/** Products in a sum: a linear layer has about so many before each giant step. */
const TERMS = 16;
/** Of each part the fastest of so many runs counts. */
const RUNS = 9;

/** By device and parameters: measured once. */
const known = new WeakMap<Device, Map<string, Promise<UnitCosts>>>();

/**
 * Measures a device with these parameters, at the level in the middle: some seconds, once; asked again it gives what it found. Keys and
 * vectors that it needs are made and disposed of.
 */
export function measureUnitCosts(device: Device, parameters: Parameters): Promise<UnitCosts> {
  let ofDevice = known.get(device);
  if (!ofDevice) known.set(device, (ofDevice = new Map()));
  let found = ofDevice.get(parameters.identity);
  if (!found) {
    found = measure(device, parameters);
    ofDevice.set(parameters.identity, found);
    found.catch(() => ofDevice.delete(parameters.identity));
  }
  return found;
}

async function measure(device: Device, request: Parameters): Promise<UnitCosts> {
  using holder = await KeyHolder.create(device, request);
  const { parameters } = holder.ring;
  const level = Math.max(1, parameters.maxLevel >> 1);
  using keys = holder.evaluationKeys({ relinearize: false, rotations: [[1, level]] });
  const evaluator = new Evaluator(device, parameters, keys);
  const key = requireKey(keys, [...keys.galois.keys()][0], level);
  const gadget = parameters.gadgetAt(level);
  const limbs = parameters.primesAt(level).length;
  const dropped = limbs + gadget.special.length;
  const extended = Math.ceil(limbs / gadget.digitPrimes) * dropped;
  using x = holder.encrypt([1], { level });
  const vectors: Ciphertext[] = [];
  const plaintexts = Array.from({ length: TERMS }, () => evaluator.encoder.encode([1], level));
  try {
    for (let k = 0; k < TERMS; k++) vectors.push(holder.encrypt([1], { level }));
    using digits = Digits.decompose(x.pair[1], level, gadget);
    using sum = Accumulator.innerProduct(digits, key, x.pair[0]);
    const fastest = async (limbs: number, work: () => Disposable | readonly Disposable[]): Promise<number> => {
      let best = Number.POSITIVE_INFINITY;
      for (let run = 0; run < RUNS; run++) {
        await device.idle();
        const begin = performance.now();
        const made = [0, 1, 2, 3].map(work);
        await device.idle();
        best = Math.min(best, (performance.now() - begin) / 4);
        for (const each of made.flat()) each[Symbol.dispose]();
      }
      return (best * 1000) / limbs;
    };
    return {
      decompose: await fastest(extended, () => Digits.decompose(x.pair[1], level, gadget)),
      divide: await fastest(2 * dropped, () => sum.toCiphertextParts()),
      keyProduct: await fastest(extended, () => Accumulator.innerProduct(digits, key, x.pair[0])),
      product: await fastest(TERMS * limbs, () => evaluator.tensorSum(vectors.map((y) => [x, y] as const))),
      plainProduct: await fastest(TERMS * limbs, () =>
        evaluator.multiplyPlaintextSum(plaintexts.map((y) => [x, y] as const)),
      ),
    };
  } finally {
    for (const each of [...vectors, ...plaintexts]) each[Symbol.dispose]();
  }
}
