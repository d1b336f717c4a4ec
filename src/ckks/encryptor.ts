import { KeyMismatchError } from "../errors.js";
import { dropSum } from "./basis.js";
import { Ciphertext } from "./ciphertext.js";
import { requireInstance } from "./copies.js";
import type { ComplexVector } from "./embedding.js";
import { Encoder, type SlotValues } from "./encoder.js";
import { fromWholeNumbers } from "./integers.js";
import { PublicKey, publicPrimes } from "./keys/public-key.js";
import { SecretKey } from "./keys/secret.js";
import { DEFAULT_BOUND } from "./noise.js";
import { addInto, addScaled, copy, multiply, type RnsPolynomial, subtract, toCoefficients } from "./polynomial.js";
import { Randomness } from "./randomness.js";
import { requireRing } from "./ring.js";
import { CIPHERTEXT_STREAM, expandUniform, sampleGaussian, sampleTernary } from "./sampling.js";

/** All optional. */
export interface EncryptOptions {
  /** Level of the result; default the highest. Lower levels are smaller and quicker. */
  readonly level?: number;
  /** Values that the ciphertext holds, a power of two; default N/2. */
  readonly slots?: number;
  /**
   * Largest |value|, for the estimate of noise (`explain`); default 1. Public: declare what is known of all messages alike,
   * never what this one holds. A value beyond a declared bound is refused; beyond the default it makes the estimate too small.
   */
  readonly bound?: number;
}

/** Encrypts with the public key: for everybody. The result is full size. */
export class Encryptor {
  private readonly encoder: Encoder;

  constructor(
    private readonly key: PublicKey,
    private readonly randomness: Randomness,
  ) {
    requireInstance(key, PublicKey, "key", "a public key");
    requireInstance(randomness, Randomness, "randomness", "what Randomness.system() gives");
    this.encoder = new Encoder(key.ring);
  }

  /**
   * (b·u + e_0 + p·m, a·u + e_1) modulo Q·p, divided by p: most of the noise goes with p.
   * Costs three NTTs for each prime of Q·p: message and noise share their transforms with the remainders. Source: Kim, Polyakov, Zucca, ASIACRYPT 2021, section 3.
   */
  encrypt(values: SlotValues, options: EncryptOptions = {}): Ciphertext {
    const key = this.key;
    const { ring } = key;
    const { level = ring.parameters.maxLevel, slots = ring.parameters.slots, bound } = options;
    const primes = publicPrimes(ring.parameters, level);
    const extra = primes[primes.length - 1];
    using plain = encodeMessage(this.encoder, values, { level, slots, bound }, primes);
    using u = sampleTernary(ring, primes, this.randomness);
    u.transform();
    using message = sampleGaussian(ring, primes, this.randomness);
    addScaled(message, plain, (p) => extra % p); // p·m vanishes modulo p itself
    using noise = sampleGaussian(ring, primes, this.randomness);

    using c0 = multiply(u, key.b, primes);
    using c1 = multiply(u, key.a, primes);
    // Without its noise a product is an equation in u, and u gives the message; with it, it may be seen.
    using first = dropSum(c0, message, extra);
    using second = dropSum(c1, noise, extra);
    const parts = [first.publish(), second.publish()];
    return new Ciphertext(parts, {
      level,
      state: "canonical",
      slots,
      fingerprint: key.fingerprint,
      noise: ring.noise.encrypted(bound ?? DEFAULT_BOUND, level, slots, "public"),
    });
  }
}

/** Encrypts with the secret key itself: half the size on the wire, since the uniform part is its seed. */
export class SecretEncryptor {
  private readonly encoder: Encoder;

  constructor(
    private readonly secret: SecretKey,
    private readonly randomness: Randomness,
  ) {
    requireInstance(secret, SecretKey, "secret", "a secret key");
    requireInstance(randomness, Randomness, "randomness", "what Randomness.system() gives");
    this.encoder = new Encoder(secret.ring);
  }

