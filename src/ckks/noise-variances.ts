import { ERROR_SIGMA } from "../ntt/kernels.js";
import type { Gadget } from "./gadgets.js";
import type { Parameters } from "./parameters.js";
import { chunks, logProduct } from "./primelist.js";

/**
 * The variance of one coefficient of what each operation adds to a ciphertext's message. A coefficient of a product of
 * two independent polynomials sums N terms; the uniform ternary secret has 2N/3 coefficients that are not zero, and so
 * has the ephemeral u of public-key encryption.
 * Sources: Gentry, Halevi, Smart, "Homomorphic evaluation of the AES circuit", CRYPTO 2012, appendix (variances); Kim,
 * Polyakov, Zucca, "Revisiting homomorphic encryption schemes for finite fields", ASIACRYPT 2021, section 4 and
 * appendix B (hybrid key switching); Costache, Curtis, Hales, Murphy, Ogilvie, Player, "On the precision loss in
 * approximate homomorphic encryption", SAC 2023 (CKKS).
 */
export class NoiseVariances {
  /** Encoding rounds every coefficient of the message to an integer. */
  readonly rounding = 1 / 12;
  /** A drop rounds both parts: r_0 + r_1·s. */
  readonly drop: number;
  /** b·u + e_0, e_1·s modulo Q·p, divided by p and rounded: of a public-key encryption, but for its message's rounding. */
  readonly freshPublic: number;
  /** e: of a secret-key encryption, but for its message's rounding. */
  readonly freshSecret = ERROR_SIGMA ** 2;
  private readonly known = new Map<Gadget, number[]>();

  constructor(private readonly parameters: Parameters) {
    const { logN, special } = parameters;
    const n = 2 ** logN;
    const weight = (2 * n) / 3;
    this.drop = (1 + weight) / 12;
    this.freshPublic = (ERROR_SIGMA ** 2 * (1 + 2 * weight)) / special[0] ** 2 + this.drop;
  }

  /** Σ_d [digit_d]·e_d / P before it is rounded: digits are uniform in ±Q_d/2. */
  switching(level: number, gadget = this.parameters.gadgetAt(level)): number {
    let byLevel = this.known.get(gadget);
    if (!byLevel) this.known.set(gadget, (byLevel = []));
    return (byLevel[level] ??= this.switchingOf(level, gadget));
  }

  /** A key switch with a division of its own. */
  keySwitch(level: number, gadget?: Gadget): number {
    return this.switching(level, gadget) + this.drop;
  }

  private switchingOf(level: number, { special, digitPrimes }: Gadget): number {
    const n = 2 ** this.parameters.logN;
    const digits = chunks(this.parameters.primesAt(level), digitPrimes);
    const ratios = digits.map((digit) => 2 ** (2 * (logProduct(digit) - logProduct(special))));
    return ratios.reduce((sum, ratio) => sum + (n * ERROR_SIGMA ** 2 * ratio) / 12, 0);
  }
}
