import { ByteWriter } from "../../bytes/writer.js";
import { FormatError, ParameterError } from "../../errors.js";
import { choosePrimes, primePool } from "../../ntt/primes.js";
import { kindOf } from "../copies.js";
import { Parameters } from "../parameters.js";
import { logProduct } from "../primelist.js";
import { maxLogQP } from "../security.js";
import { blake2b } from "./blake2b.js";
import { compressed, HEADER_BYTES, putHeader, readObject, type SealCompression, takeHeader } from "./seal-header.js";

/** `scheme_type::ckks` of native/src/seal/encryptionparams.h. */
const CKKS = 2;
/** node-seal's largest ring, and the end of SEAL's table of security. */
const MAX_LOG_N = 15;
/** SEAL takes no more (`SEAL_COEFF_MOD_COUNT_MAX`); N = 2^15 holds 29 of ours. */
const MOST_PRIMES = 64;
const WORD_BYTES = 8;
/** A modulus is an object of its own. */
const MODULUS_BYTES = HEADER_BYTES + WORD_BYTES;

/** What SEAL's file of parameters does not say: where our levels begin, and their scale. */
export interface SealChain {
  /** Primes of level 0; default 2, so that results there may be as large as 2^27. SEAL goes on below, to one prime; we do not. */
  readonly basePrimes?: 1 | 2 | 3;
  /** log2 of the scale at level 0; default 30, or 24 with one base prime. */
  readonly baseScaleBits?: number;
  /** 128 bits, unless "none" is written: then more is only reported. */
  readonly security?: 128 | "none";
}

export interface SealParameterRequest extends SealChain {
  /** Products in a row. */
  readonly depth: number;
  /** log2 of the degree, 12 to 15; default the smallest that keeps 128 bits. */
  readonly logN?: number;
}

/**
 * Parameters that SEAL takes, too: one special prime, the largest of all; every level above the base has one prime of 30
 * bits, every digit one prime. SEAL's table (`tc128`) is ours up to N = 2^15, so that 128 bits here are 128 bits there:
 * depths of 0, 4, 11 and 26 at N = 2^12, 2^13, 2^14 and 2^15 with the base of two primes.
 *
 * Whoever encodes with SEAL takes `parameters.scaleAt(level)` for its scale, and products then meet our levels' scales.
 * @throws ParameterError for a depth that N = 2^15 does not hold; SecurityError for one that `logN` does not.
 */
export function chooseParameters(request: SealParameterRequest): Parameters {
  if (typeof request !== "object" || request === null) {
    throw new TypeError(`request: { depth, … } was expected, not ${kindOf(request)}`);
  }
  const { depth, basePrimes = 2 } = request;
  if (!Number.isInteger(depth) || depth < 0) throw new RangeError(`depth ${depth} is not a whole number from 0 on`);
  if (![1, 2, 3].includes(basePrimes)) throw new RangeError(`basePrimes ${basePrimes} is not 1, 2 or 3`);
  const most = `SEAL's table ends at N = 2^${MAX_LOG_N}: take a depth of ${28 - basePrimes} or less`;
  if (basePrimes + depth >= MOST_PRIMES) throw new ParameterError(`depth ${depth} is too much for SEAL`, most);
  const [special] = choosePrimes(1, 30);
  // A base of several primes is of smaller ones: it stands for range, not for a scale.
  const base = choosePrimes(basePrimes, basePrimes === 1 ? 30 : 29, [special]);
  const primes = [...base, ...choosePrimes(depth, 30, [special, ...base])];
  const logQP = logProduct([...primes, special]);
  const logN = request.logN ?? [12, 13, 14, 15].find((logN) => logQP < maxLogQP(logN));
  if (logN === undefined) throw new ParameterError(`N = 2^${MAX_LOG_N} does not hold depth ${depth} at 128 bits`, most);
  const parameters = chain(logN, primes, special, { ...request, basePrimes });
  requireSealParameters(parameters);
  return parameters;
}

function chain(logN: number, primes: readonly number[], special: number, options: SealChain): Parameters {
  const { basePrimes = Math.min(2, primes.length), security } = options;
  const { baseScaleBits = basePrimes === 1 ? 24 : 30 } = options;
  const levels = [primes.slice(0, basePrimes), ...primes.slice(basePrimes).map((prime) => [prime])];
  return Parameters.of({ logN, levels, special: [special], digitPrimes: 1, baseScaleBits, security });
}

/** @throws ParameterError for parameters that SEAL does not take: they have several special primes, or a larger ring. */
export function requireSealParameters(parameters: Parameters): void {
  const { logN, special } = parameters;
  if (special.length === 1 && logN <= MAX_LOG_N) return;
  const what =
    special.length > 1 ? `${special.length} special primes; SEAL has one` : `N = 2^${logN}; SEAL ends at 2^15`;
  throw new ParameterError(`these parameters have ${what}`, "make them with seal.chooseParameters({ depth })");
}

/** Every prime in SEAL's order: Q from the base on, the special one last. */
export function keyPrimes(parameters: Parameters): readonly number[] {
  return [...parameters.primesAt(parameters.maxLevel), ...parameters.special];
}

