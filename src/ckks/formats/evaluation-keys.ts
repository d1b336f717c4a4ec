import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { FileReader, fileBytes, writeFile } from "../../bytes/blocks.js";
import { ByteReader } from "../../bytes/reader.js";
import type { ByteSource } from "../../bytes/stream.js";
import { ByteWriter } from "../../bytes/writer.js";
import type { Device } from "../../ntt/device.js";
import { inverseModulo } from "../../ntt/modulus.js";
import { OPERAND } from "../form.js";
import { type KeyDigit, PRODUCT_POWER, type SwitchingKey } from "../keys/switching-key.js";
import { type OwnPrimes, ownFactor, uniformHalf } from "../keys/uniform.js";
import { allOrNothing, type Keep } from "../limbs.js";
import { Parameters } from "../parameters.js";
import { packedLimbBytes } from "../polynomial.js";
import { chunks } from "../primelist.js";
import { Ring } from "../ring.js";
import { RELINEARIZATION_STREAM } from "../sampling.js";
import { packedLimbs } from "./limbs.js";
import { putPrimes, requirePrimes } from "./parameters.js";
import { readLimbs } from "./read-limbs.js";

const FINGERPRINT_BYTES = 32;
const SEED_BYTES = 32;
/** What a header has room for. */
const MOST_KEYS = 4096;
/** From which secret to which a key switches: from s² to s, or from s to σ^−1(s), σ by its Galois element. */
const FROM_SQUARE = 0;
const FROM_AUTOMORPHISM = 1;
/** Where the uniform halves are: from the seed. 0 is kept for keys that have none, whose halves would follow in full. */
const SEEDED = 1;

/** What a file says of evaluation keys. */
export interface EvaluationKeysContent {
  readonly ring: Ring;
  readonly fingerprint: string;
  readonly relinearization: SwitchingKey | undefined;
  readonly galois: ReadonlyMap<number, SwitchingKey>;
  readonly seed: Uint8Array;
}

/**
 * The header: the parameters' canonical bytes, 32 fingerprint of the key (a label, no proof), 32 seed, 4 keys, and for each
 *
 *     1  0: from s² to s, 1: from s to σ^−1(s)     4  σ by its Galois element, else 0     2  level     1  uniform halves: 1 from the seed
 *        primes of its P
 *     2  digits, and the primes of each
 *
 * and then, key by key and digit by digit, the halves b, one block a prime of the level and of P.
 */
function fieldsOf(content: EvaluationKeysContent): Uint8Array<ArrayBuffer> {
  const { parameters } = content.ring;
  const writer = new ByteWriter().run(parameters.canonicalBytes()).run(hexToBytes(content.fingerprint));
  const keys = entries(content);
  writer.run(content.seed).u32(keys.length);
  for (const [element, { level }] of keys) {
    writer.u8(element === undefined ? FROM_SQUARE : FROM_AUTOMORPHISM).u32(element ?? 0);
    writer.u16(level).u8(SEEDED);
    putPrimes(writer, parameters.special);
    const digits = digitsAt(parameters, level);
    writer.u16(digits.length);
    for (const primes of digits) putPrimes(writer, primes);
  }
  return writer.finish();
}

export function evaluationKeysChunks(
  content: EvaluationKeysContent,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  return writeFile("evaluation keys", fieldsOf(content), halvesOf(content));
}

export function evaluationKeysBytes(content: EvaluationKeysContent): number {
  const { logN } = content.ring;
  const halves = entries(content).flatMap(([, { digits }]) => digits.map(({ b }) => b.primes));
  return fileBytes(
    fieldsOf(content).length,
    halves.flatMap((primes) => primes.map((p) => packedLimbBytes(p, logN))),
  );
}

/**
 * Costs an expansion and two products with numbers for each limb of a half.
 * @throws FormatError for anything that is no file of evaluation keys
 */
