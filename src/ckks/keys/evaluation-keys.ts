import { type ByteSource, collect } from "../../bytes/stream.js";
import type { Device } from "../../ntt/device.js";
import { COPY, THIS_COPY } from "../copies.js";
import { evaluationKeysBytes, evaluationKeysChunks, readEvaluationKeys } from "../formats/evaluation-keys.js";
import type { Residency } from "../paging/residency.js";
import { chunks } from "../primelist.js";
import type { Ring } from "../ring.js";
import { RELINEARIZATION_STREAM } from "../sampling.js";
import { refuseJson, requireSeed } from "../storage.js";
import type { KeyDigit, SwitchingKey } from "./switching-key.js";
import { ownFactor, uniformHalf } from "./uniform.js";

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

  /** Bytes of `toBytes`: the b halves packed, one seed for all a halves, and a header. */
  get packedBytes(): number {
    if (this.seed) return evaluationKeysBytes({ ...this.content, seed: this.seed });
    const halves = this.all.flatMap((key) => key.digits).flatMap(({ b, a }) => [b, a]);
    return halves.reduce((bytes, half) => bytes + half.packedBytes, 0);
  }

  /** @throws FormatError for keys that have no seed */
  async toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return collect(this.chunks());
  }

  /** The same bytes one limb at a time, for streams. */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return evaluationKeysChunks({ ...this.content, seed: requireSeed(this.seed, "the evaluation key") });
  }

  private get content() {
    const { ring, fingerprint, relinearization, galois } = this;
    return { ring, fingerprint, relinearization, galois };
  }

  /**
   * What `toBytes` wrote, from bytes, a web stream or a Node stream. The fingerprint is what the file says: a label. Keys that
   * somebody else made compute nonsense, and reveal nothing.
   * @throws FormatError for anything else
   */
  static async fromBytes(source: ByteSource, device: Device): Promise<EvaluationKeys> {
    const { ring, fingerprint, relinearization, galois, seed } = await readEvaluationKeys(source, device);
    return new EvaluationKeys(ring, fingerprint, relinearization, galois, seed);
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
        const ownPrimes = { primes: own[digit], power: key.power };
        const packed = await residency.page(b, (p) => ownFactor(p, ownPrimes));
        if (!seed) {
          digits.push({ b: packed, a: await residency.page(a, (p) => ownFactor(p, ownPrimes)) });
          continue;
        }
        const make = () => uniformHalf(ring, primes, { seed, stream, digit }, ownPrimes);
        digits.push({ b: packed, a: residency.generate(ring, primes, a.form, make) });
        a[Symbol.dispose]();
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
