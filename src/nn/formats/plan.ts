import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { FileReader, MOST_BLOCK_BYTES, writeFile } from "../../bytes/blocks.js";
import { ByteReader, SEND_AGAIN } from "../../bytes/reader.js";
import { type ByteSource, joined } from "../../bytes/stream.js";
import { ByteWriter } from "../../bytes/writer.js";
import { Parameters } from "../../ckks/parameters.js";
import { FormatError } from "../../errors.js";
import { canonicalJson } from "../canonical.js";
import { GUARD, INPUT_SCALE } from "../scales.js";
import type { PlanContent, PlanText } from "./plan-content.js";
import { takePlan } from "./plan-schema.js";

const IDENTITY_BYTES = 32;
/** Of the text. RL-3 has six kilobytes, eleven with a `kind`, CryptoNets in throughput mode a quarter of a megabyte. */
const MOST_TEXT_BYTES = 2 ** 26;

/**
 * A plan's header: 32 identity, 4 bytes of the text, and the parameters (`putParameters`); and then the text in blocks of up to
 * 2^22 bytes: JSON of everything else, without blanks, keys in the order of their code units, nothing that is undefined.
 */
export function planChunks(content: PlanContent): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const text = textOf(content);
  const writer = new ByteWriter().run(hexToBytes(identityOf(content.parameters, text))).u32(text.length);
  return writeFile("plan", writer.run(content.parameters.canonicalBytes()).finish(), blocksOf(text));
}

/**
 * SHA-256, in hexadecimal, of all that changes a number or a verdict: the constants that this version computes with, the
 * parameters, and the text.
 */
export function planIdentity(content: PlanContent): string {
  return identityOf(content.parameters, textOf(content));
}

/** @throws FormatError for what is no plan, or one of a version that computes otherwise. Whether its parts fit each other is not looked at. */
export async function readPlan(source: ByteSource): Promise<PlanContent> {
  using file = await FileReader.open(source, "plan");
  const reader = new ByteReader(file.header.fields, "the header of this plan");
  const identity = bytesToHex(reader.run(IDENTITY_BYTES));
  const length = reader.count(MOST_TEXT_BYTES);
  const parameters = Parameters.take(reader);
  reader.end();
  const parts: Uint8Array[] = [];
  for (let missing = length; missing > 0; missing -= parts[parts.length - 1].length) {
    // The source may use a chunk again.
    parts.push((await file.next("the plan's text", { length: Math.min(missing, MOST_BLOCK_BYTES) })).slice());
  }
  await file.end();
  const text = joined(parts);
  const content = { parameters, ...takePlan(text) };
  const canonical = textOf(content);
  if (!sameBytes(canonical, text)) throw new FormatError("this plan's text is not as plans are written", SEND_AGAIN);
  if (identityOf(parameters, text) !== identity) {
    const fix = "compile the network again, with the version that every party has";
    throw new FormatError("this plan was made by a version of blindsight that computes otherwise", fix);
  }
  return content;
}

function identityOf(parameters: Parameters, text: Uint8Array): string {
  const hash = sha256.create().update(utf8ToBytes(JSON.stringify({ INPUT_SCALE, GUARD })));
  return bytesToHex(hash.update(parameters.canonicalBytes()).update(text).digest());
}

function textOf({ program, model, fold, depth, card, productRotations }: PlanContent): Uint8Array {
  const text: PlanText = { program, model, fold, depth, card, productRotations };
  return utf8ToBytes(canonicalJson(text));
}

function* blocksOf(text: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < text.length; at += MOST_BLOCK_BYTES) yield text.subarray(at, at + MOST_BLOCK_BYTES);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
