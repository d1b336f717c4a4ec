import { Ciphertext, stateOf } from "./ciphertext.js";
import { VALUES } from "./form.js";
import type { Gadget } from "./gadgets.js";
import { requireSteps, rotationElement } from "./keys/galois.js";
import { type KeySource, requireKey } from "./keys/source.js";
import type { SwitchingKey } from "./keys/switching-key.js";
import { Accumulator, Digits } from "./keyswitch.js";
import { addNoise, type Noise } from "./noise.js";
import { copy, permute, type RnsPolynomial, scale } from "./polynomial.js";
import type { Ring } from "./ring.js";

/** Key switching with one set of evaluation keys: relinearisation and automorphisms of ciphertexts. */
export class KeySwitcher {
  /** By slots: see `highestFor`. */
  private readonly highest = new Map<number, Map<number, number>>();

  constructor(
    private readonly ring: Ring,
    private readonly keys: KeySource,
  ) {}

  /**
   * A three-part product as two parts modulo QP: parts 0 and 1, and part 2 switched from s². The caller divides.
   * @throws MissingKeyError without a relinearisation key that reaches the level.
   */
  relinearize(a: Ciphertext): Accumulator {
    const key = requireKey(this.keys, undefined, a.level);
    using digits = new Decomposition(a.parts[2], a.level);
    return this.innerProduct(digits.for(key), key, a.parts[0], a.parts[1]);
  }

  /**
   * One ciphertext under several automorphisms, decomposed once (hoisted).
   * @throws MissingKeyError before anything is computed.
   */
  permuteSlots(a: Ciphertext, elements: readonly number[]): Ciphertext[] {
    const keys = elements.map((galois) => (galois === 1 ? undefined : this.galoisKey(galois, a.level)));
    using digits = new Decomposition(a.pair[1], a.level);
    return keys.map((key, i) => {
      if (!key)
        return new Ciphertext(
          a.parts.map((part) => copy(part)),
          stateOf(a),
        );
      using sum = this.innerProduct(digits.for(key), key, a.pair[0]);
      const switched = sum.toCiphertextParts();
      const parts = switched.map((part) => permute(part, elements[i]));
      for (const part of switched) part[Symbol.dispose]();
      return new Ciphertext(parts, this.ring.noise.keySwitched(stateOf(a), sum.gadget));
    });
  }

  /**
   * P·(a + Σ σ(a)) over several automorphisms, decomposed once and not divided by P; the noise of the sum beside it.
   * @throws MissingKeyError before anything is computed.
   */
  addRotations(a: Ciphertext, elements: readonly number[]): { readonly sum: Accumulator; readonly noise: Noise } {
    const keys = elements.map((galois) => (galois === 1 ? undefined : this.galoisKey(galois, a.level)));
    using digits = new Decomposition(a.pair[1], a.level);
    const gadget = keys.find((key) => key !== undefined);
    const sum = Accumulator.zero(this.ring, a.level, gadget && this.gadgetOf(gadget));
    let { noise } = a;
    try {
      sum.addCiphertext(a.pair[0], a.pair[1]);
      for (const [i, key] of keys.entries()) {
        if (!key) {
          sum.addCiphertext(a.pair[0], a.pair[1]);
          noise = addNoise(noise, a.noise);
          continue;
        }
        using switched = this.innerProduct(digits.for(key), key, a.pair[0]);
        const divided = sum.addAccumulator(switched, elements[i]);
        noise = addNoise(noise, this.ring.noise.joined(stateOf(a), switched.gadget, divided).noise);
      }
    } catch (error) {
      sum[Symbol.dispose]();
      throw error;
    }
    return { sum, noise };
  }

  /** sum += P·σ(a), without a division by P. @returns the noise of σ(a) now. */
  addPermuted(sum: Accumulator, a: Ciphertext, galois: number): Noise {
    if (galois === 1) {
      sum.addCiphertext(a.pair[0], a.pair[1]);
      return a.noise;
    }
    const key = this.galoisKey(galois, a.level);
    using digits = new Decomposition(a.pair[1], a.level);
    using switched = this.innerProduct(digits.for(key), key, a.pair[0]);
    return this.ring.noise.joined(stateOf(a), switched.gadget, sum.addAccumulator(switched, galois)).noise;
  }

