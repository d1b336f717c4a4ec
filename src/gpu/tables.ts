import type { Limb } from "../ntt/kernels.js";
import { toMontgomery } from "../ntt/modulus.js";
import { twiddles } from "../ntt/roots.js";

/** Twiddle factors of one prime and size. */
export interface TransformTables {
  readonly forward: Limb;
  readonly inverse: Limb;
}

/** The residue of x in [−p/2, p/2], as a word: what the second operand of the shaders' `product` must be. */
export function centredWord(x: number, p: number): number {
  return (x > (p - 1) / 2 ? x - p : x) >>> 0;
}

/** A factor for `product`, which takes 2^−32 away. */
export function factorWord(x: number, p: number): number {
  return centredWord(toMontgomery(x, p), p);
}

/** Twiddle factors in the device's memory, made at first use and kept. */
export class Tables {
  private readonly transforms = new Map<string, TransformTables>();

  /** @param upload puts 2^logN words where they stay */
  constructor(private readonly upload: (logN: number, words: Uint32Array<ArrayBuffer>) => Limb) {}

  transform(prime: number, logN: number): TransformTables {
    const key = `${prime}/${logN}`;
    let tables = this.transforms.get(key);
    if (!tables) {
      const { forward, inverse } = twiddles(prime, logN);
      const place = (factors: Uint32Array) =>
        this.upload(
          logN,
          Uint32Array.from(factors, (w) => factorWord(w, prime)),
        );
      this.transforms.set(key, (tables = { forward: place(forward), inverse: place(inverse) }));
    }
    return tables;
  }
}
