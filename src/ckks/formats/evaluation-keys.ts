import { bytesToHex } from "@noble/hashes/utils.js";
import { FileReader, fileBytes, writeFile } from "../../bytes/blocks.js";
import { ByteReader } from "../../bytes/reader.js";
import type { ByteSource, Room } from "../../bytes/stream.js";
import { ByteWriter } from "../../bytes/writer.js";
import type { Device } from "../../ntt/device.js";
import { inverseModulo } from "../../ntt/modulus.js";
import { OPERAND } from "../form.js";
import type { Gadget } from "../gadgets.js";
import {
  type KeyDigit,
  type KeyName,
  keyName,
  ownPrimesOf,
  PRODUCT_POWER,
  type SwitchingKey,
  streamOf,
} from "../keys/switching-key.js";
import { type OwnPrimes, ownFactor, uniformHalf } from "../keys/uniform.js";
import { allOrNothing, type Keep } from "../limbs.js";
import type { Residency } from "../paging/residency.js";
import { Parameters } from "../parameters.js";
import { packedLimbBytes, type RnsPolynomial } from "../polynomial.js";
import { Ring } from "../ring.js";
import { ANY_FINGERPRINT, fingerprintBytes } from "../storage.js";
import { packedLimbs } from "./limbs.js";
import { putPrimes, requirePrimes } from "./parameters.js";
import { readLimbs } from "./read-limbs.js";

const FINGERPRINT_BYTES = 32;
const SEED_BYTES = 32;
/** What a header has room for. */
const MOST_KEYS = 4096;
/** From which secret to which a key switches: from s² to s, or from s to σ^−1(s), or from s² to that, σ by its Galois element. */
const FROM_SQUARE = 0;
const FROM_AUTOMORPHISM = 1;
const FROM_SQUARE_TO_AUTOMORPHISM = 2;
/** Where a key's uniform halves are: each behind its half b, or from the header's seed, or from one of its own. */
const IN_FULL = 0;
const COMMON_SEED = 1;
const OWN_SEED = 2;

/** What a file says of evaluation keys. */
export interface EvaluationKeysContent {
  readonly ring: Ring;
  readonly fingerprint: string;
  readonly all: readonly SwitchingKey[];
}

/**
 * The header: the parameters' canonical bytes, 32 fingerprint of the key (a label, no proof), 32 seed, 4 keys, and for each
 *
 *     1  0: from s² to s, 1: from s to σ^−1(s), 2: from s² to σ^−1(s)
 *     4  σ by its Galois element, else 0     2  level
 *     1  uniform halves: 0 each behind its half b, 1 from the seed above, 2 from a seed of its own: 32 bytes
 *        primes of its P
 *     2  digits, and the primes of each
 *
 * and then, key by key and digit by digit, the halves, one block a prime of the level and of P. A file of the kind "evaluation
 * key" is the same with one key.
 */
function fieldsOf({ ring, fingerprint, all }: EvaluationKeysContent): Uint8Array<ArrayBuffer> {
  const { parameters } = ring;
  const writer = new ByteWriter().run(parameters.canonicalBytes()).run(fingerprintBytes(fingerprint));
  const common = all.find(({ seed }) => seed)?.seed ?? new Uint8Array(SEED_BYTES);
  writer.run(common).u32(all.length);
  for (const key of all) {
    const { element, level, seed } = key;
    writer
      .u8(fromOf(key))
      .u32(element ?? 0)
      .u16(level);
    if (!seed) writer.u8(IN_FULL);
    else if (equal(seed, common)) writer.u8(COMMON_SEED);
    else writer.u8(OWN_SEED).run(seed);
    putPrimes(writer, parameters.gadgetAt(level).special);
    const digits = ownPrimesOf(key, parameters);
    writer.u16(digits.length);
    for (const { primes } of digits) putPrimes(writer, primes);
  }
  return writer.finish();
}

function fromOf({ element, power }: SwitchingKey): number {
  if (element === undefined) return FROM_SQUARE;
  return power === PRODUCT_POWER ? FROM_SQUARE_TO_AUTOMORPHISM : FROM_AUTOMORPHISM;
}

export function evaluationKeysChunks(
  kind: "evaluation keys" | "evaluation key",
  content: EvaluationKeysContent,
  room?: Room,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  return writeFile(kind, fieldsOf(content), halvesOf(content), room);
}

export function evaluationKeysBytes(content: EvaluationKeysContent): number {
  const { logN } = content.ring;
  const halves = content.all.flatMap((key) => key.digits.flatMap((digit) => writtenHalves(key, digit)));
  return fileBytes(
    fieldsOf({ ...content, fingerprint: ANY_FINGERPRINT }).length,
    halves.flatMap(({ primes }) => primes.map((p) => packedLimbBytes(p, logN))),
  );
}

/**
 * Costs an expansion and two products with numbers for each limb of a half; with a residency nothing of the device.
 * @throws FormatError for anything that is no file of evaluation keys, or of one
 */
