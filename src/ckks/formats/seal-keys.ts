import { SEND_AGAIN } from "../../bytes/reader.js";
import { FormatError } from "../../errors.js";
import { requireInstance } from "../copies.js";
import { PublicKey } from "../keys/public-key.js";
import { SecretKey } from "../keys/secret.js";
import { allOrNothing } from "../limbs.js";
import { type RnsPolynomial, toCoefficients, toOperand } from "../polynomial.js";
import { type Ring, requireIsRing } from "../ring.js";
import {
  contentBytes,
  NO_SCALE,
  partsObject,
  requireFingerprint,
  requireNoScale,
  takeParts,
} from "./seal-ciphertext.js";
import { compressed, readObject, type SealCompression } from "./seal-header.js";
import { keyPrimes, keyPrimesOf, requireSealParameters } from "./seal-parameters.js";
import { plaintextBytes, plaintextObject, takePlaintext } from "./seal-plaintext.js";
import { SEED_BYTES } from "./seal-seed.js";

/**
 * The bytes of SEAL's `SecretKey`, a plaintext over all primes (native/src/seal/secretkey.h): 88 bytes and 8 for each residue.
 * UNPROTECTED: whoever has them decrypts everything. Overwrite them when they are stored; they are never compressed, since
 * that leaves copies.
 * @throws ParameterError for parameters that SEAL does not take
 */
export function writeUnprotectedSecretKey(secret: SecretKey): Promise<Uint8Array<ArrayBuffer>> {
  requireInstance(secret, SecretKey, "secret", "a secret key");
  const { parameters } = secret.ring;
  requireSealParameters(parameters);
  return plaintextObject(secret.polynomial, keyPrimes(parameters), NO_SCALE);
}

/**
 * A secret key from the bytes of SEAL's `SecretKey`; `KeyHolder.from` takes it. Every coefficient is looked at: it must be
 * −1, 0 or 1 modulo all primes. The caller overwrites the bytes; what zlib's reader keeps is the garbage collector's.
 * @throws FormatError for damaged bytes, for other parameters, for zstd, and for a polynomial that is no secret key
 */
export async function readSecretKey(bytes: Uint8Array, ring: Ring): Promise<SecretKey> {
  requireIsRing(ring);
  const { parameters, logN } = ring;
  requireSealParameters(parameters);
  const what = "SEAL's secret key";
  const most = plaintextBytes(logN, keyPrimes(parameters).length);
  const { polynomial, scale } = readObject(bytes, what, most, (reader) =>
    takePlaintext(reader, ring, (name) => keyPrimesOf(parameters, name, what), true),
  );
  using plain = polynomial;
  requireNoScale(scale, what);
  await requireTernary(plain, what);
  return await SecretKey.from(toOperand(plain));
}

async function requireTernary(secret: RnsPolynomial, what: string): Promise<void> {
  const { ring, primes } = secret;
  using coefficients = toCoefficients(secret);
  const residues = await ring.device.read(ring.logN, coefficients.limbs);
  try {
    const [first] = residues;
    let different = 0;
    residues.forEach((limb, k) => {
      const prime = primes[k];
      for (let i = 0; i < limb.length; i++) {
        const expected = first[i] === primes[0] - 1 ? prime - 1 : first[i];
        if (limb[i] !== expected || (first[i] > 1 && first[i] !== primes[0] - 1)) different++;
      }
    });
    if (different === 0) return;
    const fix = "take the file that SecretKey::save wrote: SEAL's secret keys have coefficients −1, 0 and 1";
    throw new FormatError(`${what} is damaged: it is no ternary polynomial`, fix);
  } finally {
    for (const limb of residues) limb.fill(0);
  }
}

/**
 * The bytes of SEAL's `PublicKey`, a ciphertext over all primes (native/src/seal/publickey.h): 105 bytes and 16 for each
 * prime and coefficient.
 * @throws ParameterError for parameters that SEAL does not take
 */
export async function writePublicKey(
  key: PublicKey,
  compression: SealCompression = "none",
): Promise<Uint8Array<ArrayBuffer>> {
  requireInstance(key, PublicKey, "key", "a public key");
  const { parameters } = key.ring;
  requireSealParameters(parameters);
  return compressed(await partsObject([key.b, key.a], keyPrimes(parameters), NO_SCALE), compression);
}

/**
 * A public key from the bytes of SEAL's `PublicKey`, in full or with a seed.
 * @param fingerprint of the secret key that it belongs to, which its bytes do not say
 * @throws FormatError for damaged bytes, for other parameters, and for zstd
 */
export function readPublicKey(bytes: Uint8Array, ring: Ring, fingerprint: string): PublicKey {
  requireIsRing(ring);
  requireFingerprint(fingerprint);
  const { parameters, logN } = ring;
  requireSealParameters(parameters);
  const what = "SEAL's public key";
  const most = contentBytes(logN, keyPrimes(parameters).length, 2) + SEED_BYTES;
  const { parts, scale } = readObject(bytes, what, most, (reader) =>
    takeParts(reader, ring, (name) => keyPrimesOf(parameters, name, what)),
  );
  try {
    requireNoScale(scale, what);
    if (parts.length !== 2) throw new FormatError(`${what} has three parts`, SEND_AGAIN);
    return allOrNothing((keep) => {
      const [b, a] = parts.map((part) => keep(toOperand(part)));
      return PublicKey.labelled(b, a, fingerprint);
    });
  } finally {
    for (const part of parts) part[Symbol.dispose]();
  }
}
