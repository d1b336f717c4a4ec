import type { Limb } from "../../ntt/kernels.js";
import { multiplyModulo } from "../../ntt/modulus.js";
import { type Form, powerOfWord, VALUES } from "../form.js";
import { OwnedLimbs } from "../limbs.js";
import { filled, launchEach, RnsPolynomial } from "../polynomial.js";
import type { Ring } from "../ring.js";
import type { Store, StoredLimbs, StoredWords } from "./store.js";

/** Where paged polynomials come in and leave again: see Residency. */
export interface Pager {
  readonly store: Store;
  /** The polynomial in the device's memory; it stays there until the next `trim` at least. */
  enter(paged: PagedPolynomial, make: () => RnsPolynomial): RnsPolynomial;
  leave(paged: PagedPolynomial): void;
}

/** How a paged polynomial comes into the device's memory: from packed words, or made again from a seed. */
export type PageSource = { readonly stored: StoredLimbs } | { readonly make: () => RnsPolynomial };

const forgotten = new FinalizationRegistry<readonly StoredWords[]>((words) => {
  for (const run of words) run.free();
});

/** A polynomial outside of the device's memory, which is there whenever somebody asks for its limbs. */
export class PagedPolynomial extends RnsPolynomial {
  constructor(
    ring: Ring,
    primes: readonly number[],
    form: Form,
    readonly residency: Pager,
    private readonly source: PageSource,
  ) {
    super(ring, primes, [], form);
    if ("stored" in source) forgotten.register(this, source.stored.words, this);
  }

  override get limbs(): readonly Limb[] {
    this.requireAlive();
    return this.residency.enter(this, () => this.make()).limbs;
  }

  override get stored(): StoredLimbs | undefined {
    this.requireAlive();
    return "stored" in this.source ? this.source.stored : undefined;
  }

  /** The same polynomial in another residency; this one is disposed of. */
  moveTo(residency: Pager): PagedPolynomial {
    if (residency === this.residency) return this;
    const { stored } = this;
    const source = stored ? { stored: { ...stored, words: copied(stored.words, residency.store) } } : this.source;
    const moved = new PagedPolynomial(this.ring, this.primes, this.form, residency, source);
    this[Symbol.dispose]();
    return moved;
  }

  override move(): RnsPolynomial {
    const { stored } = this;
    this.residency.leave(this);
    this.surrender();
    forgotten.unregister(this);
    return new PagedPolynomial(this.ring, this.primes, this.form, this.residency, stored ? { stored } : this.source);
  }

  override [Symbol.dispose](): void {
    this.residency.leave(this);
    if ("stored" in this.source) for (const run of this.source.stored.words) run.free();
    forgotten.unregister(this);
    super[Symbol.dispose]();
  }

  private make(): RnsPolynomial {
    return "stored" in this.source
      ? restore(this.ring, this.primes, this.form, this.source.stored)
      : this.source.make();
  }
}

/** Words from one store in another. */
function copied(words: readonly StoredWords[], store: Store): StoredWords[] {
  const copies: StoredWords[] = [];
  try {
    for (const run of words) copies.push(store.put(run.read()));
    return copies;
  } catch (error) {
    for (const copy of copies) copy.free();
    throw error;
  }
}

/** All rows of a launch at once, so that workers share them. What a store holds was looked at before it came there. */
function restore(ring: Ring, primes: readonly number[], form: Form, { words, factor }: StoredLimbs): RnsPolynomial {
  return filled(RnsPolynomial.allocate(ring, primes, form), (poly) => {
    const rows = primes.map((prime, i) => ({ out: poly.limb(prime), prime, read: () => words[i].read() }));
    if (ring.device.writePacked) ring.device.writePacked(ring.logN, rows);
    else {
      using packed = new OwnedLimbs(ring, ring.device.allocate(ring.logN, primes.length));
      for (const [i, limb] of packed.limbs.entries()) ring.device.write(ring.logN, limb, words[i].read());
      launchEach(ring, "unpack", primes, (p) => [poly.limb(p), packed.limbs[primes.indexOf(p)], p]);
    }
    const raised = (p: number) => multiplyModulo(factor(p), powerOfWord(form.power - VALUES.power, p), p);
    const scaled = primes.filter((p) => raised(p) !== 1);
    launchEach(ring, "multiplyScalar", scaled, (p) => [poly.limb(p), poly.limb(p), p, raised(p)]);
  });
}
