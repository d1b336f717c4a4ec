import { chacha20 } from "@noble/ciphers/chacha.js";

/**
 * A stream of random bytes: ChaCha20 keyed from the platform's CSPRNG. One stream a purpose, forked from its parent,
 * so that the order in which purposes draw does not matter.
 */
export class Randomness implements Disposable {
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

  /** The stream of a key that was drawn before, and is as secret as what is drawn from it. The key is copied. */
  static ofKey(key: Uint8Array): Randomness {
    if (key.length !== 32) throw new RangeError(`a stream has a key of 32 bytes, not of ${key.length}`);
    return new Randomness(new Uint8Array(key));
  }

  /** A stream of its own. */
  fork(): Randomness {
    return new Randomness(this.bytes(32));
  }

  /** The next bytes of the stream, in an array of the caller's own. */
  bytes(length: number): Uint8Array {
    if (this.wiped) throw new TypeError("this stream of randomness was wiped"); // an all-zero key would be known to everybody
    // NaN and fractions would give fewer bytes than asked for, or none: a seed that anybody can guess.
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`length ${length} is not a whole number`);
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setBigUint64(0, BigInt(this.calls++), true);
    return chacha20(this.#key, nonce, new Uint8Array(length));
  }

  /** The next 32-bit words of the stream. */
  words(length: number): Uint32Array {
    return new Uint32Array(this.bytes(4 * length).buffer);
  }

  /** Overwrites the stream's key: nothing can be drawn any more. */
  wipe(): void {
    this.wiped = true;
    this.#key.fill(0);
  }

  [Symbol.dispose](): void {
    this.wipe();
  }
}
