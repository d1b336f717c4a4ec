import { productModulo } from "../../ntt/modulus.js";
import { kindOf, requireInstance } from "../copies.js";
import type { Gadget } from "../gadgets.js";
import { allOrNothing, type Keep } from "../limbs.js";
import type { Parameters } from "../parameters.js";
import { addScaled, multiply, permute, type RnsPolynomial } from "../polynomial.js";
import type { Randomness } from "../randomness.js";
import type { Ring } from "../ring.js";
import { EvaluationKeys } from "./evaluation-keys.js";
import { conjugationElement, inverseElement, requireElement, requireSteps, rotationElement } from "./galois.js";
import { maskedHalf } from "./masking.js";
import { SecretKey } from "./secret.js";
import { ownPrimesOf, PRODUCT_POWER, type SwitchingKey, streamOf } from "./switching-key.js";
import { ownFactor, uniformHalf } from "./uniform.js";

/** Which evaluation keys to make. A key made for a level is smaller, and works at that level and below. */
export interface EvaluationKeyRequest {
  /** Level of the relinearisation key; default the highest, `false` for none. Of several levels one for each gadget, see `rotations`. */
  readonly relinearize?: number | false | readonly number[];
  /**
   * Rotation steps, each at the highest level or with its own, [step, level]. A step with several levels has a key for each gadget
   * of theirs (`Parameters.gadgetAt`), that of its highest level: what is rotated at a low level then takes the smaller one.
   */
  readonly rotations?: Iterable<number | readonly [step: number, level: number]>;
  /**
   * Rotation steps of products, likewise: each a second key beside that of `rotations`, and as large: 8·N bytes for each digit of
   * its level and each prime of that and of P, and about half of it as a file. With both keys a giant step of `linearTransform`
   * with encrypted diagonals, at the key's level or below, is relinearised and rotated at once,
   * without a division by P in between: one in dnum + 1 of the step's NTTs. Nothing else uses them.
   */
  readonly productRotations?: Iterable<number | readonly [step: number, level: number]>;
  /** Whether to make a key for complex conjugation, at the highest level; or the levels that it is for, as those of a rotation. */
  readonly conjugate?: boolean | readonly number[];
  /** Other Galois elements at the highest level, odd and below 2N: SEAL's rotation by an odd k has one that is no rotation here. */
  readonly elements?: Iterable<number>;
}

interface SwitchingKeyRequest {
  readonly element: number | undefined;
  readonly level: number;
  readonly power: number;
  /** Of the uniform halves. */
  readonly seed: Uint8Array;
}

/** Makes evaluation keys of a secret key. Each call draws a new seed: two keys never share a uniform half. */
export class KeyGenerator {
  private readonly ring: Ring;

  constructor(
    private readonly secret: SecretKey,
    private readonly randomness: Randomness,
  ) {
    requireInstance(secret, SecretKey, "secret", "a secret key");
    this.ring = secret.ring;
  }

  /**
   * Costs dnum·(primes of Q and P) NTTs a key.
   * @throws RangeError for a level that does not exist or steps that are no whole number, TypeError for rotations that are
   *   no list, before any key is made.
   */
  evaluationKeys(request: EvaluationKeyRequest = {}): EvaluationKeys {
    const { parameters } = this.ring;
    const { maxLevel } = parameters;
    const { relinearize = maxLevel, rotations = [], productRotations = [], conjugate = false, elements = [] } = request;
    const relinearizations = Array.isArray(relinearize) ? relinearize : relinearize === false ? [] : [relinearize];
    for (const level of relinearizations) parameters.requireLevel(level, "relinearize: level");
    const galois = this.rotationLevels("rotations", rotations);
    const products = this.rotationLevels("productRotations", productRotations);
    for (const level of Array.isArray(conjugate) ? conjugate : conjugate ? [maxLevel] : []) {
      parameters.requireLevel(level, "conjugate: level");
      galois.add(conjugationElement(this.ring.logN), level);
    }
    for (const element of elements) {
      requireElement(element, this.ring.logN);
      if (element !== 1) galois.add(element, maxLevel);
    }
    const squares = new Levels<undefined>(parameters);
    for (const level of relinearizations) squares.add(undefined, level);
    const common = this.randomness.bytes(32);
    return allOrNothing((keep) => {
      // A second key at the place of the first in one stream would have its uniform halves, and their difference give noise away.
      const seed = (first: boolean) => (first ? common : this.randomness.bytes(32));
      const all = [
        ...squares.keys().map(([, level, first]) => this.relinearizationKey(level, seed(first), keep)),
        ...galois.keys().map(([element, level, first]) => this.galoisKey(element, level, seed(first), keep)),
        ...products.keys().map(([element, level, first]) => this.productKey(element, level, seed(first), keep)),
      ];
      return new EvaluationKeys(this.ring, this.secret.fingerprint, all);
    });
  }

