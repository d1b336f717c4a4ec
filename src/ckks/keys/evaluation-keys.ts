import { COPY, THIS_COPY } from "../copies.js";
import { chunks } from "../primelist.js";
import type { Residency } from "../residency.js";
import type { Ring } from "../ring.js";
import { refuseJson } from "../storage.js";
import type { KeyDigit, SwitchingKey } from "./switching-key.js";
import { RELINEARIZATION_STREAM, uniformHalf } from "./uniform.js";

/** What a server needs to compute: relinearisation, rotations, conjugation. Reveals nothing about the secret key. */
export class EvaluationKeys implements Disposable {
  constructor(
    readonly ring: Ring,
    readonly fingerprint: string,
    /** From s² to s. */
    readonly relinearization: SwitchingKey | undefined,
    /** By Galois element g, stored inverse-rotated: switches from s to σ_g^−1(s), before σ_g is applied to the result. */
    readonly galois: ReadonlyMap<number, SwitchingKey>,
    /** Of all halves a; keys from elsewhere have none, and hold them in full. */
    readonly seed: Uint8Array | undefined,
    /** Where the keys live, if not in the device's memory. */
    readonly residency?: Residency,
  ) {}

  get [COPY](): object {
    return THIS_COPY;
  }

  get all(): SwitchingKey[] {
    return [...(this.relinearization ? [this.relinearization] : []), ...this.galois.values()];
  }

  /** Bytes on the wire: the b halves packed, one seed for all a halves where there is one. */
  get packedBytes(): number {
    const halves = this.all.flatMap((key) => key.digits).flatMap(({ b, a }) => (this.seed ? [b] : [b, a]));
    return halves.reduce((bytes, half) => bytes + half.packedBytes, this.seed?.length ?? 0);
  }

  /** Bytes in the device's memory, when all of them are there. */
  get bytes(): number {
    return this.all.flatMap((key) => key.digits).reduce((n, { b }) => n + 2 * b.bytes, 0);
  }

  /** A map is `{}` in JSON. @throws FormatError always. */
  toJSON(): never {
    return refuseJson();
  }

  /**
   * The same keys outside of the device's memory, in `residency`: halves b packed, halves a made again from the seed
   * whenever they are used; packed, too, where there is no seed. These ones are disposed of.
   */
  async page(residency: Residency): Promise<EvaluationKeys> {
    const { seed } = this;
    const pageKey = async (key: SwitchingKey, stream: number): Promise<SwitchingKey> => {
      const { parameters } = this.ring;
      const own = chunks(parameters.primesAt(key.level), parameters.digitPrimes);
      const digits: KeyDigit[] = [];
      for (const [digit, { b, a }] of key.digits.entries()) {
        const { ring, primes } = a;
        const packed = await residency.page(b);
        if (!seed) {
          digits.push({ b: packed, a: await residency.page(a) });
          continue;
        }
        const make = () => uniformHalf(ring, primes, { seed, stream, digit }, { primes: own[digit], power: key.power });
        digits.push({ b: packed, a: residency.regenerate(a, make) });
      }
      return { ...key, digits };
    };
    const relinearization = this.relinearization && (await pageKey(this.relinearization, RELINEARIZATION_STREAM));
    const galois = new Map<number, SwitchingKey>();
    for (const [element, key] of this.galois) galois.set(element, await pageKey(key, element));
    return new EvaluationKeys(this.ring, this.fingerprint, relinearization, galois, this.seed, residency);
  }

  [Symbol.dispose](): void {
    for (const { b, a } of this.all.flatMap((key) => key.digits)) {
      b[Symbol.dispose]();
      a[Symbol.dispose]();
    }
  }
}