export async function readEvaluationKeys(
  source: ByteSource,
  device: Device,
  residency?: Residency,
): Promise<EvaluationKeysContent> {
  using file = await FileReader.open(source, "evaluation keys", "evaluation key");
  const reader = new ByteReader(file.header.fields, "the header of these evaluation keys");
  const ring = Ring.of(device, Parameters.take(reader));
  const fingerprint = bytesToHex(reader.run(FINGERPRINT_BYTES));
  const seed = new Uint8Array(reader.run(SEED_BYTES));
  const count = reader.count(MOST_KEYS);
  if (file.header.kind === "evaluation key" && count !== 1) throw reader.error(`says ${count} keys where one belongs`);
  const listed = Array.from({ length: count }, () => takeKey(reader, ring, seed));
  reader.end();
  const { parameters } = ring;
  const gadgets = new Map<KeyName, Set<Gadget>>();
  for (const key of listed) {
    const known = gadgets.get(keyName(key)) ?? new Set();
    if (known.has(parameters.gadgetAt(key.level))) throw reader.error("names a key twice");
    gadgets.set(keyName(key), known.add(parameters.gadgetAt(key.level)));
  }
  return await allOrNothing(async (keep) => {
    const all: SwitchingKey[] = [];
    for (const key of listed) all.push(await readKey({ file, ring, residency, keep }, key));
    await file.end();
    return { ring, fingerprint, all };
  });
}

/** What a header says of a key. */
type ListedKey = Omit<SwitchingKey, "digits">;

function takeKey(reader: ByteReader, { parameters, logN }: Ring, common: Uint8Array): ListedKey {
  const [from, element, level, uniform] = [reader.u8(), reader.u32(), reader.u16(), reader.u8()];
  if (from > FROM_SQUARE_TO_AUTOMORPHISM) throw reader.error("holds a key from what is not known here");
  const proper = from === FROM_SQUARE ? element === 0 : element % 2 === 1 && element > 1 && element < 2 ** (logN + 1);
  if (!proper) throw reader.error(`holds a key of the Galois element ${element}, which is none`);
  if (level > parameters.maxLevel)
    throw reader.error(`holds a key of level ${level}, which its parameters do not have`);
  if (uniform > OWN_SEED) throw reader.error("holds a key with uniform halves that are not known here");
  const seed = uniform === OWN_SEED ? new Uint8Array(reader.run(SEED_BYTES)) : common;
  requirePrimes(reader, parameters.gadgetAt(level).special);
  const key = {
    element: from === FROM_SQUARE ? undefined : element,
    level,
    power: from === FROM_AUTOMORPHISM ? 0 : PRODUCT_POWER,
    seed: uniform === IN_FULL ? undefined : seed,
  };
  const digits = ownPrimesOf(key, parameters);
  if (reader.u16() !== digits.length) throw reader.error("holds a key of other digits than its parameters");
  for (const { primes } of digits) requirePrimes(reader, primes);
  return key;
}

interface Reading {
  readonly file: FileReader;
  readonly ring: Ring;
  readonly residency: Residency | undefined;
  readonly keep: Keep;
}

async function readKey({ file, ring, residency, keep }: Reading, key: ListedKey): Promise<SwitchingKey> {
  const { element, level, power, seed } = key;
  const { parameters } = ring;
  const all = [...parameters.primesAt(level), ...parameters.gadgetAt(level).special];
  const use = power === PRODUCT_POWER ? ", for products" : "";
  const what = element === undefined ? "the relinearisation key" : `the key of the Galois element ${element}${use}`;
  const half = async (own: OwnPrimes) => {
    const factor = (p: number) => ownFactor(p, own);
    return keep(await readLimbs(file, ring, all, { form: OPERAND, what, factor, ...(residency && { residency }) }));
  };
  const digits: KeyDigit[] = [];
  for (const [digit, own] of ownPrimesOf(key, parameters).entries()) {
    const b = await half(own);
    if (!seed) {
      digits.push({ b, a: await half(own) });
      continue;
    }
    const make = () => uniformHalf(ring, all, { seed, stream: streamOf(key), digit }, own);
    digits.push({ b, a: keep(residency ? residency.generate(ring, all, OPERAND, make) : make()) });
  }
  return { ...key, digits };
}

async function* halvesOf({ ring, all }: EvaluationKeysContent): AsyncGenerator<Uint8Array, void, undefined> {
  for (const key of all) {
    for (const [digit, own] of ownPrimesOf(key, ring.parameters).entries()) {
      for (const half of writtenHalves(key, key.digits[digit])) {
        yield* packedLimbs(half, (p) => inverseModulo(ownFactor(p, own), p));
      }
    }
  }
}

/** Those that a file holds: not one that follows from a seed. */
function writtenHalves({ seed }: SwitchingKey, { b, a }: KeyDigit): RnsPolynomial[] {
  return seed ? [b] : [b, a];
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}
