import { bytesToHex } from "@noble/hashes/utils.js";
import { FileReader, fileBytes, writeFile } from "../../bytes/blocks.js";
import { ByteReader } from "../../bytes/reader.js";
import type { ByteSource } from "../../bytes/stream.js";
import { ByteWriter } from "../../bytes/writer.js";
import { ParameterError } from "../../errors.js";
import { type Form, PRODUCT, VALUES } from "../form.js";
import { allOrNothing, type Keep } from "../limbs.js";
import type { Residency } from "../paging/residency.js";
import { packedLimbBytes, type RnsPolynomial } from "../polynomial.js";
import type { Ring } from "../ring.js";
import { CIPHERTEXT_STREAM, expandUniform } from "../sampling.js";
import { isPowerOfTwo } from "../slots.js";
import { ANY_FINGERPRINT, fingerprintBytes } from "../storage.js";
import { packedLimbs } from "./limbs.js";
import { putPrimes, requirePrimes, requireScale } from "./parameters.js";
import { readLimbs } from "./read-limbs.js";

const STATES = ["canonical", "product"] as const;
const DIGEST_BYTES = 32;
const SEED_BYTES = 32;
/** Of the fields of one object inside of a larger file: those above, and a number for each prime. */
export const MOST_FIELDS = 2 ** 14;

/** What a file says of a ciphertext. */
export interface CiphertextContent {
  readonly level: number;
  readonly state: (typeof STATES)[number];
  readonly slots: number;
  readonly fingerprint: string;
  readonly seed?: Uint8Array;
  readonly parts: readonly RnsPolynomial[];
}

/**
 * A ciphertext's header:
 *
 *     32 SHA-256 of the parameters' canonical bytes     32 fingerprint of the key: a label, no proof
 *     2  level      1  state, 0 canonical, 1 product     4  slots      8  scale, a double
 *     1  parts, 2 or 3                                   1  0: all parts follow, 1: the last is a seed's expansion, and 32: its seed
 *        primes
 *
 * and then the parts, one block a prime.
 */
function fieldsOf(content: CiphertextContent): Uint8Array<ArrayBuffer> {
  const { level, state, slots, fingerprint, seed, parts } = content;
  const { parameters } = parts[0].ring;
  const writer = new ByteWriter().run(parameters.digest()).run(fingerprintBytes(fingerprint));
  writer
    .u16(level)
    .u8(STATES.indexOf(state))
    .u32(slots)
    .f64(scaleOf(parts[0].ring, level, state))
    .u8(parts.length);
  writer.u8(seed ? 1 : 0).run(seed ?? new Uint8Array());
  putPrimes(writer, parts[0].primes);
  return writer.finish();
}

/** The file in chunks, one limb at a time. */
export function ciphertextChunks(content: CiphertextContent): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  return writeFile("ciphertext", fieldsOf(content), limbsOf(written(content)));
}

/** The same inside of a larger file: its fields as a block, and then its limbs. */
export async function* ciphertextBlocks(content: CiphertextContent): AsyncGenerator<Uint8Array, void, undefined> {
  yield fieldsOf(content);
  yield* limbsOf(written(content));
}

/** Lengths of those blocks. */
export function ciphertextBlockBytes(content: CiphertextContent): number[] {
  const limbs = written(content).flatMap(({ primes, ring }) => primes.map((p) => packedLimbBytes(p, ring.logN)));
  return [fieldsOf({ ...content, fingerprint: ANY_FINGERPRINT }).length, ...limbs];
}

/** Bytes of that file. */
export function ciphertextBytes(content: CiphertextContent): number {
  const [fieldBytes, ...limbs] = ciphertextBlockBytes(content);
  return fileBytes(fieldBytes, limbs);
}

/**
 * @param residency where its parts are to live, if not in the device's memory
 * @throws FormatError for anything that is no ciphertext; ParameterError for one of other parameters than the ring's
 */
export async function readCiphertext(
  source: ByteSource,
  ring: Ring,
  residency?: Residency,
): Promise<CiphertextContent> {
  using file = await FileReader.open(source, "ciphertext");
  const listed = takeFields(new ByteReader(file.header.fields, "the header of this ciphertext"), ring);
  return await allOrNothing(async (keep) => {
    const content = await readListed(file, ring, listed, { keep, residency });
    await file.end();
    return content;
  });
}

/** For what is inside of a larger file. */
export interface TakeOptions<Listed> {
  readonly what: string;
  readonly keep: Keep;
  readonly residency?: Residency | undefined;
  /** Looks at what is announced, before a limb of it is read. */
  readonly accept: (listed: Listed) => void;
}

