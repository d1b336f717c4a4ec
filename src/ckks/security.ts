import { ParameterError, SecurityError } from "../errors.js";

/**
 * Most bits of Q·P for which ring-LWE with a uniform ternary secret keeps 128 bits against classical attacks.
 * Source: OpenFHE's table, after the HomomorphicEncryption.org standard (2018).
 */
const MAX_LOG_QP: ReadonlyMap<number, number> = new Map([
  [10, 27],
  [11, 54],
  [12, 109],
  [13, 218],
  [14, 438],
  [15, 881],
  [16, 1747],
]);

/**
 * What parameters are worth against the best known attacks: log2 of the ring's degree, `logN`, and of the whole modulus,
 * `logQP`.
 */
export interface Security {
  /** Bits against classical attacks, or 0 when the caller wrote `security: "none"` and the table is exceeded. */
  readonly bits: number;
  readonly logN: number;
  readonly logQP: number;
}

/**
 * What log2(QP) must stay below at N = 2^logN for 128 bits. Source: see SECURITY.md.
 * @throws ParameterError for logN outside of 10 to 16
 */
export function maxLogQP(logN: number): number {
  const bound = MAX_LOG_QP.get(logN);
  if (bound === undefined) throw new ParameterError(`N = 2^${logN} is not supported`, "use logN from 10 to 16");
  return bound;
}

/**
 * The security of a modulus of `logQP` bits in degree 2^logN.
 * @throws SecurityError below 128 bits, unless `required` is "none".
 */
export function checkSecurity(logN: number, logQP: number, required: 128 | "none"): Security {
  const secure = logQP < maxLogQP(logN);
  if (!secure && required !== "none") {
    throw new SecurityError(
      `log2(QP) = ${logQP.toFixed(1)} is ${maxLogQP(logN)} or more, the 128-bit bound for N = 2^${logN}`,
      'take a larger logN or fewer primes; security: "none" is for experiments only',
    );
  }
  return { bits: secure ? 128 : 0, logN, logQP };
}
