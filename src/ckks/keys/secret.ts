import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { FileReader, fileBytes, writeFile } from "../../bytes/blocks.js";
import { ByteReader } from "../../bytes/reader.js";
import { type ByteSource, collect, inPlace } from "../../bytes/stream.js";
import { ByteWriter } from "../../bytes/writer.js";
import { KeyMismatchError } from "../../errors.js";
import type { Device } from "../../ntt/device.js";
import { COPY, THIS_COPY } from "../copies.js";
import { PASSPHRASE_BYTES, unwrap, wrap } from "../formats/passphrase.js";
import { packTernary, readTernary, ternaryBytes, ternaryCoefficients } from "../formats/ternary.js";
import { Parameters } from "../parameters.js";
import { type RnsPolynomial, toOperand } from "../polynomial.js";
import { Randomness } from "../randomness.js";
import { Ring, requireIsRing } from "../ring.js";
import { sampleTernary } from "../sampling.js";
import { refuseJson } from "../storage.js";
import { PublicKey } from "./public-key.js";

const STREAM_BYTES = 32;
const FINGERPRINT_BYTES = 32;
const PURPOSE_BYTES = 32;

/** A uniform ternary secret over Q and P, an operand, and the public key that names it. `dispose` overwrites it. */
export class SecretKey implements Disposable {
  /** Of the public key's seed and error: with it and the secret, the public key is made again. */
  readonly #stream: Uint8Array;

  private constructor(
    /** s over Q and P, an operand. It is overwritten when the key is disposed of. */
    readonly polynomial: RnsPolynomial,
    readonly publicKey: PublicKey,
    stream: Uint8Array,
  ) {
    this.#stream = stream;
  }

  /** Draws a secret. Costs an NTT for each prime and a public key. */
  static async generate(ring: Ring, randomness: Randomness): Promise<SecretKey> {
    requireIsRing(ring);
    using coefficients = sampleTernary(ring, allPrimes(ring.parameters), randomness);
    return await SecretKey.made(toOperand(coefficients), randomness.bytes(STREAM_BYTES));
  }

  /**
   * What `toSecretBytes` wrote. The bytes are the key: overwrite them as soon as they are read.
   * @throws FormatError for anything else
   */
  static async fromSecretBytes(source: ByteSource, device: Device): Promise<SecretKey> {
    using file = await FileReader.open(source, "secret key");
    const { ring, fingerprint, reader } = headerOf(file.header.fields, device);
    reader.end();
    const content = await file.nextCopy("the secret key", { length: contentBytes(ring) });
    try {
      const key = await SecretKey.restore(ring, content, fingerprint);
      return await endOr(file, key);
    } finally {
      content.fill(0);
    }
  }

  /**
   * What `toWrappedBytes` wrote.
   * @param purpose what it must be for, where the file says something of that
   * @throws FormatError for anything else; SecurityError for another passphrase; KeyMismatchError for another purpose
   */
  static async fromWrappedBytes(
    source: ByteSource,
    passphrase: string,
    device: Device,
    purpose?: string,
  ): Promise<SecretKey> {
    using file = await FileReader.open(source, "wrapped secret key");
    const { fields } = file.header;
    const { ring, fingerprint, reader } = headerOf(fields, device);
    const found = purposeIn(reader);
    if (purpose !== undefined && found !== undefined && found !== purpose) {
      const fix = "take the plan that the key was made for, or make a key for this one";
      throw new KeyMismatchError(`this key was made for ${found.slice(0, 8)}…, not for ${purpose.slice(0, 8)}…`, fix);
    }
    const content = await unwrap(file, { reader, fields, passphrase, length: contentBytes(ring) });
    try {
      const key = await SecretKey.restore(ring, content, fingerprint);
      return await endOr(file, key);
    } finally {
      content.fill(0);
    }
  }

  private static async restore(ring: Ring, content: Uint8Array, fingerprint: Uint8Array): Promise<SecretKey> {
    using coefficients = readTernary(ring, allPrimes(ring.parameters), content.subarray(STREAM_BYTES));
    const key = await SecretKey.made(toOperand(coefficients), new Uint8Array(content.subarray(0, STREAM_BYTES)));
    if (key.fingerprint === bytesToHex(fingerprint)) return key;
    key[Symbol.dispose]();
    throw new ByteReader(content, "this secret key").error(
      `is not the key ${bytesToHex(fingerprint).slice(0, 8)} that it says`,
    );
  }

  /**
   * A key that was made elsewhere: an operand over all primes, which it takes over. It gets a public key, and by that a name,
   * of its own.
   */
  static async from(operand: RnsPolynomial): Promise<SecretKey> {
    using system = Randomness.system();
    return await SecretKey.made(operand, system.bytes(STREAM_BYTES));
  }

