import { KeyMismatchError } from "../errors.js";
import { toMontgomery } from "../ntt/modulus.js";
import { dropSum } from "./basis.js";
import { Ciphertext } from "./ciphertext.js";
import { requireInstance } from "./copies.js";
import type { ComplexVector } from "./embedding.js";
import { Encoder, type SlotValues } from "./encoder.js";
import { publicPrimes } from "./keygenerator.js";
import type { PublicKey } from "./keys.js";
import type { Parameters } from "./parameters.js";
import {
  addInto,
  addScaled,
  compute,
  fromIntegers,
  multiply,
  type Ring,
  RnsPolynomial,
  subtract,
  transform,
} from "./polynomial.js";
import type { Randomness } from "./randomness.js";
import { requireRing } from "./ring.js";
import { expandUniform, sampleGaussian, sampleTernary } from "./sampling.js";
import type { SecretKey } from "./secret.js";

export interface EncryptOptions {
  /** Level of the result; default the highest. Lower levels are smaller and quicker. */
  readonly level?: number;
  /** Values that the ciphertext holds, a power of two; default N/2. */
  readonly slots?: number;
}

/** Stream of a ciphertext's own seed; see KeyGenerator for those of keys. */
const CIPHERTEXT_STREAM = 1;

/** Encrypts with the public key: for everybody. The result is full size. */
export class Encryptor {
  private readonly ring: Ring;
  private readonly encoder: Encoder;

  constructor(
    ring: Ring,
    private readonly parameters: Parameters,
    private readonly key: PublicKey,
    private readonly randomness: Randomness,
  ) {
    this.encoder = new Encoder(ring, parameters);
    this.ring = this.encoder.ring;
    requireRing(this.ring, key.b.ring, "the public key");
  }

  /**
   * (b·u + e_0 + p·m, a·u + e_1) modulo Q·p, divided by p: most of the noise goes with p.
   * Costs about three NTTs for each prime: message and noise share their transforms with the remainders. Source: Kim, Polyakov, Zucca, ASIACRYPT 2021, section 3.
   */
  encrypt(values: SlotValues, options: EncryptOptions = {}): Ciphertext {
    const { level = this.parameters.maxLevel, slots = this.parameters.slots } = options;
    const ring = this.ring;
    const key = this.key;
    const primes = publicPrimes(this.parameters, level);
    const extra = primes[primes.length - 1];
    const coefficients = this.encoder.coefficients(values, level, slots);
    using plain = fromIntegers(ring, coefficients, primes);
    coefficients.fill(0);

    using u = sampleTernary(ring, primes, this.randomness);
    transform(u);
    using message = sampleGaussian(ring, primes, this.randomness);
    addScaled(message, plain, (p) => extra % p); // p·m vanishes modulo p itself
    using noise = sampleGaussian(ring, primes, this.randomness);

    using c0 = multiply(u, key.b, primes);
    using c1 = multiply(u, key.a, primes);
    const parts = [dropSum(c0, message, extra), dropSum(c1, noise, extra)];
    // Without its noise a product is an equation in u, and u gives the message.
    for (const secret of [u, message, plain, noise, c0, c1]) secret.wipe();
    return new Ciphertext(parts, { level, state: "canonical", slots, fingerprint: key.fingerprint });
  }
}

/** Encrypts with the secret key itself: half the size on the wire, since the uniform part is its seed. */
export class SecretEncryptor {
  private readonly ring: Ring;
  private readonly encoder: Encoder;

  constructor(
    ring: Ring,
    private readonly parameters: Parameters,
    private readonly secret: SecretKey,
    private readonly randomness: Randomness,
  ) {
    this.encoder = new Encoder(ring, parameters);
    this.ring = this.encoder.ring;
    requireRing(this.ring, secret.polynomial.ring, "the secret key");
  }

  /** (−a·s + e + m, a). Costs two NTTs for each prime. */
  encrypt(values: SlotValues, options: EncryptOptions = {}): Ciphertext {
    const { level = this.parameters.maxLevel, slots = this.parameters.slots } = options;
    const ring = this.ring;
    const primes = this.parameters.primesAt(level);
    const coefficients = this.encoder.coefficients(values, level, slots);
    using plain = fromIntegers(ring, coefficients, primes);
    coefficients.fill(0);
    using message = sampleGaussian(ring, primes, this.randomness);
    addInto(message, plain);
    transform(message);
    const seed = this.randomness.bytes(32);
    const a = expandUniform(ring, primes, seed, CIPHERTEXT_STREAM, 0);
    using mask = multiply(a, this.secret.polynomial, primes);
    const c0 = subtract(message, mask);
    for (const secret of [plain, message, mask]) secret.wipe(); // mask / a is the secret key
    return new Ciphertext([c0, a], { level, state: "canonical", slots, fingerprint: this.secret.fingerprint, seed });
  }
}

/** Decrypts with the secret key. */
export class Decryptor {
  private readonly ring: Ring;
  private readonly encoder: Encoder;

  constructor(
    ring: Ring,
    private readonly parameters: Parameters,
    private readonly secret: SecretKey,
  ) {
    this.encoder = new Encoder(ring, parameters);
    this.ring = this.encoder.ring;
    requireRing(this.ring, secret.polynomial.ring, "the secret key");
  }

  /**
   * The slot values. Parts beyond the second are met with powers of s, so any state of a ciphertext can be read.
   * @throws KeyMismatchError for a ciphertext under another key; ParameterError for one of another device or other parameters.
   */
  async decrypt(ciphertext: Ciphertext): Promise<ComplexVector> {
    requireInstance(ciphertext, Ciphertext, "what is decrypted", "a ciphertext");
    const ring = this.ring;
    const parameters = this.parameters;
    if (ciphertext.fingerprint !== this.secret.fingerprint) {
      throw new KeyMismatchError(
        `the ciphertext belongs to key ${ciphertext.fingerprint.slice(0, 8)}, this is key ${this.secret.fingerprint.slice(0, 8)}`,
        "decrypt with the key that it was encrypted for",
      );
    }
    for (const part of ciphertext.parts) requireRing(ring, part.ring, "the ciphertext");
    const primes = parameters.primesAt(ciphertext.level);
    // Horner: ((c_k·s + c_(k−1))·s + …) + c_0.
    let sum: RnsPolynomial | undefined;
    for (const part of [...ciphertext.parts].reverse()) {
      const next: RnsPolynomial = sum
        ? multiply(sum, this.secret.polynomial, primes)
        : RnsPolynomial.allocate(ring, primes);
      if (sum) addInto(next, part);
      else
        ring.device.launch(
          "copy",
          ring.logN,
          primes.map((p) => [next.limb(p), part.limb(p)] as const),
        );
      sum?.wipe();
      sum = next;
    }
    using message = sum!;
    // Parts of an unrelinearised product carry 2^−32.
    const carry = ciphertext.parts.length > 2;
    using coefficients = compute(ring, "intt", primes, (out, p) => [
      out,
      message.limb(p),
      p,
      carry ? toMontgomery(1, p) : 1,
    ]);
    const residues = await ring.device.read(ring.logN, coefficients.limbs);
    const scale = parameters.scaleAt(ciphertext.level) ** (ciphertext.state === "product" ? 2 : 1);
    const values = this.encoder.decode(residues, ciphertext.level, scale, ciphertext.slots);
    for (const limb of residues) limb.fill(0);
    message.wipe();
    coefficients.wipe();
    return values;
  }
}
