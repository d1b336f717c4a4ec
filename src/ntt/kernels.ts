/**
 * The one list of kernels that every device implements. A limb is N residues modulo one prime, each in [0, p), in N
 * 32-bit words. A launch covers many rows at once; rows of one launch never depend on each other.
 *
 * Products of two limbs are Montgomery products, a·b·2^−32 mod p: keys, plaintexts and constants are stored times 2^32,
 * and what a product of two ciphertexts leaves behind is absorbed by the factor of the next `intt` or scaling.
 */

/** One limb in a device's arena: a byte address on the CPU, an index on a GPU. Opaque to everybody else. */
export type Limb = number & { readonly __limb: unique symbol };

/**
 * What a row of each kernel holds. Operands are limbs, numbers are words; `out` may be an operand unless it is said not to be.
 */
export interface KernelRows {
  /** out = NTT(input): negacyclic, values in bit-reversed order of the minimal 2N-th root. */
  ntt: readonly [out: Limb, input: Limb, prime: number];
  /** out = INTT(input)·factor. */
  intt: readonly [out: Limb, input: Limb, prime: number, factor: number];
  /** out = a + b. */
  add: readonly [out: Limb, a: Limb, b: Limb, prime: number];
  /** out = a − b. */
  subtract: readonly [out: Limb, a: Limb, b: Limb, prime: number];
  /** out = −a. */
  negate: readonly [out: Limb, a: Limb, prime: number];
  /** out = a·b·2^−32. */
  multiply: readonly [out: Limb, a: Limb, b: Limb, prime: number];
  /** out = a·factor. */
  multiplyScalar: readonly [out: Limb, a: Limb, prime: number, factor: number];
  /** out = out + a·factor. */
  multiplyScalarAdd: readonly [out: Limb, a: Limb, prime: number, factor: number];
  /** out = (a − b)·factor: the epilogue of rescaling and of key switching. */
  dropAndScale: readonly [out: Limb, a: Limb, b: Limb, prime: number, factor: number];
  /** out = a under X → X^galois, on NTT values; out is not a. */
  permute: readonly [out: Limb, a: Limb, galois: number];
  /** out = low + 2^32·high mod prime; the words of `high` are signed. */
  reduce: readonly [out: Limb, low: Limb, high: Limb, prime: number];
  /** out = a mod prime, for signed words −prime < a < prime. */
  lift: readonly [out: Limb, a: Limb, prime: number];
  /** out = a. */
  copy: readonly [out: Limb, a: Limb];
  /**
   * The N residues of `a` one after the other in `residueBits(prime)` bits each, lowest bit first, in the first N·bits/32
   * words of out; 0 in those behind. out is not a.
   */
  pack: readonly [out: Limb, a: Limb, prime: number];
  /**
   * out = the residues that `pack` put into the first words of `packed`; those behind are not read. Bits are only taken
   * apart here: of what came from outside, `requireResidues` (ckks/packing.ts) checks first that all are residues. out is not `packed`.
   */
  unpack: readonly [out: Limb, packed: Limb, prime: number];
  /**
   * out = uniform residues: the 64-bit little-endian word at byte 8·i of ChaCha20(key, nonce) from block 0, mod prime,
   * for coefficient i. `seed`: eight key words, then three nonce words.
   */
  expandUniform: readonly [out: Limb, prime: number, seed: Uint32Array];
  /** out = signed words −1, 0, 1: ⌊3·w/2^32⌋ − 1 for the word w at byte 4·i of the same key stream. The seed is a secret. */
  sampleTernary: readonly [out: Limb, seed: Uint32Array];
  /**
   * out = signed words of the rounded Gaussian that `GAUSSIAN_THRESHOLDS` describes: for the words h, l at bytes 8·i and
   * 8·i + 4 as many as there are thresholds ≤ h·2^21 + ⌊l/2^11⌋, negative if l is odd. The seed is a secret.
   */
  sampleGaussian: readonly [out: Limb, seed: Uint32Array];
  /** out0 = y0·factor + Σ x·k0·2^−32, out1 = y1·factor + Σ x·k1·2^−32; the outputs are not among the operands. */
  dotProduct: DotProductRow;
  /** out0 = Σ a0·b0, out1 = Σ (a0·b1 + a1·b0), out2 = Σ a1·b1, each ·2^−32; the outputs are not among the operands. */
  tensor: TensorRow;
  /** out_o = Σ_i x_i·f_io·2^−32 for one output o after the other, see CombineRow; the outputs are not among the inputs. */
  combine: CombineRow;
  /** Coefficients from one basis to another, see ConversionRow. */
  baseConvert: ConversionRow;
}

