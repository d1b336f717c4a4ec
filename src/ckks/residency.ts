import { DeviceError } from "../errors.js";
import type { Limb } from "../ntt/kernels.js";
import type { Form } from "./form.js";
import { OwnedLimbs } from "./limbs.js";
import { filled, launchEach, packedLimbBytes, RnsPolynomial } from "./polynomial.js";
import type { Ring } from "./ring.js";

/**
 * Room in a device's memory for operands that live outside of it: weights and keys, which are used once a layer. Each comes
 * in when a launch names it, while workers still compute what was queued before, and the least recently used leave in `trim`.
 */
export class Residency {
  private readonly inside = new Map<PagedPolynomial, RnsPolynomial>();
  private bytes = 0;

  /** @param limit bytes that stay after a `trim`; between two of them there is as much more as one sum of products needs */
  constructor(readonly limit: number) {
    if (!(typeof limit === "number" && limit >= 0)) throw new RangeError(`a memory limit of ${limit} bytes`);
  }

  get bytesInside(): number {
    return this.bytes;
  }

  /** Packs a polynomial, frees its limbs, and stands for it from now on. */
  async page(poly: RnsPolynomial): Promise<PagedPolynomial> {
    if (poly instanceof PagedPolynomial) return poly.moveTo(this);
    const { ring, primes, form } = poly;
    const packed = await pack(poly);
    void poly.limbs; // throws if its owner disposed of it meanwhile
    poly[Symbol.dispose]();
    return new PagedPolynomial(ring, primes, form, this, () => restore(ring, primes, form, packed));
  }

  /** For what follows from a seed: it takes no room outside either. */
  regenerate(like: RnsPolynomial, make: () => RnsPolynomial): PagedPolynomial {
    const { ring, primes, form } = like;
    like[Symbol.dispose]();
    return new PagedPolynomial(ring, primes, form, this, make);
  }

  /** The polynomial in the device's memory; it stays there until the next `trim` at least. */
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

/** A polynomial outside of the device's memory, which is there whenever somebody asks for its limbs. */
export class PagedPolynomial extends RnsPolynomial {
  constructor(
    ring: Ring,
    primes: readonly number[],
    form: Form,
    readonly residency: Residency,
    private readonly make: () => RnsPolynomial,
  ) {
    super(ring, primes, [], form);
  }

  override get limbs(): readonly Limb[] {
    this.requireAlive();
    return this.residency.enter(this, this.make).limbs;
  }

  /** The same polynomial in another residency; this one is disposed of. */
  moveTo(residency: Residency): PagedPolynomial {
    if (residency === this.residency) return this;
    const moved = new PagedPolynomial(this.ring, this.primes, this.form, residency, this.make);
    this[Symbol.dispose]();
    return moved;
  }

  override [Symbol.dispose](): void {
    this.residency.leave(this);
    super[Symbol.dispose]();
  }
}

/** All rows of a launch at once, so that workers share them. What we packed ourselves needs no look at its residues. */
function restore(ring: Ring, primes: readonly number[], form: Form, words: readonly Uint32Array[]): RnsPolynomial {
  return filled(RnsPolynomial.allocate(ring, primes, form), (poly) => {
    using packed = new OwnedLimbs(ring, ring.device.allocate(ring.logN, primes.length));
    for (const [i, limb] of packed.limbs.entries()) ring.device.write(ring.logN, limb, words[i]);
    launchEach(ring, "unpack", primes, (p) => [poly.limb(p), packed.limbs[primes.indexOf(p)], p]);
  });
}

/** The words that a polynomial takes packed, by prime. */
async function pack({ ring, primes, limbs }: RnsPolynomial): Promise<Uint32Array[]> {
  const read = () => {
    using packed = new OwnedLimbs(ring, ring.device.allocate(ring.logN, primes.length));
    const row = (_: number, i: number) => [packed.limbs[i], limbs[i], primes[i]] as const;
    if (primes.length > 0) ring.device.launch("pack", ring.logN, primes.map(row));
    return ring.device.read(ring.logN, packed.limbs);
  };
  const words = await read();
  return primes.map((prime, i) => words[i].slice(0, packedLimbBytes(prime, ring.logN) / 4));
}
