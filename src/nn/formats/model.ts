import { bytesToHex } from "@noble/hashes/utils.js";
import { FileReader, fileBytes, writeFile } from "../../bytes/blocks.js";
import { ByteReader } from "../../bytes/reader.js";
import type { ByteSource, Room } from "../../bytes/stream.js";
import type { Ciphertext, Plaintext } from "../../ckks/ciphertext.js";
import { allOrNothing } from "../../ckks/limbs.js";
import type { Residency } from "../../ckks/paging/residency.js";
import { ANY_FINGERPRINT, fingerprintBytes } from "../../ckks/storage.js";
import type { StepNumbers } from "../program/numbers.js";
import { type Planned, planFields, requirePlanFields, takeOutputScale } from "./head.js";
import { numbersBlockBytes, numbersBlocks, readNumbers } from "./numbers.js";
import { readCiphertextValue, readPlaintextValue, type ValueReading, valueBlockBytes, valueBlocks } from "./values.js";

const KINDS = ["plain", "encrypted", "numbers"] as const;
const FINGERPRINT_BYTES = 32;
/** RL-6 has 2,374. */
const MOST_OPERANDS = 2 ** 20;

/** What a file says of a model. */
export interface ModelContent<D = Ciphertext | Plaintext> {
  readonly identity: string;
  readonly outputScale: number;
  /** Absent where the weights are plain. */
  readonly fingerprint?: string | undefined;
  /** Step by step, in the order in which they are made. */
  readonly operands: readonly D[];
  /** In throughput mode, where there are no vectors: the numbers of each step. */
  readonly numbers?: readonly StepNumbers[] | undefined;
}

/** What stands before the vectors: of these it takes the number only. */
type ModelHead = Omit<ModelContent, "operands"> & { readonly operands: { readonly length: number } };

/**
 * A model's header: 32 identity of the plan, 1 weights (0 plain, 1 encrypted, 2 numbers), 32 fingerprint of the key (a label; zeros
 * for weights that are not encrypted), 8 output scale, a double, 4 vectors; and then the vectors, see values.ts, or the numbers,
 * see numbers.ts.
 */
function fieldsOf({ identity, outputScale, fingerprint, operands, numbers }: ModelHead): Uint8Array<ArrayBuffer> {
  const kind = numbers ? "numbers" : fingerprint === undefined ? "plain" : "encrypted";
  const writer = planFields(identity).u8(KINDS.indexOf(kind));
  writer.run(fingerprintBytes(fingerprint ?? ANY_FINGERPRINT));
  return writer.f64(outputScale).u32(operands.length).finish();
}

export function modelChunks(
  content: ModelContent,
  room?: Room,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { numbers, operands } = content;
  return writeFile("model", fieldsOf(content), numbers ? numbersBlocks(numbers) : valueBlocks(operands), room);
}

/** The same file while its vectors are made, one after the other. */
export function madeModelChunks<D extends Ciphertext | Plaintext>(
  head: Pick<ModelContent, "identity" | "outputScale" | "fingerprint">,
  count: number,
  operands: AsyncIterable<D>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  return writeFile("model", fieldsOf({ ...head, operands: { length: count } }), valueBlocks(operands));
}

export function modelBytes({ operands, fingerprint, numbers }: ModelContent): number {
  const labels = { identity: ANY_FINGERPRINT, outputScale: 1, fingerprint: fingerprint && ANY_FINGERPRINT };
  const blocks = numbers ? numbersBlockBytes(numbers) : valueBlockBytes(operands);
  return fileBytes(fieldsOf({ ...labels, operands, numbers }).length, blocks);
}

/** What a model's header says of itself, before anything of it is read: labels, no proof. @throws FormatError for no model */
export async function readModelLabels(source: ByteSource): Promise<{ identity: string; fingerprint?: string }> {
  using file = await FileReader.open(source, "model");
  const reader = new ByteReader(file.header.fields, "the header of this model");
  const identity = bytesToHex(reader.run(FINGERPRINT_BYTES));
  const encrypted = KINDS[reader.u8()] === "encrypted";
  const fingerprint = bytesToHex(reader.run(FINGERPRINT_BYTES));
  return encrypted ? { identity, fingerprint } : { identity };
}

/**
 * @param residency where the vectors are to live, if not in the device's memory: then no more than a block of the file is
 *   outside of its store
 * @throws FormatError for anything that is no whole model of the plan's; ParameterError for one of another plan
 */
export async function readModel(source: ByteSource, plan: Planned, residency?: Residency): Promise<ModelContent> {
  using file = await FileReader.open(source, "model");
  const reader = new ByteReader(file.header.fields, "the header of this model");
  requirePlanFields(reader, plan, "the model");
  const kind = KINDS[reader.u8()];
  const label = bytesToHex(reader.run(FINGERPRINT_BYTES));
  const wanted = plan.throughput ? "numbers" : plan.model;
  if (kind !== wanted) throw reader.error(`says that its weights are ${kind}, where the plan's are ${wanted}`);
  if (kind !== "encrypted" && label !== ANY_FINGERPRINT)
    throw reader.error("names a key, and its weights are not encrypted");
  const fingerprint = kind === "encrypted" ? label : undefined;
  const outputScale = takeOutputScale(reader);
  const count = reader.count(MOST_OPERANDS);
  reader.end();
  const levels = plan.levels.model;
  if (count !== levels.length) throw reader.error(`says ${count} vectors where the plan has ${levels.length}`);
  const { ring, slots, throughput } = plan;
  if (throughput) {
    const numbers = await readNumbers(file, throughput);
    await file.end();
    return { identity: plan.identity, outputScale, operands: [], numbers };
  }
  return await allOrNothing(async (keep) => {
    const reading: ValueReading = { file, ring, keep, residency };
    const operands: (Ciphertext | Plaintext)[] = [];
    for (const [i, level] of levels.entries()) {
      const expected = { what: `vector ${i} of the model`, level, slots };
      const read =
        fingerprint === undefined
          ? readPlaintextValue(reading, expected)
          : readCiphertextValue(reading, expected, fingerprint);
      operands.push(await read);
    }
    await file.end();
    return { identity: plan.identity, outputScale, fingerprint, operands };
  });
}
