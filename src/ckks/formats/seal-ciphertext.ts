import { type ByteReader, SEND_AGAIN } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { FormatError } from "../../errors.js";
import { residue } from "../../ntt/modulus.js";
import { drop } from "../basis.js";
import { Ciphertext, type ScaleState } from "../ciphertext.js";
import { kindOf, requireInstance } from "../copies.js";
import type { ComplexVector } from "../embedding.js";
import { Decryptor } from "../encryptor.js";
import { VALUES } from "../form.js";
import { SecretKey } from "../keys/secret.js";
import { PRODUCT_POWER } from "../keys/switching-key.js";
import { allOrNothing } from "../limbs.js";
import { type RnsPolynomial, scale } from "../polynomial.js";
import { type Ring, requireIsRing } from "../ring.js";
import { compressed, HEADER_BYTES, putHeader, readObject, type SealCompression, takeHeader } from "./seal-header.js";
import { levelOf, parmsId, requireSealParameters } from "./seal-parameters.js";
import { polynomialBytes, putPolynomial, takePolynomial } from "./seal-polynomial.js";
import { sameScale, wayDown } from "./seal-scale.js";
import { SEED_BYTES, takeExpanded } from "./seal-seed.js";

/** Bytes before the residues: name of the parameters, form, three sizes, scale, correction factor, and an array's header. */
const FIELD_BYTES = 32 + 1 + 3 * 8 + 8 + 8 + HEADER_BYTES + 8;
const PARTS = [2, 3];
/** Keys have no scale: SEAL writes 1. */
export const NO_SCALE = 1;
/** What stands in SEAL's `Ciphertext`, and in its `PublicKey`, which is one. */
export interface SealParts {
  readonly scale: number;
  readonly parts: readonly RnsPolynomial[];
}

/** Bytes of the content with so many parts. */
export function contentBytes(logN: number, primes: number, parts: number): number {
  return FIELD_BYTES + parts * polynomialBytes(logN, primes);
}

/**
 * Reads the content of a ciphertext.
 * @param find the primes by the name of the parameters; throws where it is none of ours
 */
export function takeParts(reader: ByteReader, ring: Ring, find: (name: Uint8Array) => readonly number[]): SealParts {
  const primes = find(reader.run(32));
  const form = reader.u8();
  const [size, degree, count] = [reader.u64(), reader.u64(), reader.u64()];
  const scale = reader.f64();
  const correction = reader.u64();
  if (form !== 1) throw reader.error("is by its coefficients; CKKS in SEAL has NTT values");
  if (degree !== 2 ** ring.logN || count !== primes.length || correction !== 1)
    throw reader.error("contradicts itself");
  if (!PARTS.includes(size))
    throw reader.error(`has ${size} parts; those of two or three are read: relinearize it first`);
  if (!(scale >= 1 && scale < Infinity)) throw reader.error(`says that its scale is ${scale}`);
  const bytes = takeHeader(reader, "the residues");
  const words = reader.u64();
  const seeded = size === 2 && words * 2 === size * count * degree;
  if (bytes !== 8 + 8 * words || (!seeded && words !== size * count * degree)) {
    throw reader.error(`has an array of ${words} residues where ${size * count * degree} belong`);
  }
  const left = 8 * words + (seeded ? SEED_BYTES : 0);
  if (reader.left !== left) throw reader.error(`has ${reader.left} bytes of residues where ${left} belong`);
  return allOrNothing((keep) => {
    const parts = Array.from({ length: seeded ? 1 : size }, () => keep(takePolynomial(reader, ring, primes)));
    if (seeded) parts.push(keep(takeExpanded(reader, ring, primes)));
    return { scale, parts };
  });
}

export function requireNoScale(scale: number, what: string): void {
  if (scale !== NO_SCALE) throw new FormatError(`${what} says that its scale is ${scale}; keys have none`, SEND_AGAIN);
}

/** Without it what is read would fit no key. @throws TypeError */
export function requireFingerprint(fingerprint: string): void {
  if (typeof fingerprint === "string" && fingerprint !== "") return;
  throw new TypeError(`fingerprint: the key's name, holder.fingerprint, was expected, not ${kindOf(fingerprint)}`);
}

/** Writes what `takeParts` reads, as an object with its header. */
export async function partsObject(
  parts: readonly RnsPolynomial[],
  primes: readonly number[],
  scaleFactor: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { logN } = parts[0].ring;
  const length = polynomialBytes(logN, primes.length);
  const bytes = contentBytes(logN, primes.length, parts.length);
  const fields = putHeader(new ByteWriter(), bytes).run(parmsId(logN, primes)).u8(1);
  fields
    .u64(parts.length)
    .u64(2 ** logN)
    .u64(primes.length)
    .f64(scaleFactor)
    .u64(1);
  putHeader(fields, 8 + parts.length * length).u64((parts.length * length) / 8);
  const object = new Uint8Array(HEADER_BYTES + bytes);
  object.set(fields.finish());
  for (const [k, part] of parts.entries()) await putPolynomial(object, fields.length + k * length, part, primes);
  return object;
}