export async function readEvaluationKeys(source: ByteSource, device: Device): Promise<EvaluationKeysContent> {
  const file = await FileReader.open(source, "evaluation keys");
  const reader = new ByteReader(file.header.fields, "the header of these evaluation keys");
  const ring = Ring.of(device, Parameters.take(reader));
  const fingerprint = bytesToHex(reader.run(FINGERPRINT_BYTES));
  const seed = new Uint8Array(reader.run(SEED_BYTES));
  const listed = Array.from({ length: reader.count(MOST_KEYS) }, () => takeKey(reader, ring));
  reader.end();
  const elements = listed.map(({ element }) => element);
  if (new Set(elements).size !== elements.length) throw reader.error("names a key twice");
  return allOrNothing(async (keep) => {
    const galois = new Map<number, SwitchingKey>();
    let relinearization: SwitchingKey | undefined;
    for (const { element, level } of listed) {
      const key = await readKey({ file, ring, seed, keep }, element, level);
      if (element === undefined) relinearization = key;
      else galois.set(element, key);
    }
    await file.end();
    return { ring, fingerprint, relinearization, galois, seed };
  });
}

function takeKey(reader: ByteReader, { parameters, logN }: Ring): { element: number | undefined; level: number } {
  const [from, element, level, uniform] = [reader.u8(), reader.u32(), reader.u16(), reader.u8()];
  if (from !== FROM_SQUARE && from !== FROM_AUTOMORPHISM) throw reader.error("holds a key from what is not known here");
  const proper = from === FROM_SQUARE ? element === 0 : element % 2 === 1 && element > 1 && element < 2 ** (logN + 1);
  if (!proper) throw reader.error(`holds a key of the Galois element ${element}, which is none`);
  if (level > parameters.maxLevel)
    throw reader.error(`holds a key of level ${level}, which its parameters do not have`);
  if (uniform !== SEEDED) throw reader.error("holds a key without a seed, which this version does not read");
  requirePrimes(reader, parameters.special);
  const digits = digitsAt(parameters, level);
  if (reader.u16() !== digits.length) throw reader.error("holds a key of other digits than its parameters");
  for (const primes of digits) requirePrimes(reader, primes);
  return { element: from === FROM_SQUARE ? undefined : element, level };
}

interface Reading {
  readonly file: FileReader;
  readonly ring: Ring;
  readonly seed: Uint8Array;
  readonly keep: Keep;
}

async function readKey(
  { file, ring, seed, keep }: Reading,
  element: number | undefined,
  level: number,
): Promise<SwitchingKey> {
  const { parameters } = ring;
  const all = [...parameters.primesAt(level), ...parameters.special];
  const power = element === undefined ? PRODUCT_POWER : 0;
  const stream = element ?? RELINEARIZATION_STREAM;
  const what = element === undefined ? "the relinearisation key" : `the key of the Galois element ${element}`;
  const digits: KeyDigit[] = [];
  for (const [digit, primes] of digitsAt(parameters, level).entries()) {
    const own: OwnPrimes = { primes, power };
    const b = keep(await readLimbs(file, ring, all, { form: OPERAND, what, factor: (p) => ownFactor(p, own) }));
    digits.push({ b, a: keep(uniformHalf(ring, all, { seed, stream, digit }, own)) });
  }
  return { level, power, digits };
}

async function* halvesOf(content: EvaluationKeysContent): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [, { level, power, digits }] of entries(content)) {
    for (const [digit, primes] of digitsAt(content.ring.parameters, level).entries()) {
      yield* packedLimbs(digits[digit].b, (p) => inverseModulo(ownFactor(p, { primes, power }), p));
    }
  }
}

/** By Galois element; the relinearisation key has none, and comes first. */
function entries({ relinearization, galois }: EvaluationKeysContent): [element: number | undefined, SwitchingKey][] {
  return [...(relinearization ? [[undefined, relinearization] as [undefined, SwitchingKey]] : []), ...galois];
}

function digitsAt(parameters: Parameters, level: number): number[][] {
  return chunks(parameters.primesAt(level), parameters.digitPrimes);
}