/** What `ciphertextBlocks` wrote. @throws FormatError, ParameterError as `readCiphertext`; what `accept` throws */
export async function takeCiphertext(
  file: FileReader,
  ring: Ring,
  { what, accept, ...options }: TakeOptions<ListedCiphertext>,
): Promise<CiphertextContent> {
  const fields = await file.next(what, { most: MOST_FIELDS });
  const listed = takeFields(new ByteReader(fields, `the head of ${what}`), ring);
  accept(listed);
  return await readListed(file, ring, listed, options);
}

/** What the fields say. */
export interface ListedCiphertext extends Omit<CiphertextContent, "parts"> {
  readonly count: number;
}

function takeFields(reader: ByteReader, ring: Ring): ListedCiphertext {
  requireDigest(reader, ring, "the ciphertext");
  const fingerprint = bytesToHex(reader.run(DIGEST_BYTES));
  const level = takeLevel(reader, ring);
  const state = STATES[reader.u8()];
  if (!state) throw reader.error("says no state that there is");
  const slots = takeSlots(reader, ring);
  requireScale(reader, scaleOf(ring, level, state));
  const count = reader.u8();
  const seeded = reader.u8();
  // Three parts are what a product leaves before it is relinearised, a seed what the secret key's holder encrypted.
  const possible = count === 2 ? seeded === 0 || (seeded === 1 && state === "canonical") : count === 3 && seeded === 0;
  if (!possible || (count === 3 && state !== "product"))
    throw reader.error(`says ${count} parts, which it cannot have`);
  const seed = seeded ? new Uint8Array(reader.run(SEED_BYTES)) : undefined;
  requirePrimes(reader, ring.parameters.primesAt(level));
  reader.end();
  return { level, state, slots, fingerprint, count, ...(seed && { seed }) };
}

async function readListed(
  file: FileReader,
  ring: Ring,
  { count, ...listed }: ListedCiphertext,
  { keep, residency }: { readonly keep: Keep; readonly residency?: Residency | undefined },
): Promise<CiphertextContent> {
  const { level, seed } = listed;
  const primes = ring.parameters.primesAt(level);
  const read = { file, ring, primes, form: count === 3 ? PRODUCT : VALUES, residency };
  const parts = await readParts(read, seed ? count - 1 : count, keep);
  if (!seed) return { ...listed, parts };
  const expand = () => expandUniform(ring, primes, seed, CIPHERTEXT_STREAM, 0);
  return {
    ...listed,
    parts: [...parts, keep(residency ? residency.generate(ring, primes, VALUES, expand) : expand())],
  };
}

interface Reading {
  /** See ReadLimbsOptions. */
  readonly message?: boolean;
  readonly file: FileReader;
  readonly ring: Ring;
  readonly primes: readonly number[];
  readonly form: Form;
  readonly residency?: Residency | undefined;
}

/** Polynomials of a file, each kept. */
export async function readParts({ file, ring, primes, ...options }: Reading, count: number, keep: Keep) {
  const parts: RnsPolynomial[] = [];
  for (let i = 0; i < count; i++)
    parts.push(keep(await readLimbs(file, ring, primes, { ...options, what: `part ${i}` })));
  return parts;
}

export function requireDigest(reader: ByteReader, ring: Ring, what: string): void {
  const digest = bytesToHex(reader.run(DIGEST_BYTES));
  if (digest === bytesToHex(ring.parameters.digest())) return;
  throw new ParameterError(`${what} was made with other parameters`, "read it with the ring that it was made with");
}

export function takeLevel(reader: ByteReader, ring: Ring): number {
  const level = reader.u16();
  if (level > ring.parameters.maxLevel) throw reader.error(`says level ${level}, which its parameters do not have`);
  return level;
}

export function takeSlots(reader: ByteReader, ring: Ring): number {
  const slots = reader.u32();
  if (!(isPowerOfTwo(slots) && slots <= ring.parameters.slots)) throw reader.error(`says ${slots} slots`);
  return slots;
}

function scaleOf({ parameters }: Ring, level: number, state: (typeof STATES)[number]): number {
  return parameters.scaleAt(level) ** (state === "product" ? 2 : 1);
}

/** The parts that a file holds: not the one that follows from a seed. */
function written({ parts, seed }: CiphertextContent): readonly RnsPolynomial[] {
  return seed ? parts.slice(0, -1) : parts;
}

async function* limbsOf(parts: readonly RnsPolynomial[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const part of parts) yield* packedLimbs(part);
}