  /** @param operand by its coefficients or its NTT values; taken over */
  private static async made(operand: RnsPolynomial, stream: Uint8Array): Promise<SecretKey> {
    using polynomial = operand;
    try {
      if (polynomial.form.domain === "coefficients") polynomial.transform();
      using randomness = Randomness.ofKey(stream);
      const publicKey = await PublicKey.generate(polynomial, randomness);
      return new SecretKey(polynomial.move(), publicKey, stream);
    } catch (error) {
      stream.fill(0);
      throw error;
    }
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  get ring(): Ring {
    return this.polynomial.ring;
  }

  /** The name of the key: see PublicKey.fingerprint. */
  get fingerprint(): string {
    return this.publicKey.fingerprint;
  }

  /**
   * The key itself, in the open, and nothing with it: for a place that only its owner can read. Overwrite the bytes when they
   * are stored. `toWrappedBytes` is for every other place.
   */
  async toSecretBytes(): Promise<Uint8Array<ArrayBuffer>> {
    const content = await this.content();
    try {
      const fields = this.fields();
      // In its place: a block of its own would be a copy that nobody overwrites.
      const bytes = fileBytes(fields.length, [content.length]);
      return await inPlace(bytes, (room) => writeFile("secret key", fields, [content], room));
    } finally {
      content.fill(0);
    }
  }

  /**
   * The key encrypted under a passphrase: PBKDF2-SHA-256 of 600,000 iterations, AES-256-GCM, with parameters, fingerprint and
   * purpose authenticated. As safe as the passphrase is long.
   * @param purpose 64 hexadecimal digits of what it is for, a plan's identity: whoever reads the file for another purpose is told so
   */
  async toWrappedBytes(passphrase: string, purpose?: string): Promise<Uint8Array<ArrayBuffer>> {
    const content = await this.content();
    try {
      const all = new ByteWriter().run(this.fields());
      if (purpose !== undefined) all.run(purposeBytes(purpose));
      const { fields, block } = await wrap(content, passphrase, all.finish());
      return await collect(writeFile("wrapped secret key", fields, [block]));
    } finally {
      content.fill(0);
    }
  }

  private fields(): Uint8Array<ArrayBuffer> {
    const { ring, fingerprint } = this;
    return new ByteWriter().run(ring.parameters.canonicalBytes()).run(hexToBytes(fingerprint)).finish();
  }

  /** The key of the public key's stream, and the coefficients. Whoever asks overwrites it. */
  private async content(): Promise<Uint8Array<ArrayBuffer>> {
    const content = new Uint8Array(contentBytes(this.ring));
    content.set(this.#stream);
    packTernary(await ternaryCoefficients(this.polynomial), content.subarray(STREAM_BYTES));
    return content;
  }

  /** A stored description would be a lost key. @throws FormatError always. */
  toJSON(): never {
    return refuseJson();
  }

  [Symbol.dispose](): void {
    this.#stream.fill(0);
    this.polynomial[Symbol.dispose]();
    this.publicKey[Symbol.dispose]();
  }
}

function allPrimes(parameters: Parameters): number[] {
  return [...parameters.primesAt(parameters.maxLevel), ...parameters.special];
}

function contentBytes({ logN }: Ring): number {
  return STREAM_BYTES + ternaryBytes(logN);
}

function headerOf(fields: Uint8Array, device: Device): { ring: Ring; fingerprint: Uint8Array; reader: ByteReader } {
  const reader = new ByteReader(fields, "the header of this secret key");
  const ring = Ring.of(device, Parameters.take(reader));
  return { ring, fingerprint: reader.run(FINGERPRINT_BYTES), reader };
}

/**
 * What a wrapped key's file says without its passphrase: nothing of it is known to be true until it is opened.
 * @throws FormatError for anything else
 */
export async function wrappedKeySays(
  source: ByteSource,
): Promise<{ readonly fingerprint: string; readonly purpose: string | undefined }> {
  using file = await FileReader.open(source, "wrapped secret key");
  const reader = new ByteReader(file.header.fields, "the header of this secret key");
  Parameters.take(reader);
  const fingerprint = bytesToHex(reader.run(FINGERPRINT_BYTES));
  return { fingerprint, purpose: purposeIn(reader) };
}

/** Of a wrapped key's header, in which it is missing or stands before what the passphrase needs. */
function purposeIn(reader: ByteReader): string | undefined {
  return reader.left > PASSPHRASE_BYTES ? bytesToHex(reader.run(PURPOSE_BYTES)) : undefined;
}

function purposeBytes(purpose: string): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(purpose)) return hexToBytes(purpose);
  throw new TypeError("purpose: 64 hexadecimal digits were expected");
}

/** The key, if its file ends there. */
async function endOr(file: FileReader, key: SecretKey): Promise<SecretKey> {
  try {
    await file.end();
    return key;
  } catch (error) {
    key[Symbol.dispose]();
    throw error;
  }
}
