import type { Limb } from "../ntt/kernels.js";
import { toMontgomery } from "../ntt/modulus.js";
import { twiddles } from "../ntt/roots.js";

/** Twiddle factors of one prime and size, and their Shoup quotients. */
export interface TransformTables {
  readonly forward: readonly [factors: Limb, quotients: Limb];
  readonly inverse: readonly [factors: Limb, quotients: Limb];
}

/** The residue of x in [−p/2, p/2], as a word: what the second operand of the shaders' `product` must be. */
export function centredWord(x: number, p: number): number {
  return (x > (p - 1) / 2 ? x - p : x) >>> 0;
}

/** A factor for `product`, which takes 2^−32 away. */
export function factorWord(x: number, p: number): number {
  return centredWord(toMontgomery(x, p), p);
}

/** ⌊w·2^32/p⌋ for w < p < 2^30: 2^16 at a time, so that no intermediate exceeds 2^46. */
export function shoupQuotient(w: number, p: number): number {
  const high = Math.floor((w * 65536) / p);
  const rest = w * 65536 - high * p;
  return high * 65536 + Math.floor((rest * 65536) / p);
}

/** Twiddle factors in the device's memory, made at first use and kept. */
export class Tables {
  /** By size, then prime: every row of a transform asks. */
  private readonly transforms: Map<number, TransformTables>[] = [];

  /** @param upload puts 2^logN words where they stay */
  constructor(private readonly upload: (logN: number, words: Uint32Array<ArrayBuffer>) => Limb) {}

  transform(prime: number, logN: number): TransformTables {
    const ofSize = (this.transforms[logN] ??= new Map());
    let tables = ofSize.get(prime);
    if (!tables) {
      const { forward, inverse } = twiddles(prime, logN);
      const place = (factors: Uint32Array) =>
        [
          this.upload(logN, new Uint32Array(factors)),
          this.upload(
            logN,
            Uint32Array.from(factors, (w) => shoupQuotient(w, prime)),
          ),
        ] as const;
      ofSize.set(prime, (tables = { forward: place(forward), inverse: place(inverse) }));
    }
    return tables;
  }
}
