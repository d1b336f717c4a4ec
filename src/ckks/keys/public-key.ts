import { COPY, THIS_COPY } from "../copies.js";
import type { Parameters } from "../parameters.js";
import type { RnsPolynomial } from "../polynomial.js";
import type { Ring } from "../ring.js";

/** Encrypts for the holder of one secret key; may be known to anybody. */
export class PublicKey implements Disposable {
  constructor(
    readonly fingerprint: string,
    /** Over Q and the first special prime, an operand. */
    readonly b: RnsPolynomial,
    readonly a: RnsPolynomial,
    /** Seed of `a`, if it has one: that of a key from elsewhere was drawn in another way. */
    readonly seed?: Uint8Array,
  ) {}

  get [COPY](): object {
    return THIS_COPY;
  }

  get ring(): Ring {
    return this.b.ring;
  }

  /** Bytes on the wire: b packed, a as its seed where there is one. */
  get packedBytes(): number {
    return this.b.packedBytes + (this.seed?.length ?? this.a.packedBytes);
  }

  [Symbol.dispose](): void {
    this.b[Symbol.dispose]();
    this.a[Symbol.dispose]();
  }
}

/** Public-key encryption works modulo Q and one more prime, which it then drops together with most of its noise. */
export function publicPrimes(parameters: Parameters, level: number): number[] {
  return [...parameters.primesAt(level), parameters.special[0]];
}
