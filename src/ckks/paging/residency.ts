import { DeviceError } from "../../errors.js";
import { inverseModulo } from "../../ntt/modulus.js";
import { kindOf, requireInstance } from "../copies.js";
import type { Form } from "../form.js";
import { packedLimbs } from "../formats/limbs.js";
import type { RnsPolynomial } from "../polynomial.js";
import type { Ring } from "../ring.js";
import { PagedPolynomial, type Pager } from "./paged.js";
import { MemoryStore, type Store, type StoredLimbs, type StoredWords } from "./store.js";

/** For what is read. */
export interface PagingOptions {
  /** Where it is to live, if not in the device's memory: it is then never in it as a whole. */
  readonly residency?: Residency | undefined;
}

/** @throws TypeError for options that are none, and for a residency that is none */
export function residencyOf(options: PagingOptions): Residency | undefined {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options: { residency } was expected, not ${kindOf(options)}`);
  }
  const { residency } = options;
  if (residency !== undefined) requireInstance(residency, Residency, "residency", "what new Residency(limit) gives");
  return residency;
}

/**
 * Room in a device's memory for operands that live outside of it: weights and keys, which are used once a layer. Each comes
 * in when a launch names it, while workers still compute what was queued before, and the least recently used leave in `trim`.
 */
export class Residency implements Pager {
  private readonly inside = new Map<PagedPolynomial, RnsPolynomial>();
  private bytes = 0;

  /**
   * @param limit bytes of the device's memory that stay taken after a `trim`; between two of them there is as much more as one
   *   sum of products needs
   * @param store where the operands are meanwhile, packed; whoever made it disposes of it, after them
   * @throws RangeError for a limit that is none, TypeError for a store that is none
   */
  constructor(
    readonly limit: number,
    readonly store: Store = new MemoryStore(),
  ) {
    if (!(typeof limit === "number" && limit >= 0)) throw new RangeError(`a memory limit of ${limit} bytes`);
    if (typeof store?.put !== "function") throw new TypeError(`store: a store was expected, not ${kindOf(store)}`);
  }

  /** Of the device's memory, now. */
  get bytesInside(): number {
    return this.bytes;
  }

  /**
   * Packs a polynomial, frees its limbs, and stands for it from now on.
   * @param factor what its residues modulo a prime carry beside the form's power of 2^32: a file holds them without
   * @throws TypeError for a secret, which is never paged
   */
  async page(poly: RnsPolynomial, factor: (prime: number) => number = () => 1): Promise<PagedPolynomial> {
    if (poly instanceof PagedPolynomial) return poly.moveTo(this);
    if (poly.secret) throw new TypeError("a secret stays in the device's memory, where it is overwritten");
    const { ring, primes, form } = poly;
    const words: StoredWords[] = [];
    try {
      const without = (p: number) => inverseModulo(factor(p), p);
      for await (const { buffer, byteOffset, byteLength } of packedLimbs(poly, without)) {
        words.push(this.store.put(new Uint32Array(buffer, byteOffset, byteLength / 4)));
      }
      void poly.limbs; // throws if its owner disposed of it meanwhile
    } catch (error) {
      for (const run of words) run.free();
      throw error;
    }
    poly[Symbol.dispose]();
    return this.admit(ring, primes, form, { words, factor });
  }

  /** A polynomial of words that are in the store by now, and were looked at: its owner from now on. */
  admit(ring: Ring, primes: readonly number[], form: Form, stored: StoredLimbs): PagedPolynomial {
    return new PagedPolynomial(ring, primes, form, this, { stored });
  }

  /** For what follows from a seed: it takes no room outside either, and is made whenever it is asked for. */
  generate(ring: Ring, primes: readonly number[], form: Form, make: () => RnsPolynomial): PagedPolynomial {
    return new PagedPolynomial(ring, primes, form, this, { make });
  }

  enter(paged: PagedPolynomial, make: () => RnsPolynomial): RnsPolynomial {
    let poly = this.inside.get(paged);
    // What was used last stands last.
    if (poly) this.inside.delete(paged);
    else {
      poly = this.makeRoomFor(make);
      this.bytes += poly.bytes;
    }
    this.inside.set(paged, poly);
    return poly;
  }

  /** Frees the limbs of a paged polynomial, if it is in the device's memory. */
  leave(paged: PagedPolynomial): void {
    const poly = this.inside.get(paged);
    if (!poly) return;
    this.inside.delete(paged);
    this.bytes -= poly.bytes;
    poly[Symbol.dispose]();
  }

  /** Frees what was not used for longest, down to the limit. Only between operations: no limb may be on its way to a launch. */
  trim(): void {
    for (const paged of this.inside.keys()) {
      if (this.bytes <= this.limit) return;
      this.leave(paged);
    }
  }

  private makeRoomFor(make: () => RnsPolynomial): RnsPolynomial {
    try {
      return make();
    } catch (cause) {
      if (!(cause instanceof DeviceError)) throw cause;
      const held = `${Math.round(this.bytes / 2 ** 20)} MiB of paged weights and keys are in it`;
      throw new DeviceError(`${cause.message}; ${held}`, "lower the server's memoryLimit, or give the device more", {
        cause,
      });
    }
  }
}
