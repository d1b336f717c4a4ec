/** Plain data: what `Parameters.of` takes and `toJSON` gives back. */
export interface ParameterLiteral {
  /** log2 of the ring's degree N. */
  readonly logN: number;
  /** Primes of Q by level, the base first: every level has one prime, or two for high precision. */
  readonly levels: readonly (readonly number[])[];
  /** Primes of P, for key switching. */
  readonly special: readonly number[];
  /** Primes in a digit of the key-switching decomposition; dnum = ⌈primes of Q / digitPrimes⌉. */
  readonly digitPrimes: number;
  /**
   * The same by level, from level 0 on, where keys of lower levels have another P and other digits than those of the highest: so many
   * of the special primes, the first ones. Default: all of them, and `digitPrimes`, at every level.
   */
  readonly gadgets?: readonly GadgetLiteral[];
  /** log2 of the scale at level 0; values z there need |z|·2^baseScaleBits < q_0/2. */
  readonly baseScaleBits: number;
  /** 128 refuses what the security table does not allow. "none" is for experiments and is printed everywhere. */
  readonly security?: 128 | "none";
}

/** A gadget as plain data: see `Gadget`. */
export interface GadgetLiteral {
  /** How many of the parameters' special primes. */
  readonly specialPrimes: number;
  /** Primes of Q in a digit. */
  readonly digitPrimes: number;
}
