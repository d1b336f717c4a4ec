import type { Limb } from "../ntt/kernels.js";
import { toMontgomery } from "../ntt/modulus.js";
import { twiddles } from "../ntt/roots.js";

/** Twiddle factors of one prime and size, and their quotients: see `shoupWords`. */
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

/**
 * w and round(w·2^32/p) for `shoup4` in shaders/modular.wgsl: the quotient in two signed halves, and w, modulo 2^32, the
 * representative in [−p/2, p/2] or just below −p/2 where the upper half would be 2^15.
 */
export function shoupWords(w: number, p: number): [factor: number, quotient: number] {
  const centred = w > (p - 1) / 2 ? w - p : w;
  const quotient = Math.sign(centred) * roundedQuotient(Math.abs(centred), p);
  if (quotient >= 2 ** 31 - 2 ** 15) return [centred - p, halves(quotient - 2 ** 32)];
  return [centred, halves(quotient)];
}

/** round(w·2^32/p) for w ≤ p/2 < 2^29: 2^16 at a time, so that no intermediate exceeds 2^46. */
function roundedQuotient(w: number, p: number): number {
  const high = Math.floor((w * 65536) / p);
  const rest = w * 65536 - high * p;
  return high * 65536 + Math.round((rest * 65536) / p);
}

function halves(quotient: number): number {
  const high = Math.floor((quotient + 2 ** 15) / 65536);
  return (high * 65536) | ((quotient - high * 65536) & 0xffff);
}

/** Twiddle factors in the device's memory, made at first use and kept. */
export class Tables {
  /** By size, then prime: every row of a transform asks. */
  private readonly transforms: Map<number, TransformTables>[] = [];

  /** @param upload puts some times 2^logN words where they stay, all or none */
  constructor(
    private readonly upload: (logN: number, vectors: readonly Uint32Array<ArrayBuffer>[]) => readonly Limb[],
  ) {}

  transform(prime: number, logN: number): TransformTables {
    const ofSize = (this.transforms[logN] ??= new Map());
    let tables = ofSize.get(prime);
    if (!tables) {
      const { forward, inverse } = twiddles(prime, logN);
      const vectors = [forward, inverse].flatMap((powers) => {
        const factors = new Uint32Array(powers.length);
        const quotients = new Uint32Array(powers.length);
        for (const [i, w] of powers.entries()) [factors[i], quotients[i]] = shoupWords(w, prime);
        return [factors, quotients];
      });
      const [a, b, c, d] = this.upload(logN, vectors);
      ofSize.set(prime, (tables = { forward: [a, b], inverse: [c, d] }));
    }
    return tables;
  }
}
