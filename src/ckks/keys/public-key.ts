import { bytesToHex } from "@noble/hashes/utils.js";
import { FileReader, fileBytes, writeFile } from "../../bytes/blocks.js";
import { digestOf } from "../../bytes/digest.js";
import { ByteReader } from "../../bytes/reader.js";
import { type ByteSource, collect } from "../../bytes/stream.js";
import { ByteWriter } from "../../bytes/writer.js";
import type { Device } from "../../ntt/device.js";
import { COPY, THIS_COPY } from "../copies.js";
import { OPERAND } from "../form.js";
import { packedLimbs } from "../formats/limbs.js";
import { putPrimes, requirePrimes } from "../formats/parameters.js";
import { readLimbs } from "../formats/read-limbs.js";
import { Parameters } from "../parameters.js";
import { packedLimbBytes, type RnsPolynomial } from "../polynomial.js";
import type { Randomness } from "../randomness.js";
import { Ring } from "../ring.js";
import { PUBLIC_STREAM } from "../sampling.js";
import { refuseJson, requireSeed } from "../storage.js";
import { maskedHalf } from "./masking.js";
import { uniformHalf } from "./uniform.js";

const SEED_BYTES = 32;
/** Where the uniform half is: from the seed. 0 is kept for keys that have none, whose half would follow in full. */
const SEEDED = 1;

/** Encrypts for the holder of one secret key; may be known to anybody. */
export class PublicKey implements Disposable {
  private constructor(
    /** Over Q and the first special prime, an operand. */
    readonly b: RnsPolynomial,
    /** Its uniform half: a·s + b is small. */
    readonly a: RnsPolynomial,
    /** Of `a`, if it has one: that of a key from elsewhere was drawn in another way. */
    readonly seed: Uint8Array | undefined,
    /**
     * The name of the key: SHA-256 of its canonical bytes, in hexadecimal. Ciphertexts and evaluation keys carry it as a label,
     * which proves nothing; whoever compares it with what the key holder says over another way knows that this key is the holder's.
     */
    readonly fingerprint: string,
  ) {}

  /**
   * The public key of a secret: draws a seed and an error; costs two NTTs for each prime, and waits for the device.
   * @param secret an operand over Q and P
   */
  static async generate(secret: RnsPolynomial, randomness: Randomness): Promise<PublicKey> {
    const { ring } = secret;
    const seed = randomness.bytes(SEED_BYTES);
    const primes = publicPrimes(ring.parameters, ring.parameters.maxLevel);
    using a = uniformHalf(ring, primes, { seed, stream: PUBLIC_STREAM, digit: 0 });
    using b = maskedHalf(a, { secret, randomness });
    return await PublicKey.named(b, a, seed);
  }

  /** @throws FormatError for anything that `toBytes` did not write */
  static async fromBytes(source: ByteSource, device: Device): Promise<PublicKey> {
    using file = await FileReader.open(source, "public key");
    const reader = new ByteReader(file.header.fields, "the header of this public key");
    const parameters = Parameters.take(reader);
    const ring = Ring.of(device, parameters);
    const primes = publicPrimes(parameters, parameters.maxLevel);
    requirePrimes(reader, primes);
    if (reader.u8() !== SEEDED) throw reader.error("has a key without a seed, which this version does not read");
    const seed = new Uint8Array(reader.run(SEED_BYTES));
    reader.end();
    using b = await readLimbs(file, ring, primes, { form: OPERAND, what: "the public key" });
    await file.end();
    using a = uniformHalf(ring, primes, { seed, stream: PUBLIC_STREAM, digit: 0 });
    return await PublicKey.named(b, a, seed);
  }

  /** A key from elsewhere, which takes both halves over: operands, and the name that the caller knows it by. */
  static labelled(b: RnsPolynomial, a: RnsPolynomial, fingerprint: string): PublicKey {
    return new PublicKey(b, a, undefined, fingerprint);
  }

  /** Takes both halves over: their owner is left without them. */
  private static async named(b: RnsPolynomial, a: RnsPolynomial, seed: Uint8Array): Promise<PublicKey> {
    const digest = await digestOf(canonicalRuns(b, seed));
    return new PublicKey(b.move(), a.move(), seed, bytesToHex(digest));
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  get ring(): Ring {
    return this.b.ring;
  }

  /** Bytes of `toBytes`: b packed, a as its seed; of a key without one, its residues'. */
  get packedBytes(): number {
    const { primes, ring } = this.b;
    if (!this.seed) return this.b.packedBytes + this.a.packedBytes;
    return fileBytes(
      fieldsOf(this.b, this.seed).length,
      primes.map((p) => packedLimbBytes(p, ring.logN)),
    );
  }

  /** @throws FormatError for a key that has no seed */
  async toBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return collect(this.chunks());
  }

  /** The same bytes one limb at a time, for streams. */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return writeFile("public key", fieldsOf(this.b, requireSeed(this.seed, "the public key")), packedLimbs(this.b));
  }

  /** @throws FormatError always: see there. */
  toJSON(): never {
    return refuseJson();
  }

  [Symbol.dispose](): void {
    this.b[Symbol.dispose]();
    this.a[Symbol.dispose]();
  }
}

/** Public-key encryption works modulo Q and one more prime, which it then drops together with most of its noise. */
export function publicPrimes(parameters: Parameters, level: number): number[] {
  return [...parameters.primesAt(level), parameters.special[0]];
}

/** What the fingerprint is the digest of. */
async function* canonicalRuns(b: RnsPolynomial, seed: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield fieldsOf(b, seed);
  yield* packedLimbs(b);
}

/** Parameters, primes, seed: all but b. */
function fieldsOf({ ring, primes }: RnsPolynomial, seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().run(ring.parameters.canonicalBytes());
  putPrimes(writer, primes);
  return writer.u8(SEEDED).run(seed).finish();
}