  /**
   * sum += P·σ(a) for a product in three parts: parts 1 and 2 are both switched to σ^−1(s), from s and from s², and summed
   * before σ is applied, so that no division stands between relinearisation and rotation. @returns the noise of σ(a) now.
   * @throws MissingKeyError without both keys, see `productElement`.
   */
  addPermutedProduct(sum: Accumulator, a: Ciphertext, galois: number): Noise {
    const key = this.galoisKey(galois, a.level);
    const productKey = requireKey(this.keys, `product-${galois}`, a.level);
    // The rotation's key is for digits that carry no power of 2^32, which parts of a product do.
    using rotated = scale(a.parts[1], () => 1, a.parts[1].primes, VALUES.power);
    const gadget = this.gadgetOf(key);
    using digits = Digits.decompose(rotated, a.level, gadget);
    using productDigits = Digits.decompose(a.parts[2], a.level, gadget);
    using switched = Accumulator.innerProducts(
      [
        [digits, key],
        [productDigits, productKey],
      ],
      a.parts[0],
    );
    this.keys.settle();
    const twice = this.ring.noise.switched(stateOf(a), gadget);
    return this.ring.noise.joined(twice, gadget, sum.addAccumulator(switched, galois)).noise;
  }

  /** Once its launch is queued, a key may leave the device's memory: its limbs are named here and above, nowhere else. */
  private innerProduct(digits: Digits, key: SwitchingKey, c0: RnsPolynomial, c1?: RnsPolynomial): Accumulator {
    const sum = Accumulator.innerProduct(digits, key, c0, c1);
    this.keys.settle();
    return sum;
  }

  private gadgetOf({ level }: SwitchingKey): Gadget {
    return this.ring.parameters.gadgetAt(level);
  }

  /** The key for a Galois element, checked to reach `level`. */
  galoisKey(galois: number, level: number): SwitchingKey {
    return requireKey(this.keys, galois, level);
  }

  /**
   * The Galois element of a rotation, 1 for one that changes nothing. A ciphertext with fewer slots repeats, so that its
   * steps count modulo its slots: the key of any equal step will do, if it reaches the level.
   */
  rotationElement(steps: number, slots: number, level: number): number {
    requireSteps(steps);
    if (steps % slots === 0) return 1;
    const galois = rotationElement(steps, this.ring.parameters.logN);
    const reached = this.keys.levels.get(galois);
    if (slots === this.ring.parameters.slots || (reached !== undefined && reached >= level)) return galois;
    return this.highestFor(slots).get(galois % (4 * slots)) ?? galois;
  }

  /**
   * The Galois element of a rotation whose two keys for products reach the level: that of the step itself, or of an equal one
   * where slots are fewer. Undefined without them, and for a step that changes nothing.
   */
  productElement(steps: number, slots: number, level: number): number | undefined {
    requireSteps(steps);
    if (steps % slots === 0) return undefined;
    const { levels } = this.keys;
    // Both keys' products are summed: they must have one gadget.
    const reaches = (element: number) => {
      const keys = [element, `product-${element}` as const];
      if (!keys.every((name) => (levels.get(name) ?? -1) >= level)) return false;
      const [own, product] = keys.map((name) => this.gadgetOf(requireKey(this.keys, name, level)));
      return own === product;
    };
    const galois = rotationElement(steps, this.ring.parameters.logN);
    if (reaches(galois)) return galois;
    if (slots === this.ring.parameters.slots) return undefined;
    return [...levels.keys()].find(
      (name): name is number => typeof name === "number" && (name - galois) % (4 * slots) === 0 && reaches(name),
    );
  }

  /**
   * The Galois element whose key reaches highest, by its residue modulo 4·slots. Equal residues are equal steps there:
   * 5 has the order `slots`, and the message is a polynomial in X^(N/2/slots).
   */
  private highestFor(slots: number): ReadonlyMap<number, number> {
    let highest = this.highest.get(slots);
    if (!highest) {
      this.highest.set(slots, (highest = new Map()));
      const descending = [...this.keys.levels].sort(([, a], [, b]) => b - a);
      for (const [galois] of descending) {
        if (typeof galois !== "number") continue;
        const residue = galois % (4 * slots);
        if (!highest.has(residue)) highest.set(residue, galois);
      }
    }
    return highest;
  }
}

/** A polynomial taken apart for keys of several gadgets: once for each. */
class Decomposition implements Disposable {
  private readonly digits = new Map<Gadget, Digits>();

  constructor(
    private readonly poly: RnsPolynomial,
    private readonly level: number,
  ) {}

  for(key: SwitchingKey): Digits {
    const gadget = this.poly.ring.parameters.gadgetAt(key.level);
    let digits = this.digits.get(gadget);
    if (!digits) this.digits.set(gadget, (digits = Digits.decompose(this.poly, this.level, gadget)));
    return digits;
  }

  [Symbol.dispose](): void {
    for (const digits of this.digits.values()) digits[Symbol.dispose]();
  }
}
