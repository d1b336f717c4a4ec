import type { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { ParameterError } from "../../errors.js";
import { Plaintext } from "../ciphertext.js";
import { requireInstance } from "../copies.js";
import type { ComplexVector } from "../embedding.js";
import { Encoder } from "../encoder.js";
import { type RnsPolynomial, toCoefficients, toOperand } from "../polynomial.js";
import { type Ring, requireIsRing } from "../ring.js";
import { compressed, HEADER_BYTES, putHeader, readObject, type SealCompression, takeHeader } from "./seal-header.js";
import { levelOf, parmsId, requireSealParameters } from "./seal-parameters.js";
import { polynomialBytes, putPolynomial, takePolynomial } from "./seal-polynomial.js";
import { sameScale } from "./seal-scale.js";

/** Bytes before the residues: name of the parameters, a size, scale, and an array's header. */
const FIELD_BYTES = 32 + 8 + 8 + HEADER_BYTES + 8;
const WHAT = "SEAL's plaintext";

/** What stands in SEAL's `Plaintext`, and in its `SecretKey`, which is one. */
export interface SealPolynomial {
  readonly scale: number;
  readonly polynomial: RnsPolynomial;
}

/** Bytes of the content. */
export function plaintextBytes(logN: number, primes: number): number {
  return FIELD_BYTES + polynomialBytes(logN, primes);
}

/**
 * Reads the content of a plaintext.
 * @param find the primes by the name of the parameters; throws where it is none of ours
 */
export function takePlaintext(
  reader: ByteReader,
  ring: Ring,
  find: (name: Uint8Array) => readonly number[],
  secret = false,
): SealPolynomial {
  const primes = find(reader.run(32));
  const words = primes.length * 2 ** ring.logN;
  const [count, scale] = [reader.u64(), reader.f64()];
  if (!(scale >= 1 && scale < Infinity)) throw reader.error(`says that its scale is ${scale}`);
  const bytes = takeHeader(reader, "the residues");
  const array = reader.u64();
  if (count !== words || array !== words || bytes !== 8 + 8 * words || reader.left !== 8 * words) {
    throw reader.error(`has an array of ${array} residues where ${words} belong`);
  }
  return { scale, polynomial: takePolynomial(reader, ring, primes, secret) };
}

/** Writes what `takePlaintext` reads, as an object with its header. */
export async function plaintextObject(
  polynomial: RnsPolynomial,
  primes: readonly number[],
  scale: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { logN } = polynomial.ring;
  const words = primes.length * 2 ** logN;
  const fields = putHeader(new ByteWriter(), plaintextBytes(logN, primes.length));
  fields.run(parmsId(logN, primes)).u64(words).f64(scale);
  putHeader(fields, 8 + 8 * words).u64(words);
  const object = new Uint8Array(fields.length + 8 * words);
  object.set(fields.finish());
  await putPolynomial(object, fields.length, polynomial, primes);
  return object;
}

/**
 * The bytes of SEAL's `Plaintext` (`save_members` in native/src/seal/plaintext.h): 88 bytes and 8 for each residue.
 * @throws ParameterError for parameters that SEAL does not take
 */
export async function writePlaintext(
  plaintext: Plaintext,
  compression: SealCompression = "none",
): Promise<Uint8Array<ArrayBuffer>> {
  requireInstance(plaintext, Plaintext, "plaintext", "an encoded plaintext");
  const { polynomial, level, scale } = plaintext;
  const { parameters } = polynomial.ring;
  requireSealParameters(parameters);
  return compressed(await plaintextObject(polynomial, parameters.primesAt(level), scale), compression);
}

/**
 * A plaintext from the bytes of SEAL's `Plaintext`, at its level's scale, for products and sums with ciphertexts that came
 * from SEAL, too: its slots are in the same order as theirs.
 * @throws FormatError for damaged bytes, for other parameters, and for zstd; ParameterError for another scale.
 */
export function readPlaintext(bytes: Uint8Array, ring: Ring): Plaintext {
  const { level, scale, polynomial } = readPolynomial(bytes, ring);
  using plain = polynomial;
  const expected = ring.parameters.scaleAt(level);
  if (!sameScale(scale, expected)) {
    throw new ParameterError(
      `${WHAT} has a scale of 2^${Math.log2(scale).toFixed(2)}, level ${level} one of 2^${Math.log2(expected).toFixed(2)}`,
      "encode it at parameters.scaleAt(level), or encode here what seal.decodePlaintext gives",
    );
  }
  return new Plaintext(toOperand(plain), level, expected, ring.parameters.slots);
}

/**
 * The slot values of SEAL's `Plaintext`, whatever its scale, in our order: `toSealOrder` gives SEAL's.
 * @throws FormatError as `readPlaintext` does
 */
export async function decodePlaintext(bytes: Uint8Array, ring: Ring): Promise<ComplexVector> {
  const { level, scale, polynomial } = readPolynomial(bytes, ring);
  using plain = polynomial;
  using coefficients = toCoefficients(plain);
  const residues = await ring.device.read(ring.logN, coefficients.limbs);
  return new Encoder(ring).decode(residues, level, scale, ring.parameters.slots);
}

function readPolynomial(bytes: Uint8Array, ring: Ring): SealPolynomial & { readonly level: number } {
  requireIsRing(ring);
  const { parameters, logN } = ring;
  requireSealParameters(parameters);
  let level = 0;
  const most = plaintextBytes(logN, parameters.primesAt(parameters.maxLevel).length);
  const found = readObject(bytes, WHAT, most, (reader) =>
    takePlaintext(reader, ring, (name) => {
      level = levelOf(parameters, name, WHAT);
      return parameters.primesAt(level);
    }),
  );
  return { ...found, level };
}
