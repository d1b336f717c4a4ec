import { FileReader, fileBytes, writeFile } from "../../bytes/blocks.js";
import { ByteReader } from "../../bytes/reader.js";
import type { ByteSource } from "../../bytes/stream.js";
import { ByteWriter } from "../../bytes/writer.js";
import { OPERAND } from "../form.js";
import { allOrNothing, type Keep } from "../limbs.js";
import type { Residency } from "../paging/residency.js";
import { packedLimbBytes, type RnsPolynomial } from "../polynomial.js";
import type { Ring } from "../ring.js";
import { MOST_FIELDS, readParts, requireDigest, type TakeOptions, takeLevel, takeSlots } from "./ciphertext.js";
import { packedLimbs } from "./limbs.js";
import { putPrimes, requirePrimes, requireScale } from "./parameters.js";

/** What a file says of an encoded vector. */
export interface PlaintextContent {
  readonly level: number;
  readonly slots: number;
  readonly scale: number;
  readonly polynomial: RnsPolynomial;
}

/**
 * A plaintext's header: 32 bytes SHA-256 of the parameters' canonical bytes, 2 level, 4 slots, 8 scale, primes. Anybody can
 * read a plaintext: it is not encrypted.
 */
function fieldsOf({ level, slots, scale, polynomial }: PlaintextContent): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().run(polynomial.ring.parameters.digest()).u16(level).u32(slots).f64(scale);
  putPrimes(writer, polynomial.primes);
  return writer.finish();
}

export function plaintextChunks(content: PlaintextContent): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  return writeFile("plaintext", fieldsOf(content), packedLimbs(content.polynomial));
}

/** The same inside of a larger file: its fields as a block, and then its limbs. */
export async function* plaintextBlocks(content: PlaintextContent): AsyncGenerator<Uint8Array, void, undefined> {
  yield fieldsOf(content);
  yield* packedLimbs(content.polynomial);
}

/** Lengths of those blocks. */
export function plaintextBlockBytes(content: PlaintextContent): number[] {
  const { primes, ring } = content.polynomial;
  return [fieldsOf(content).length, ...primes.map((p) => packedLimbBytes(p, ring.logN))];
}

export function plaintextBytes(content: PlaintextContent): number {
  const [fieldBytes, ...limbs] = plaintextBlockBytes(content);
  return fileBytes(fieldBytes, limbs);
}

/**
 * @param residency where it is to live, if not in the device's memory
 * @throws FormatError for anything that is no plaintext; ParameterError for one of other parameters than the ring's
 */
export async function readPlaintext(source: ByteSource, ring: Ring, residency?: Residency): Promise<PlaintextContent> {
  using file = await FileReader.open(source, "plaintext");
  const listed = takeFields(new ByteReader(file.header.fields, "the header of this plaintext"), ring);
  return await allOrNothing(async (keep) => {
    const content = await readListed(file, ring, listed, { keep, residency, message: true });
    await file.end();
    return content;
  });
}

/** What `plaintextBlocks` wrote. @throws FormatError, ParameterError as `readPlaintext`; what `accept` throws */
export async function takePlaintext(
  file: FileReader,
  ring: Ring,
  { what, accept, ...options }: TakeOptions<ListedPlaintext>,
): Promise<PlaintextContent> {
  const fields = await file.next(what, { most: MOST_FIELDS });
  const listed = takeFields(new ByteReader(fields, `the head of ${what}`), ring);
  accept(listed);
  return await readListed(file, ring, listed, { ...options, message: false }); // weights of whoever reads them
}

/** What the fields say. */
export type ListedPlaintext = Omit<PlaintextContent, "polynomial">;

function takeFields(reader: ByteReader, ring: Ring): ListedPlaintext {
  requireDigest(reader, ring, "the plaintext");
  const level = takeLevel(reader, ring);
  const slots = takeSlots(reader, ring);
  const scale = ring.parameters.scaleAt(level);
  requireScale(reader, scale);
  requirePrimes(reader, ring.parameters.primesAt(level));
  reader.end();
  return { level, slots, scale };
}

async function readListed(
  file: FileReader,
  ring: Ring,
  listed: ListedPlaintext,
  { keep, ...options }: { readonly keep: Keep; readonly residency?: Residency | undefined; readonly message: boolean },
): Promise<PlaintextContent> {
  const primes = ring.parameters.primesAt(listed.level);
  const [polynomial] = await readParts({ file, ring, primes, form: OPERAND, ...options }, 1, keep);
  return { ...listed, polynomial };
}
