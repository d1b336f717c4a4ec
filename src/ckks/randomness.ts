import { chacha20 } from "@noble/ciphers/chacha.js";

/** Standard deviation of the errors, and where their distribution is cut: 6σ. */
export const ERROR_SIGMA = 3.2;
export const ERROR_BOUND = 19;

/**
 * A stream of random bytes: ChaCha20 keyed from the platform's CSPRNG. One stream a purpose, forked from its parent,
 * so that the order in which purposes draw does not matter.
 */
export class Randomness {
  private calls = 0;
  /** Truly private: whoever sees it in a log or in JSON knows every error drawn from here, and so the secret key. */
  readonly #key: Uint8Array;
  private wiped = false;

  private constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Keyed by `crypto.getRandomValues`: the only source for real keys. */
  static system(): Randomness {
    return new Randomness(crypto.getRandomValues(new Uint8Array(32)));
  }

  /**
   * The same bytes for the same seed: for tests and for figures that must be repeated.
   * UNSAFE for keys: whoever knows the seed knows the secret key.
   */
  static seededUnsafe(seed: number): Randomness {
    if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed ${seed} is not a non-negative integer`);
    const key = new Uint8Array(32);
    new DataView(key.buffer).setBigUint64(0, BigInt(seed), true);
    return new Randomness(key);
  }

  /** A stream of its own. */
  fork(): Randomness {
    return new Randomness(this.bytes(32));
  }

  bytes(length: number): Uint8Array {
    if (this.wiped) throw new TypeError("this stream of randomness was wiped"); // an all-zero key would be known to everybody
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setBigUint64(0, BigInt(this.calls++), true);
    return chacha20(this.#key, nonce, new Uint8Array(length));
  }

  words(length: number): Uint32Array {
    return new Uint32Array(this.bytes(4 * length).buffer);
  }

  /** Uniform values −1, 0, 1. The bias of one word in 2^32 that does not divide by three is below 2^−31. */
  ternary(length: number): Float64Array {
    const words = this.words(length);
    const values = new Float64Array(length);
    for (let i = 0; i < length; i++) values[i] = Math.floor((words[i] * 3) / 2 ** 32) - 1;
    words.fill(0);
    return values;
  }

  /**
   * The discrete Gaussian of σ = 3.2, cut at 6σ: by comparing 53 random bits with every threshold of the
   * cumulative table, so that neither time nor memory access depends on the value.
   */
  gaussian(length: number): Float64Array {
    const words = this.words(2 * length);
    const values = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      const uniform = words[2 * i] * 2 ** 21 + (words[2 * i + 1] >>> 11);
      let magnitude = 0;
      for (let k = 0; k < ERROR_BOUND; k++) magnitude += Number(uniform >= THRESHOLDS[k]);
      values[i] = magnitude * (1 - 2 * (words[2 * i + 1] & 1));
    }
    words.fill(0);
    return values;
  }

  /** Ends the stream and overwrites its key. */
  wipe(): void {
    this.wiped = true;
    this.#key.fill(0);
  }
}

/** THRESHOLDS[k] = P(|x| ≤ k)·2^53. */
const THRESHOLDS: readonly number[] = (() => {
  const weights = Array.from(
    { length: ERROR_BOUND + 1 },
    (_, k) => (k === 0 ? 1 : 2) * Math.exp(-(k * k) / (2 * ERROR_SIGMA ** 2)),
  );
  const total = weights.reduce((a, b) => a + b);
  let sum = 0;
  return weights.map((weight) => Math.round(((sum += weight) / total) * 2 ** 53));
})();