/**
 * The name that SEAL gives to parameters with these primes, 32 bytes: BLAKE2b of the words [scheme, N, primes…, plain
 * modulus] (`EncryptionParameters::compute_parms_id`). Every object carries the name of its own level's primes.
 */
export function parmsId(logN: number, primes: readonly number[]): Uint8Array {
  const writer = new ByteWriter().u64(CKKS).u64(2 ** logN);
  for (const prime of primes) writer.u64(prime);
  return blake2b(writer.u64(0).finish(), 32);
}

/**
 * The bytes of SEAL's `EncryptionParameters` (`save_members` in native/src/seal/encryptionparams.cpp): scheme, N, primes and
 * plain modulus, 57 bytes and 24 for each prime. Neither scales nor our levels are among them.
 * @throws ParameterError for parameters that SEAL does not take
 */
export function writeParameters(
  parameters: Parameters,
  compression: SealCompression = "none",
): Uint8Array<ArrayBuffer> {
  requireSealParameters(parameters);
  const primes = keyPrimes(parameters);
  const writer = new ByteWriter();
  putHeader(writer, 1 + 2 * WORD_BYTES + MODULUS_BYTES * (primes.length + 1));
  writer
    .u8(CKKS)
    .u64(2 ** parameters.logN)
    .u64(primes.length);
  for (const modulus of [...primes, 0]) putHeader(writer, WORD_BYTES).u64(modulus);
  return compressed(writer.finish(), compression);
}

/**
 * Parameters from the bytes of SEAL's `EncryptionParameters`, the last prime as the special one.
 * @throws FormatError for damaged bytes, another scheme, or primes that are not of the pool (1 modulo 2^17, below 2^30);
 *   ParameterError, SecurityError as Parameters.of does.
 */
export function readParameters(bytes: Uint8Array, options: SealChain = {}): Parameters {
  const what = "SEAL's parameters";
  const most = 1 + 2 * WORD_BYTES + MODULUS_BYTES * (MOST_PRIMES + 1);
  const { degree, moduli } = readObject(bytes, what, most, (reader) => {
    const scheme = reader.u8();
    if (scheme !== CKKS) throw reader.error(`are of scheme ${scheme}; CKKS is ${CKKS}`);
    const [degree, count] = [reader.u64(), reader.u64()];
    if (count > MOST_PRIMES) throw reader.error(`say that they have ${count} primes, where ${MOST_PRIMES} is the most`);
    const moduli = Array.from({ length: count + 1 }, () => {
      if (takeHeader(reader, what) !== WORD_BYTES) throw reader.error("hold a modulus of another length");
      const word = reader.run(WORD_BYTES);
      return new DataView(word.buffer, word.byteOffset).getBigUint64(0, true); // SEAL's usual primes have up to 60 bits
    });
    return { degree, moduli };
  });
  const [plain] = moduli.slice(-1);
  const logN = Math.log2(degree);
  if (!Number.isInteger(logN) || logN < 10 || logN > MAX_LOG_N) {
    throw new FormatError(`${what} have degree ${degree}, which is not read here`, "use 2^12 to 2^15");
  }
  const pool = primePool();
  const other = moduli.slice(0, -1).find((modulus) => !pool.includes(Number(modulus)));
  const primes = moduli.slice(0, -1).map(Number);
  if (primes.length < 2 || other !== undefined || plain !== 0n) {
    const found = other === undefined ? `${primes.length} primes` : `the modulus ${other}`;
    const fix =
      "give SEAL the parameters that seal.chooseParameters makes: primes that are 1 modulo 2^17 and below 2^30";
    throw new FormatError(`${what} have ${found}, which is not read here`, fix);
  }
  return chain(logN, primes.slice(0, -1), primes[primes.length - 1], options);
}

/** The level whose primes have this name. @throws FormatError where none of them has. */
export function levelOf(parameters: Parameters, name: Uint8Array, what: string): number {
  const { logN } = parameters;
  for (let level = parameters.maxLevel; level >= 0; level--) {
    if (isName(name, logN, parameters.primesAt(level))) return level;
  }
  throw otherParameters(name, what, `levels 0 to ${parameters.maxLevel} of ${parameters.describe()}`);
}

/** The primes of keys, if that is whose name it is. @throws FormatError where it is not. */
export function keyPrimesOf(parameters: Parameters, name: Uint8Array, what: string): readonly number[] {
  const primes = keyPrimes(parameters);
  if (isName(name, parameters.logN, primes)) return primes;
  throw otherParameters(name, what, `keys of ${parameters.describe()}`);
}

function isName(name: Uint8Array, logN: number, primes: readonly number[]): boolean {
  const expected = parmsId(logN, primes);
  return expected.every((byte, i) => byte === name[i]);
}

function otherParameters(name: Uint8Array, what: string, expected: string): FormatError {
  const id = Array.from(name.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const fix = "read it with the ring of the parameters that SEAL had: seal.readParameters";
  return new FormatError(`${what} is of other parameters (${id}…) than ${expected}`, fix);
}
