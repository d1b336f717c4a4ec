import { inverseModulo, multiplyModulo, powerModulo } from "./modulus.js";

/** Reverses the lowest `bits` bits of x. */
export function reverseBits(x: number, bits: number): number {
  let result = 0;
  for (let i = 0; i < bits; i++) result = result * 2 + ((x >>> i) & 1);
  return result;
}

const roots = new Map<string, number>();

/**
 * The smallest primitive 2N-th root of unity modulo p: the convention of Microsoft SEAL, on which
 * the order of NTT values and so every serialised key depends.
 */
export function minimalRoot(p: number, logN: number): number {
  const key = `${p}/${logN}`;
  let smallest = roots.get(key);
  if (smallest === undefined) {
    const order = 2 ** (logN + 1);
    if ((p - 1) % order !== 0) throw new RangeError(`${p} is not 1 modulo ${order}: no root of that order`);
    let root = 1;
    // A quadratic non-residue raised to (p − 1)/2N has order 2N exactly.
    for (let g = 2; powerModulo(root, order / 2, p) !== p - 1; g++) root = powerModulo(g, (p - 1) / order, p);
    const square = multiplyModulo(root, root, p);
    smallest = root;
    for (let i = 1; i < order / 2; i++) {
      root = multiplyModulo(root, square, p);
      if (root < smallest) smallest = root;
    }
    roots.set(key, smallest);
  }
  return smallest;
}

/** table[i] = base^(bit-reversed i): the order in which the butterflies walk. */
export function powersInBitReversedOrder(base: number, p: number, logN: number): Uint32Array {
  const n = 2 ** logN;
  const table = new Uint32Array(n);
  const reversed = bitReversal(logN);
  let power = 1;
  for (let i = 0; i < n; i++) {
    table[reversed[i]] = power;
    power = multiplyModulo(power, base, p);
  }
  return table;
}

/** Twiddle factors of the forward and the inverse transform. */
export function twiddles(p: number, logN: number): { forward: Uint32Array; inverse: Uint32Array } {
  const root = minimalRoot(p, logN);
  return {
    forward: powersInBitReversedOrder(root, p, logN),
    inverse: powersInBitReversedOrder(inverseModulo(root, p), p, logN),
  };
}

/**
 * Where the automorphism X → X^g takes its NTT values from: value j of the result is value `table[j]` of the operand.
 * Value j is the polynomial at root^(2·rev(j) + 1). `galois` is odd and below 2N.
 */
export function automorphismTable(galois: number, logN: number): Uint32Array {
  const n = 2 ** logN;
  if (!Number.isInteger(galois) || galois < 1 || galois >= 2 * n || galois % 2 === 0) {
    throw new RangeError(`${galois} is not an odd number below ${2 * n}`);
  }
  const reversed = bitReversal(logN);
  const table = new Uint32Array(n);
  // Exponents multiply modulo 2N, a power of two: the low 32 bits of the product suffice.
  for (let i = 0; i < n; i++) table[i] = reversed[(Math.imul(galois, 2 * reversed[i] + 1) & (2 * n - 1)) >>> 1];
  return table;
}

/** table[i] = bit-reversed i. */
function bitReversal(logN: number): Uint32Array {
  const table = new Uint32Array(2 ** logN);
  for (let i = 1; i < table.length; i++) table[i] = (table[i >>> 1] >>> 1) | ((i & 1) << (logN - 1));
  return table;
}