/**
 * The bytes of SEAL's `Ciphertext` (`save_members` in native/src/seal/ciphertext.cpp): 105 bytes and 8 for each residue of
 * its two or three parts. SEAL goes on with it at the scale of its level (or at its square, before `rescale`), on the slots
 * in the order of `toSealOrder`. A ciphertext of fewer slots repeats them, in our order.
 * @throws ParameterError for parameters that SEAL does not take
 */
export async function writeCiphertext(
  ciphertext: Ciphertext,
  compression: SealCompression = "none",
): Promise<Uint8Array<ArrayBuffer>> {
  requireInstance(ciphertext, Ciphertext, "ciphertext", "a ciphertext");
  const { parts, level, state } = ciphertext;
  const { parameters } = parts[0].ring;
  requireSealParameters(parameters);
  const scaleFactor = parameters.scaleAt(level) ** (state === "product" ? 2 : 1);
  return compressed(await partsObject(parts, parameters.primesAt(level), scaleFactor), compression);
}

/**
 * A ciphertext from the bytes of SEAL's `Ciphertext`, for the ring of parameters that SEAL had (`readParameters`).
 *
 * It holds N/2 values: slot j holds what SEAL has at the index that `toSealOrder` puts it to, the complex conjugate at every
 * other one (see there). At its level's scale, or the square of that, it is the same ciphertext. With any other scale s it
 * is multiplied by round(Δ·q/s) and goes down one level (as many as it takes for a factor of 2^24: an error below 2^−25 of
 * the values), where `headroomAt` says what its slots may hold.
 *
 * @param fingerprint of the key that it is for, which its bytes do not say: `KeyHolder.fingerprint`
 * @throws FormatError for damaged bytes, for other parameters, and for zstd; ParameterError for a foreign scale at a level
 *   below which there is none: `decryptCiphertext` reads it.
 */
export function readCiphertext(bytes: Uint8Array, ring: Ring, fingerprint: string): Ciphertext {
  requireFingerprint(fingerprint);
  const { level, scale: found, parts } = readParts(bytes, ring);
  const { parameters } = ring;
  const slots = parameters.slots;
  const states: [ScaleState, number][] = [
    ["canonical", parameters.scaleAt(level)],
    ["product", parameters.scaleAt(level) ** 2],
  ];
  const own = states.find(([, expected]) => sameScale(found, expected));
  if (own) return new Ciphertext(parts, { level, state: own[0], slots, fingerprint });
  try {
    const { target, factor } = wayDown(parameters, level, found, parts.length);
    const scaled = parts.map((part) => scale(part, (p) => residue(factor, p)));
    try {
      const dropped = parameters.levels.slice(target + 1, level + 1).flat();
      return new Ciphertext(drop(scaled, dropped), { level: target, state: "canonical", slots, fingerprint });
    } finally {
      for (const part of scaled) part[Symbol.dispose]();
    }
  } finally {
    for (const part of parts) part[Symbol.dispose]();
  }
}

/**
 * The slot values of SEAL's `Ciphertext`, whatever its scale, in our order: `toSealOrder` gives SEAL's.
 * @throws FormatError as `readCiphertext` does
 */
export async function decryptCiphertext(bytes: Uint8Array, secret: SecretKey): Promise<ComplexVector> {
  requireInstance(secret, SecretKey, "secret", "a secret key");
  const { ring, fingerprint } = secret;
  const { level, scale: found, parts } = readParts(bytes, ring);
  using ciphertext = new Ciphertext(parts, { level, state: "canonical", slots: ring.parameters.slots, fingerprint });
  const values = await new Decryptor(secret).decrypt(ciphertext);
  const unit = ring.parameters.scaleAt(level) / found;
  for (const part of [values.real, values.imaginary]) for (let i = 0; i < part.length; i++) part[i] *= unit;
  return values;
}

function readParts(bytes: Uint8Array, ring: Ring): SealParts & { readonly level: number } {
  requireIsRing(ring);
  const { parameters, logN } = ring;
  requireSealParameters(parameters);
  const what = "SEAL's ciphertext";
  const most = contentBytes(logN, parameters.primesAt(parameters.maxLevel).length, 3) + SEED_BYTES;
  let level = 0;
  const { parts, scale: found } = readObject(bytes, what, most, (reader) =>
    takeParts(reader, ring, (name) => {
      level = levelOf(parameters, name, what);
      return parameters.primesAt(level);
    }),
  );
  if (parts.length === 2) return { parts, scale: found, level };
  // Ours carry a power of 2^32 until they are relinearised.
  const scaled = parts.map((part) => scale(part, () => 1, part.primes, VALUES.power + PRODUCT_POWER));
  for (const part of parts) part[Symbol.dispose]();
  return { parts: scaled, scale: found, level };
}