  /** The levels asked for, by Galois element. */
  private rotationLevels(
    name: "rotations" | "productRotations",
    rotations: NonNullable<EvaluationKeyRequest["rotations"]>,
  ): Levels<number> {
    if (typeof rotations?.[Symbol.iterator] !== "function" || typeof rotations === "string") {
      throw new TypeError(`${name}: a list of steps was expected, not ${kindOf(rotations)}`);
    }
    const levels = new Levels<number>(this.ring.parameters);
    for (const entry of rotations) {
      const [steps, level] = Array.isArray(entry) ? entry : [entry as number, this.ring.parameters.maxLevel];
      requireSteps(steps, `${name}: step`);
      this.ring.parameters.requireLevel(level, `${name}: step ${steps} with level`);
      const galois = rotationElement(steps, this.ring.logN);
      if (galois !== 1) levels.add(galois, level);
    }
    return levels;
  }

  private relinearizationKey(level: number, seed: Uint8Array, keep: Keep): SwitchingKey {
    const s = this.secret.polynomial;
    using square = multiply(s, s);
    return this.switchingKey(square, s, { element: undefined, level, power: PRODUCT_POWER, seed }, keep);
  }

  private galoisKey(element: number, level: number, seed: Uint8Array, keep: Keep): SwitchingKey {
    using rotated = permute(this.secret.polynomial, inverseElement(element, this.ring.logN));
    return this.switchingKey(this.secret.polynomial, rotated, { element, level, power: 0, seed }, keep);
  }

  /** From s² to σ^−1(s): what relinearises a product and rotates it at once. */
  private productKey(element: number, level: number, seed: Uint8Array, keep: Keep): SwitchingKey {
    const s = this.secret.polynomial;
    using square = multiply(s, s);
    using rotated = permute(s, inverseElement(element, this.ring.logN));
    return this.switchingKey(square, rotated, { element, level, power: PRODUCT_POWER, seed }, keep);
  }

  /** A key from one secret to another, both operands. */
  private switchingKey(from: RnsPolynomial, to: RnsPolynomial, request: SwitchingKeyRequest, keep: Keep): SwitchingKey {
    const { parameters } = this.ring;
    const { special } = parameters.gadgetAt(request.level);
    const levelPrimes = parameters.primesAt(request.level);
    const { seed } = request;
    const stream = streamOf(request);
    const digits = ownPrimesOf(request, parameters).map((own, digit) => {
      using a = uniformHalf(this.ring, [...levelPrimes, ...special], { seed, stream, digit }, own);
      const message = (b: RnsPolynomial) =>
        addScaled(b, from, (p) => productModulo([...special, ownFactor(p, own)], p), own.primes);
      const { randomness } = this;
      return { b: keep(maskedHalf(a, { secret: to, randomness, own, message })), a: keep(a.move()) };
    });
    return { ...request, digits };
  }
}

/** Of each key the levels to reach: the highest of each gadget. */
class Levels<Name> {
  private readonly levels = new Map<Name, Map<Gadget, number>>();

  constructor(private readonly parameters: Parameters) {}

  add(name: Name, level: number): void {
    if (!this.levels.has(name)) this.levels.set(name, new Map());
    const own = this.levels.get(name)!;
    const gadget = this.parameters.gadgetAt(level);
    own.set(gadget, Math.max(level, own.get(gadget) ?? 0));
  }

  /** The keys to make, those of one name from the highest on; whether each is the first of its name. */
  keys(): [name: Name, level: number, first: boolean][] {
    return [...this.levels].flatMap(([name, own]) =>
      [...own.values()]
        .sort((a, b) => b - a)
        .map((level, place): [Name, number, boolean] => [name, level, place === 0]),
    );
  }
}
