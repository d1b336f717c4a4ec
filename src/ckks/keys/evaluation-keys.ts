import { type ByteSource, inPlace } from "../../bytes/stream.js";
import { KeyMismatchError, ParameterError } from "../../errors.js";
import type { Device } from "../../ntt/device.js";
import { COPY, requireInstance, THIS_COPY } from "../copies.js";
import { evaluationKeysBytes, evaluationKeysChunks, readEvaluationKeys } from "../formats/evaluation-keys.js";
import { allOrNothing } from "../limbs.js";
import { type PagingOptions, type Residency, residencyOf } from "../paging/residency.js";
import { type Ring, requireRing } from "../ring.js";
import { refuseJson } from "../storage.js";
import type { KeySource } from "./source.js";
import { type KeyDigit, type KeyName, keyName, ownPrimesOf, type SwitchingKey, streamOf } from "./switching-key.js";
import { ownFactor, uniformHalf } from "./uniform.js";

/** One key as a file. */
export interface EvaluationKeyFile {
  /**
   * "relinearization", or "galois-" and the element; "product-" and the element for one of `productRotations`. Of several keys for
   * one thing those that do not reach highest say their level behind it: "galois-5-level-2".
   */
  readonly name: string;
  /** Galois element of its automorphism; undefined for the relinearisation key. */
  readonly element: number | undefined;
  /** The highest level at which it can be used. */
  readonly level: number;
  /** Of the whole file. */
  readonly bytes: number;
  /** The file, one limb at a time. */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>;
}

/** What a server needs to compute: relinearisation, rotations, conjugation. Reveals nothing about the secret key. */
export class EvaluationKeys implements KeySource, Disposable {
  /** Those of automorphisms, by Galois element: of several the one that reaches highest. */
  readonly galois: ReadonlyMap<number, SwitchingKey>;
  readonly levels: ReadonlyMap<KeyName, number>;
  /** Of one name, ascending by level: no two have one gadget. */
  private readonly byName: ReadonlyMap<KeyName, readonly SwitchingKey[]>;

  /** @throws ParameterError for two keys of one name and gadget */
  constructor(
    readonly ring: Ring,
    readonly fingerprint: string,
    /** The relinearisation key first, if there is one. */
    readonly all: readonly SwitchingKey[],
    /** Where the keys live, if not in the device's memory. */
    readonly residency?: Residency,
  ) {
    const byName = new Map<KeyName, SwitchingKey[]>();
    for (const key of all) byName.set(keyName(key), [...(byName.get(keyName(key)) ?? []), key]);
    for (const keys of byName.values()) keys.sort((a, b) => a.level - b.level);
    this.byName = byName;
    const highest = [...byName].map(([name, keys]) => [name, keys[keys.length - 1]] as const);
    this.galois = new Map(highest.flatMap(([name, key]) => (typeof name === "number" ? [[name, key] as const] : [])));
    this.levels = new Map(highest.map(([name, { level }]) => [name, level]));
    const gadgets = [...byName].map(([, keys]) => new Set(keys.map(({ level }) => ring.parameters.gadgetAt(level))));
    if (gadgets.reduce((count, { size }) => count + size, 0) === all.length) return;
    throw new ParameterError(
      "a key is there twice",
      "join keys of different steps, or dispose of those that are replaced",
    );
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  /** From s² to s. */
  get relinearization(): SwitchingKey | undefined {
    return this.key(undefined);
  }

  key(name: KeyName, level?: number): SwitchingKey | undefined {
    const keys = this.byName.get(name) ?? [];
    return level === undefined ? keys[keys.length - 1] : keys.find((key) => key.level >= level);
  }

  settle(): void {
    this.residency?.trim();
  }

  requireAlive(): void {
    for (const { b, a } of this.digits) for (const half of [b, a]) half.requireAlive();
  }

  /** Bytes of `toBytes`: halves b packed, a seed for all halves a or those packed, too, and a header. */
  get packedBytes(): number {
    return evaluationKeysBytes(this);
  }

  /** The whole file in one array, made in its place. @throws FormatError for a label that is no fingerprint. */
  async toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return inPlace(this.packedBytes, (room) => evaluationKeysChunks("evaluation keys", this, room));
  }