/** The name of a kernel. */
export type KernelName = keyof KernelRows;

/** One limb of two sums of products, as KernelRows.dotProduct says: `out` modulo `prime`, over `terms`. */
export interface DotProductRow {
  readonly prime: number;
  readonly out: readonly [Limb, Limb];
  readonly terms: readonly (readonly [x: Limb, k0: Limb, k1: Limb])[];
  /** What the sums begin with; 0 without it. */
  readonly plus?: { readonly factor: number; readonly y0?: Limb; readonly y1?: Limb };
}

/** One limb of a sum of products of pairs, as KernelRows.tensor says: `out` modulo `prime`, over `terms`. */
export interface TensorRow {
  readonly prime: number;
  readonly out: readonly [Limb, Limb, Limb];
  readonly terms: readonly (readonly [a0: Limb, a1: Limb, b0: Limb, b1: Limb])[];
}

/** One limb of several sums of the same limbs times numbers, as KernelRows.combine says: `out` modulo `prime`. */
export interface CombineRow {
  readonly prime: number;
  /** None of them is among the inputs. */
  readonly out: readonly Limb[];
  /** What all of the sums are of; a limb may be there twice. */
  readonly inputs: readonly Limb[];
  /** Residues, input by input: factors[i·out.length + o] is that of input i in output o. May be overwritten at once, as rows may. */
  readonly factors: Uint32Array;
}

/**
 * For sources x_i: v = ⌊(Σ ⌊x_i·fractions_i/2^32⌋ + 2^23)/2^24⌋, and every target becomes
 * (Σ x_i·constants_i + v·quotientConstant)·2^−32 mod its prime. With x_i = [x·(Q/q_i)^−1] mod q_i,
 * fractions_i = ⌊2^56/q_i⌋ (a word: q_i > 2^24), constants_i = Q/q_i and quotientConstant = −Q, that is x centred: in about [−Q/2, Q/2).
 * The integer estimate v is off by one only within about 2^−23 of the border, where it shifts x by Q.
 */
export interface ConversionRow {
  /** Limbs of the old basis. */
  readonly sources: readonly Limb[];
  /** One word for each source. */
  readonly fractions: readonly number[];
  /** Limbs of the new basis. */
  readonly targets: readonly ConversionTarget[];
}

/** One limb of the new basis: `out`, the residues modulo `prime`, by `constants` for each source and `quotientConstant`. */
export interface ConversionTarget {
  readonly out: Limb;
  readonly prime: number;
  readonly constants: readonly number[];
  readonly quotientConstant: number;
}

/** All kernels, in the order in which they are numbered. */
export const KERNEL_NAMES: readonly KernelName[] = [
  "ntt",
  "intt",
  "add",
  "subtract",
  "negate",
  "multiply",
  "multiplyScalar",
  "multiplyScalarAdd",
  "dropAndScale",
  "permute",
  "lift",
  "reduce",
  "copy",
  "pack",
  "unpack",
  "expandUniform",
  "sampleTernary",
  "sampleGaussian",
  "dotProduct",
  "tensor",
  "combine",
  "baseConvert",
];

/** Rows of `subtract` that leave zeros, whatever was there: x − x modulo anything. */
export function overwriting(limbs: readonly Limb[]): KernelRows["subtract"][] {
  return limbs.map((limb) => [limb, limb, limb, 1]);
}

/** @throws RangeError for fractions of primes below 2^24: they do not fit a word, and the quotient would be wrong. */
export function requireFractionWords(fractions: readonly number[]): void {
  if (fractions.some((fraction) => fraction >= 2 ** 32))
    throw new RangeError("base conversion needs primes above 2^24");
}

/** Standard deviation of the errors, and where their distribution is cut: 6σ. */
export const ERROR_SIGMA = 3.2;
export const ERROR_BOUND = 19;

/** P(|x| ≤ k)·2^53 for k = 0..18, x the discrete Gaussian of σ = 3.2 cut at 19: written out, so that every engine agrees. */
export const GAUSSIAN_THRESHOLDS: readonly number[] = [
  1122922691912799, 3261741864567695, 5109123885919249, 6556321328957178, 7584544271053314, 8247119541546653,
  8634351849640152, 8839608093217016, 8938283652774598, 8981307698712168, 8998321498929712, 9004423606209619,
  9006408543441153, 9006994144895539, 9007150836578415, 9007188862362047, 9007197231848870, 9007198902585202,
  9007199205071310,
];
