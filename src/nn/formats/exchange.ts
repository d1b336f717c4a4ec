import { FileReader, fileBytes, writeFile } from "../../bytes/blocks.js";
import { ByteReader } from "../../bytes/reader.js";
import type { ByteSource } from "../../bytes/stream.js";
import type { Ciphertext } from "../../ckks/ciphertext.js";
import { allOrNothing } from "../../ckks/limbs.js";
import { ANY_FINGERPRINT } from "../../ckks/storage.js";
import { type Planned, planFields, requirePlanFields, takeOutputScale } from "./head.js";
import { readCiphertextValue, valueBlockBytes, valueBlocks } from "./values.js";

/** Of an image, or of a result: with optimize: "throughput" one for each element. */
const MOST_CIPHERTEXTS = 2 ** 16;

/** What a file says of an image. */
export interface ImageContent {
  readonly identity: string;
  readonly ciphertexts: readonly Ciphertext[];
}

/** What a file says of a result. */
export interface ResultContent {
  readonly identity: string;
  readonly outputScale: number;
  readonly encrypted: { readonly image: boolean; readonly model: boolean };
  readonly ciphertexts: readonly Ciphertext[];
}

type Chunks = AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>;

/** An image's header: 32 identity of the plan, 4 ciphertexts; and then they, see values.ts. */
function imageFields({ identity, ciphertexts }: ImageContent): Uint8Array<ArrayBuffer> {
  return planFields(identity).u32(ciphertexts.length).finish();
}

export function imageChunks(content: ImageContent): Chunks {
  return writeFile("encrypted image", imageFields(content), valueBlocks(content.ciphertexts));
}

export function imageBytes({ ciphertexts }: ImageContent): number {
  const { length } = imageFields({ identity: ANY_FINGERPRINT, ciphertexts });
  return fileBytes(length, valueBlockBytes(ciphertexts));
}

/** @throws FormatError for anything that is no image for the plan; ParameterError for one of another plan */
export async function readImage(source: ByteSource, plan: Planned): Promise<ImageContent> {
  using file = await FileReader.open(source, "encrypted image");
  const reader = new ByteReader(file.header.fields, "the header of this image");
  requirePlanFields(reader, plan, "the image");
  const count = reader.count(MOST_CIPHERTEXTS);
  reader.end();
  const levels = plan.levels.image;
  if (count !== levels.length) throw reader.error(`says ${count} ciphertexts where the plan has ${levels.length}`);
  const expected = levels.map((level, j) => ({ what: `ciphertext ${j} of the image`, level }));
  return { identity: plan.identity, ciphertexts: await readAll(file, plan, expected) };
}

/**
 * A result's header: 32 identity of the plan, 8 output scale, a double, 1 whether the image, and 1 whether the model was
 * encrypted, 4 ciphertexts; and then they, see values.ts.
 */
function resultFields({ identity, outputScale, encrypted, ciphertexts }: ResultContent): Uint8Array<ArrayBuffer> {
  const writer = planFields(identity).f64(outputScale);
  return writer.u8(Number(encrypted.image)).u8(Number(encrypted.model)).u32(ciphertexts.length).finish();
}

export function resultChunks(content: ResultContent): Chunks {
  return writeFile("encrypted result", resultFields(content), valueBlocks(content.ciphertexts));
}

export function resultBytes(content: ResultContent): number {
  return fileBytes(
    resultFields({ ...content, identity: ANY_FINGERPRINT }).length,
    valueBlockBytes(content.ciphertexts),
  );
}

/** @throws FormatError for anything that is no result of the plan; ParameterError for one of another plan */
export async function readResult(source: ByteSource, plan: Planned): Promise<ResultContent> {
  using file = await FileReader.open(source, "encrypted result");
  const reader = new ByteReader(file.header.fields, "the header of this result");
  requirePlanFields(reader, plan, "the result");
  const outputScale = takeOutputScale(reader);
  const encrypted = { image: takeFlag(reader), model: takeFlag(reader) };
  const count = reader.count(MOST_CIPHERTEXTS);
  reader.end();
  const levels = plan.levels.result;
  if (count !== levels.length) throw reader.error(`says ${count} ciphertexts where the plan has ${levels.length}`);
  const expected = levels.map((level, j) => ({ what: `ciphertext ${j} of the result`, level }));
  return { identity: plan.identity, outputScale, encrypted, ciphertexts: await readAll(file, plan, expected) };
}

/** Ciphertexts to the end of a file, under one key. */
async function readAll(
  file: FileReader,
  { ring, slots }: Planned,
  expected: readonly { readonly what: string; readonly level: number }[],
): Promise<Ciphertext[]> {
  return await allOrNothing(async (keep) => {
    const read: Ciphertext[] = [];
    for (const each of expected) {
      const wanted = { ...each, slots };
      read.push(await readCiphertextValue({ file, ring, keep }, wanted, read[0]?.fingerprint));
    }
    await file.end();
    return read;
  });
}

function takeFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw reader.error(`says ${flag} where yes or no belongs`);
  return flag === 1;
}