  /** The same bytes one limb at a time, for streams. */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return evaluationKeysChunks("evaluation keys", this);
  }

  /** Each key as a file of its own, for whoever stores or sends them one by one: `fromBytes` reads it, `join` puts them together. */
  files(): EvaluationKeyFile[] {
    const { ring, fingerprint } = this;
    return this.all.map((key) => {
      const content = { ring, fingerprint, all: [key] };
      const { element, level } = key;
      const named = keyName(key) ?? "relinearization";
      const alone = level === this.levels.get(keyName(key));
      const name = `${typeof named === "number" ? `galois-${named}` : named}${alone ? "" : `-level-${level}`}`;
      const chunks = () => evaluationKeysChunks("evaluation key", content);
      return { name, element, level, bytes: evaluationKeysBytes(content), chunks };
    });
  }

  /**
   * What `toBytes` or one of `files` wrote, from bytes, a web stream or a Node stream. The fingerprint is what the file says: a
   * label. Keys that somebody else made compute nonsense, and reveal nothing.
   * @throws FormatError for anything else
   */
  static async fromBytes(source: ByteSource, device: Device, options: PagingOptions = {}): Promise<EvaluationKeys> {
    const residency = residencyOf(options);
    const { ring, fingerprint, all } = await readEvaluationKeys(source, device, residency);
    return new EvaluationKeys(ring, fingerprint, all, residency);
  }

  /**
   * The keys of several, which it takes over: those given are left without them.
   * @throws KeyMismatchError for keys of different secrets; ParameterError for those of other parameters, devices or
   *   residencies, for a key that is there twice, and for none at all
   */
  static join(parts: readonly EvaluationKeys[]): EvaluationKeys {
    for (const part of parts) requireInstance(part, EvaluationKeys, "a part", "what EvaluationKeys.fromBytes gives");
    const [first] = parts;
    if (!first) throw new ParameterError("there are no keys to join", "give join those that were read");
    const { ring, fingerprint, residency } = first;
    for (const part of parts) {
      requireRing(ring, part.ring, "a part");
      if (part.fingerprint !== fingerprint) {
        const names = `${part.fingerprint.slice(0, 8)} and ${fingerprint.slice(0, 8)}`;
        throw new KeyMismatchError(`keys of ${names} are not of one secret`, "join the keys of one key holder");
      }
      if (part.residency === residency) continue;
      throw new ParameterError("keys of two residencies cannot be joined", "read them with one, or page them first");
    }
    const all = parts.flatMap((part) => part.all).sort((a, b) => streamOf(a) - streamOf(b) || b.level - a.level);
    void new EvaluationKeys(ring, fingerprint, all, residency); // refuses keys before they are taken over
    const moved = all.map((key) => ({ ...key, digits: key.digits.map(({ b, a }) => ({ b: b.move(), a: a.move() })) }));
    return new EvaluationKeys(ring, fingerprint, moved, residency);
  }

  /** Bytes in the device's memory, when all of them are there. */
  get bytes(): number {
    return this.digits.reduce((n, { b }) => n + 2 * b.bytes, 0);
  }

  /** A map is `{}` in JSON. @throws FormatError always. */
  toJSON(): never {
    return refuseJson();
  }

  /**
   * The same keys outside of the device's memory, in `residency`: halves b packed, halves a made again from the seed
   * whenever they are used; packed, too, where there is no seed. These ones are disposed of.
   */
  page(residency: Residency): Promise<EvaluationKeys> {
    return allOrNothing(async (keep) => {
      const all: SwitchingKey[] = [];
      for (const key of this.all) {
        const own = ownPrimesOf(key, this.ring.parameters);
        const digits: KeyDigit[] = [];
        for (const [digit, { b, a }] of key.digits.entries()) {
          const factor = (p: number) => ownFactor(p, own[digit]);
          const packed = keep(await residency.page(b, factor));
          const { seed } = key;
          if (!seed) digits.push({ b: packed, a: keep(await residency.page(a, factor)) });
          else {
            const { ring, primes, form } = a;
            const make = () => uniformHalf(ring, primes, { seed, stream: streamOf(key), digit }, own[digit]);
            digits.push({ b: packed, a: keep(residency.generate(ring, primes, form, make)) });
            a[Symbol.dispose]();
          }
        }
        all.push({ ...key, digits });
      }
      return new EvaluationKeys(this.ring, this.fingerprint, all, residency);
    });
  }

  private get digits(): readonly KeyDigit[] {
    return this.all.flatMap(({ digits }) => digits);
  }

  [Symbol.dispose](): void {
    for (const { b, a } of this.digits) {
      b[Symbol.dispose]();
      a[Symbol.dispose]();
    }
  }
}