  /** (−a·s + e + m, a). Costs one NTT for each prime. */
  encrypt(values: SlotValues, options: EncryptOptions = {}): Ciphertext {
    const { ring } = this.secret;
    const { level = ring.parameters.maxLevel, slots = ring.parameters.slots, bound } = options;
    const primes = ring.parameters.primesAt(level);
    using plain = encodeMessage(this.encoder, values, { level, slots, bound }, primes);
    using message = sampleGaussian(ring, primes, this.randomness);
    addInto(message, plain);
    message.transform();
    const seed = this.randomness.bytes(32);
    using a = expandUniform(ring, primes, seed, CIPHERTEXT_STREAM, 0);
    using mask = multiply(a, this.secret.polynomial, primes); // mask / a is the secret key
    using c0 = subtract(message, mask);
    return new Ciphertext([c0.publish(), a.move()], {
      level,
      state: "canonical",
      slots,
      fingerprint: this.secret.fingerprint,
      seed,
      noise: ring.noise.encrypted(bound ?? DEFAULT_BOUND, level, slots, "secret"),
    });
  }
}

/** The message as coefficients. */
function encodeMessage(
  encoder: Encoder,
  values: SlotValues,
  { level, slots, bound }: EncryptOptions & { readonly level: number },
  primes: readonly number[],
): RnsPolynomial {
  const coefficients = encoder.coefficients(values, level, slots, bound);
  try {
    return fromWholeNumbers(encoder.ring, coefficients, primes, true);
  } finally {
    coefficients.fill(0);
  }
}

/** Decrypts with the secret key. */
export class Decryptor {
  private readonly encoder: Encoder;

  constructor(private readonly secret: SecretKey) {
    requireInstance(secret, SecretKey, "secret", "a secret key");
    this.encoder = new Encoder(secret.ring);
  }

  /**
   * The slot values. Parts beyond the second are met with powers of s, so any state of a ciphertext can be read.
   * @throws KeyMismatchError for a ciphertext under another key; ParameterError for one of another device or other parameters.
   */
  async decrypt(ciphertext: Ciphertext): Promise<ComplexVector> {
    requireInstance(ciphertext, Ciphertext, "what is decrypted", "a ciphertext");
    for (const part of ciphertext.parts) requireRing(this.secret.ring, part.ring, "the ciphertext");
    if (ciphertext.fingerprint !== this.secret.fingerprint) {
      throw new KeyMismatchError(
        `the ciphertext belongs to key ${ciphertext.fingerprint.slice(0, 8)}, this is key ${this.secret.fingerprint.slice(0, 8)}`,
        "decrypt with the key that it was encrypted for",
      );
    }
    const { level, state, slots } = ciphertext;
    const residues = await this.residues(ciphertext);
    try {
      const scale = this.secret.ring.parameters.scaleAt(level) ** (state === "product" ? 2 : 1);
      return this.encoder.decode(residues, level, scale, slots);
    } finally {
      for (const limb of residues) limb.fill(0);
    }
  }

  /** Coefficients of message and noise. When this returns they are queued to be read, and to be overwritten after that. */
  private residues({ parts, level }: Ciphertext): Promise<Uint32Array[]> {
    const { ring } = this.secret;
    using message = this.message(parts, ring.parameters.primesAt(level));
    using coefficients = toCoefficients(message);
    return ring.device.read(ring.logN, coefficients.limbs);
  }

  /** c_0 + c_1·s + c_2·s² + …, by Horner: ((c_k·s + c_(k−1))·s + …) + c_0. */
  private message(parts: readonly RnsPolynomial[], primes: readonly number[]): RnsPolynomial {
    const rest = parts.slice(1);
    if (rest.length === 0) return copy(parts[0], primes);
    using sum = this.message(rest, primes);
    using product = multiply(sum, this.secret.polynomial, primes);
    addInto(product, parts[0]);
    return product.move();
  }
}
