import { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { MissingKeyError, ParameterError } from "../../errors.js";
import { requireInstance } from "../copies.js";
import { OPERAND, powerOfWord, VALUES } from "../form.js";
import { EvaluationKeys } from "../keys/evaluation-keys.js";
import { inverseElement } from "../keys/galois.js";
import { type KeyDigit, PRODUCT_POWER, type SwitchingKey } from "../keys/switching-key.js";
import { ownFactor } from "../keys/uniform.js";
import { allOrNothing, type Keep } from "../limbs.js";
import { permute, type RnsPolynomial, scale } from "../polynomial.js";
import { type Ring, requireIsRing } from "../ring.js";
import {
  contentBytes,
  NO_SCALE,
  partsObject,
  requireFingerprint,
  requireNoScale,
  takeParts,
} from "./seal-ciphertext.js";
import { compressed, HEADER_BYTES, putHeader, readObject, type SealCompression, takeHeader } from "./seal-header.js";
import { keyPrimes, keyPrimesOf, parmsId, requireSealParameters } from "./seal-parameters.js";

/** A name and a number of indices; each index then says how many public keys it has, one for each prime of Q, or 0. */
const FIELD_BYTES = 32 + 8;

/** The files of one who uses SEAL: either, or both. */
export interface SealEvaluationFiles {
  /** Of SEAL's `RelinKeys`: the key from s², which is the only one that SEAL's key generator makes. */
  readonly relinKeys?: Uint8Array;
  /** Of SEAL's `GaloisKeys`. */
  readonly galoisKeys?: Uint8Array;
}

/**
 * Evaluation keys from the bytes of SEAL's `RelinKeys` and `GaloisKeys` (`save_members` in native/src/seal/kswitchkeys.cpp),
 * in full or with seeds, for all levels. SEAL's rotation by k has the element 3^k: `rotateInSealOrder` takes its key.
 * @param fingerprint of the secret key that they belong to, which their bytes do not say
 * @throws FormatError for damaged bytes, for other parameters, and for zstd
 */
export function readEvaluationKeys(files: SealEvaluationFiles, ring: Ring, fingerprint: string): EvaluationKeys {
  requireIsRing(ring);
  requireFingerprint(fingerprint);
  requireSealParameters(ring.parameters);
  return allOrNothing((keep) => {
    const { relinKeys, galoisKeys } = files;
    const relinearization = relinKeys ? readKeys(relinKeys, ring, RELINEARIZATION, keep) : [];
    const galois = galoisKeys ? readKeys(galoisKeys, ring, GALOIS, keep) : [];
    return new EvaluationKeys(ring, fingerprint, [...relinearization, ...galois]);
  });
}

/** By what the keys of a file are applied to: the product of two ciphertexts, or automorphisms. */
interface Use {
  readonly what: string;
  /** See SwitchingKey. */
  readonly power: number;
  /** The most that there are. */
  readonly indices: (n: number) => number;
  /** The automorphism under which the key is used, if it is. */
  readonly element: (index: number) => number | undefined;
}

const RELINEARIZATION: Use = {
  what: "SEAL's RelinKeys",
  power: PRODUCT_POWER,
  indices: () => 1,
  element: () => undefined,
};
const GALOIS: Use = { what: "SEAL's GaloisKeys", power: 0, indices: (n) => n, element: (index) => 2 * index + 1 };

/** The keys of a file. */
function readKeys(bytes: Uint8Array, ring: Ring, use: Use, keep: Keep): SwitchingKey[] {
  const { what, power } = use;
  const { parameters } = ring;
  const level = parameters.maxLevel;
  const digitPrimes = parameters.primesAt(level);
  const n = 2 ** ring.logN;
  // Residues are uniform, so that deflate finds nothing but the empty halves of their words.
  const most = 4 * bytes.length + 8 * n;
  return readObject(bytes, what, most, (reader) => {
    keyPrimesOf(parameters, reader.run(32), what);
    const indices = reader.u64();
    const bound = use.indices(n);
    if (indices > bound) throw reader.error(`says that it has ${indices} keys, where ${bound} is the most`);
    const keys: SwitchingKey[] = [];
    for (let index = 0; index < indices; index++) {
      const count = reader.u64();
      if (count === 0) continue;
      if (count !== digitPrimes.length)
        throw reader.error(`has a key of ${count} digits where ${digitPrimes.length} belong`);
      const element = use.element(index);
      const digits = digitPrimes.map((prime) => {
        const own = { primes: [prime], power };
        const digit = takeDigit(reader, ring, what);
        try {
          const [b, a] = [digit.b, digit.a].map((part) => keep(toOurs(part, element, (p) => ownFactor(p, own))));
          return { b, a };
        } finally {
          for (const part of [digit.b, digit.a]) part[Symbol.dispose]();
        }
      });
      keys.push({ element, level, power, digits, seed: undefined });
    }
    return keys;
  });
}

function takeDigit(reader: ByteReader, ring: Ring, what: string): KeyDigit {
  const { parameters } = ring;
  const content = new ByteReader(reader.run(takeHeader(reader, what)), what);
  const { parts, scale } = takeParts(content, ring, (id) => keyPrimesOf(parameters, id, what));
  return allOrNothing((keep) => {
    for (const part of parts) keep(part);
    requireNoScale(scale, what);
    if (parts.length !== 2) throw content.error("has a digit of three parts");
    return { b: parts[0], a: parts[1] };
  });
}

/** An operand, inverse-rotated: SEAL's key switches from σ(s) to s, ours from s to σ^−1(s). */
function toOurs(part: RnsPolynomial, element: number | undefined, factor: (p: number) => number): RnsPolynomial {
  if (element === undefined || element === 1) return scale(part, factor, part.primes, OPERAND.power);
  using rotated = permute(part, inverseElement(element, part.ring.logN));
  return scale(rotated, factor, part.primes, OPERAND.power);
}

/**
 * The bytes of SEAL's `RelinKeys`: 16 for each prime of Q, of QP, and coefficient (5.5 MB at N = 2^13 with 6 primes in Q).
 * @throws MissingKeyError without a relinearisation key; ParameterError for one of a lower level, and for parameters that
 *   SEAL does not take
 */
export async function writeRelinKeys(
  keys: EvaluationKeys,
  compression: SealCompression = "none",
): Promise<Uint8Array<ArrayBuffer>> {
  requireInstance(keys, EvaluationKeys, "keys", "what KeyHolder.evaluationKeys gives");
  const { relinearization } = keys;
  if (!relinearization) {
    throw new MissingKeyError("there is no relinearisation key to write", "make one: evaluationKeys() does by default");
  }
  return compressed(await keysObject(keys.ring, [relinearization], RELINEARIZATION), compression);
}

/**
 * The bytes of SEAL's `GaloisKeys`, each key as in `writeRelinKeys`. SEAL's rotation by an even k is one of ours; for an odd k
 * it takes the element `rotationOf(k).galois`: `evaluationKeys({ elements })`.
 * @throws MissingKeyError without any; ParameterError as above
 */
export async function writeGaloisKeys(
  keys: EvaluationKeys,
  compression: SealCompression = "none",
): Promise<Uint8Array<ArrayBuffer>> {
  requireInstance(keys, EvaluationKeys, "keys", "what KeyHolder.evaluationKeys gives");
  const { galois, ring } = keys;
  if (galois.size === 0) throw new MissingKeyError("there is no rotation key to write", "name rotations or elements");
  const byIndex = Array.from({ length: 2 ** ring.logN }, (_, index) => galois.get(GALOIS.element(index)!));
  return compressed(await keysObject(ring, byIndex, GALOIS), compression);
}

async function keysObject(
  ring: Ring,
  keys: readonly (SwitchingKey | undefined)[],
  use: Use,
): Promise<Uint8Array<ArrayBuffer>> {
  const { parameters, logN } = ring;
  requireSealParameters(parameters);
  const primes = keyPrimes(parameters);
  const low = keys.find((key) => key && key.level < parameters.maxLevel);
  if (low) {
    const fix = "make it without a level: SEAL's keys are for all levels";
    throw new ParameterError(`a key reaches level ${low.level} of ${parameters.maxLevel}`, fix);
  }
  const digitBytes = HEADER_BYTES + contentBytes(logN, primes.length, 2);
  const digits = keys.reduce((sum, key) => sum + (key?.digits.length ?? 0), 0);
  const bytes = FIELD_BYTES + 8 * keys.length + digits * digitBytes;
  const object = new Uint8Array(HEADER_BYTES + bytes);
  const fields = putHeader(new ByteWriter(), bytes).run(parmsId(logN, primes)).u64(keys.length);
  object.set(fields.finish());
  let at = fields.length;
  for (const [index, key] of keys.entries()) {
    object.set(new ByteWriter().u64(key?.digits.length ?? 0).finish(), at);
    at += 8;
    for (const [d, { b, a }] of (key?.digits ?? []).entries()) {
      const own = { prime: parameters.primesAt(parameters.maxLevel)[d], power: key!.power };
      using theirB = toTheirs(b, use.element(index), own);
      using theirA = toTheirs(a, use.element(index), own);
      object.set(await partsObject([theirB, theirA], primes, NO_SCALE), at);
      at += digitBytes;
    }
  }
  return object;
}

function toTheirs(
  part: RnsPolynomial,
  element: number | undefined,
  own: { prime: number; power: number },
): RnsPolynomial {
  const factor = (p: number) => (p === own.prime ? powerOfWord(own.power, p) : 1);
  if (element === undefined || element === 1) return scale(part, factor, part.primes, VALUES.power);
  using rotated = permute(part, element);
  return scale(rotated, factor, part.primes, VALUES.power);
}
