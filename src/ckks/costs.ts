import type { Parameters } from "./parameters.js";

/** What one operation takes: the time of nearly all of them is that of their NTTs, each of one limb. */
export interface OperationCost {
  /** Transforms of N residues modulo one prime, forward and inverse. */
  readonly ntts: number;
  /** Sums of products with an evaluation key: each reads all of it, up to the level. */
  readonly keySwitches: number;
  /** Levels that the result is below its operands; with fewer left it is a LevelError. */
  readonly levels: number;
}

/** The operations that `operationCosts` counts. */
export type CountedOperation =
  | "encode"
  | "encryptSecretKey"
  | "encryptPublicKey"
  | "decrypt"
  | "add"
  | "addVector"
  | "multiply"
  | "multiplyPlaintext"
  | "multiplyVector"
  | "tensor"
  | "relinearize"
  | "rescale"
  | "rotate"
  | "rotateAgain"
  | "conjugate";

/**
 * What each operation takes at a level, with keys that were made for it, of canonical operands that are there already: alignment (`toLevel`) takes a rescale
 * for each operand that is not. "add" is that of ciphertexts or an encoded plaintext, and so are "negate", "copy" and sums
 * of products before they are relinearised: they have no NTT. "…Vector" is for values that are encoded on the way, and sums with
 * a number; a product with a number is "multiplyPlaintext". "rotateAgain" is each further one in `rotateMany`.
 * Source: the steps of keyswitch.ts and basis.ts; Han and Ki, CT-RSA 2020, section 3.
 * @throws RangeError for a level that there is not.
 */
export function operationCosts(
  parameters: Parameters,
  level = parameters.maxLevel,
): Readonly<Record<CountedOperation, OperationCost>> {
  const limbs = parameters.primesAt(level).length;
  const gadget = parameters.gadgetAt(level);
  const special = gadget.special.length;
  const decomposition = extendedLimbs(limbs, special, gadget.digitPrimes);
  const dropSpecial = dropNtts(limbs + special);
  const rescale = dropNtts(limbs);
  const cost = (ntts: number, keySwitches = 0, levels = 0): OperationCost => ({ ntts, keySwitches, levels });
  return {
    encode: cost(limbs),
    encryptSecretKey: cost(limbs),
    encryptPublicKey: cost(3 * (limbs + 1)), // u, and a remainder for each part, modulo Q·p
    decrypt: cost(limbs),
    add: cost(0),
    addVector: cost(limbs),
    multiply: cost(decomposition + dropSpecial, 1, 1), // P and the level's primes are dropped at once
    multiplyPlaintext: cost(rescale, 0, 1),
    multiplyVector: cost(limbs + rescale, 0, 1),
    tensor: cost(0),
    relinearize: cost(decomposition + dropSpecial, 1),
    rescale: cost(rescale, 0, 1),
    rotate: cost(decomposition + dropSpecial, 1),
    rotateAgain: cost(dropSpecial, 1),
    conjugate: cost(decomposition + dropSpecial, 1),
  };
}

/** What a giant step of `linearTransform` meets. */
export interface GiantStepKind {
  /** Whether diagonals are ciphertexts; default false. */
  readonly encrypted?: boolean;
  /** Whether the step is not 0; default true. */
  readonly rotates?: boolean;
  /** Whether its key of `evaluationKeys({ productRotations })` is there, beside the rotation's; default false. */
  readonly productKey?: boolean;
}

/**
 * What a giant step of `linearTransform` takes at a level, beside the rotations of its baby steps: with E NTTs to take a
 * polynomial apart and D to divide a ciphertext by P, E where diagonals are plaintexts, 2·E + D where they are encrypted, and
 * 2·E with a key for products; step 0 none, or E. Each result then takes a D: it is divided by P and the level's primes at once.
 * @throws RangeError for a level that there is not.
 */
export function giantStepCost(
  parameters: Parameters,
  level = parameters.maxLevel,
  { encrypted = false, rotates = true, productKey = false }: GiantStepKind = {},
): OperationCost {
  const limbs = parameters.primesAt(level).length;
  const gadget = parameters.gadgetAt(level);
  const special = gadget.special.length;
  const keySwitches = (encrypted ? 1 : 0) + (rotates ? 1 : 0);
  const divides = encrypted && rotates && !productKey;
  const decomposition = extendedLimbs(limbs, special, gadget.digitPrimes);
  return { ntts: keySwitches * decomposition + (divides ? dropNtts(limbs + special) : 0), keySwitches, levels: 0 };
}

/** Limbs of all digits of a polynomial modulo QP: as many NTTs as decomposing it takes, inverse and forward. */
export function extendedLimbs(limbs: number, special: number, digitPrimes: number): number {
  return Math.ceil(limbs / digitPrimes) * (limbs + special);
}

/** NTTs of a drop of both parts, which have so many primes, dropped and kept. */
export function dropNtts(primes: number): number {
  return 2 * primes;
}
