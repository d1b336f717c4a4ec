import { FileReader, fileBytes, writeFile } from "../../bytes/blocks.js";
import { ByteReader } from "../../bytes/reader.js";
import type { ByteSource } from "../../bytes/stream.js";
import { ByteWriter } from "../../bytes/writer.js";
import { OPERAND } from "../form.js";
import { allOrNothing } from "../limbs.js";
import type { Residency } from "../paging/residency.js";
import { packedLimbBytes, type RnsPolynomial } from "../polynomial.js";
import type { Ring } from "../ring.js";
import { readParts, requireDigest, takeLevel, takeSlots } from "./ciphertext.js";
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

export function plaintextBytes(content: PlaintextContent): number {
  const { primes, ring } = content.polynomial;
  return fileBytes(
    fieldsOf(content).length,
    primes.map((p) => packedLimbBytes(p, ring.logN)),
  );
}

/**
 * @param residency where it is to live, if not in the device's memory
 * @throws FormatError for anything that is no plaintext; ParameterError for one of other parameters than the ring's
 */
export async function readPlaintext(source: ByteSource, ring: Ring, residency?: Residency): Promise<PlaintextContent> {
  using file = await FileReader.open(source, "plaintext");
  const reader = new ByteReader(file.header.fields, "the header of this plaintext");
  requireDigest(reader, ring, "the plaintext");
  const level = takeLevel(reader, ring);
  const slots = takeSlots(reader, ring);
  const scale = ring.parameters.scaleAt(level);
  requireScale(reader, scale);
  const primes = ring.parameters.primesAt(level);
  requirePrimes(reader, primes);
  reader.end();
  const [polynomial] = await allOrNothing((keep) =>
    readParts({ file, ring, primes, form: OPERAND, residency }, 1, keep),
  );
  return { level, slots, scale, polynomial };
}
