import { type Json, product, type Residues, range, remainder, sum, type Term } from "./independent-reader.js";

/** P·rest + Σ digits·(b, a) modulo QP. */
export function switchSums(v: Json, key: Json[], level: number, c: Residues, rest: Residues[] = []): bigint[][][] {
  const all = [...v.levels.flat(), ...v.special];
  const ofLevel = v.levels.slice(0, level + 1).flat();
  const primes = [...ofLevel, ...v.special];
  const digits = decompose(v, ofLevel, c);
  return ["b", "a"].map((half, part) => {
    const terms = digits.map((x, d): Term => [1n, x, primes.map((p) => key[d][half][all.indexOf(p)])]);
    const plus = rest[part] && [...rest[part], ...v.special.map(() => c[0].map(() => 0n))];
    return sum(primes, ...terms, ...(plus ? [[product(v.special), plus] as const] : []));
  });
}

/** The primes of each digit. */
export function digitsOf({ digitPrimes }: Json, primes: number[]): number[][] {
  return range(Math.ceil(primes.length / digitPrimes), (d) => primes.slice(d * digitPrimes, (d + 1) * digitPrimes));
}

/** [c]_D of each digit. */
export function decompose(v: Json, primes: number[], c: Residues): bigint[][] {
  return digitsOf(v, primes).map((own) =>
    remainder(
      own.map((p) => c[primes.indexOf(p)]),
      own,
    ),
  );
}
