import { type FileReader, MOST_BLOCK_BYTES } from "../../bytes/blocks.js";
import { ByteReader } from "../../bytes/reader.js";
import { joined } from "../../bytes/stream.js";
import { ByteWriter } from "../../bytes/writer.js";
import type { SumRow } from "../../ckks/linear-sums.js";
import { fits, type StepNumbers } from "../program/numbers.js";
import type { Step } from "../program/program.js";

/**
 * The numbers of a model in throughput mode, step by step, each as
 *
 *     4  lists of places, and for each: 4 places, then 4 each
 *     4  rows, and for each: 4 number of its list, then 8 for each place, a double
 *     4  constants, then 8 each, a double
 *
 * in blocks of 2^22 bytes, the last of a step shorter; the first has 8 bytes before it all: how many there are of the step.
 */
export function* numbersBlocks(numbers: readonly StepNumbers[]): Generator<Uint8Array, void, undefined> {
  for (const step of numbers) {
    const bytes = bytesOf(step);
    for (let at = 0; at < bytes.length; at += MOST_BLOCK_BYTES) yield bytes.subarray(at, at + MOST_BLOCK_BYTES);
  }
}

/** Lengths of those blocks. */
export function numbersBlockBytes(numbers: readonly StepNumbers[]): number[] {
  return numbers.flatMap((step) => {
    const bytes = LENGTH_BYTES + lengthOf(step);
    const whole = Math.floor(bytes / MOST_BLOCK_BYTES);
    const rest = bytes - whole * MOST_BLOCK_BYTES;
    return [...Array<number>(whole).fill(MOST_BLOCK_BYTES), ...(rest > 0 ? [rest] : [])];
  });
}

/** @throws FormatError for numbers that are not those of the steps */
export async function readNumbers(file: FileReader, steps: readonly Step[]): Promise<StepNumbers[]> {
  const read: StepNumbers[] = [];
  for (const [index, step] of steps.entries()) {
    const what = `the numbers of step ${index}`;
    const reader = new ByteReader(await stepBytes(file, what), what);
    const numbers = takeNumbers(reader);
    reader.end();
    if (!fits(step, numbers)) throw reader.error("are not the plan's");
    read.push(numbers);
  }
  return read;
}

const LENGTH_BYTES = 8;
/** More than any step's numbers take that a network may have. */
const MOST_STEP_BYTES = 2 ** 30;

/** Rows share lists, and are computed together where they do. */
function listsOf(rows: readonly SumRow[]): (readonly number[])[] {
  return [...new Set(rows.map(({ of }) => of))];
}

function lengthOf({ rows, constants }: StepNumbers): number {
  const places = listsOf(rows).reduce((sum, list) => sum + 4 + 4 * list.length, 0);
  return 4 + places + 4 + rows.reduce((sum, { of }) => sum + 4 + 8 * of.length, 0) + 4 + 8 * constants.length;
}

function bytesOf(step: StepNumbers): Uint8Array {
  const lists = listsOf(step.rows);
  const number = new Map(lists.map((list, k) => [list, k]));
  const writer = new ByteWriter().u64(lengthOf(step)).u32(lists.length);
  for (const list of lists) {
    writer.u32(list.length);
    for (const place of list) writer.u32(place);
  }
  writer.u32(step.rows.length);
  for (const { of, factors } of step.rows) {
    writer.u32(number.get(of)!);
    for (let k = 0; k < of.length; k++) writer.f64(factors[k]);
  }
  writer.u32(step.constants.length);
  for (const constant of step.constants) writer.f64(constant);
  return writer.finish();
}

function takeNumbers(reader: ByteReader): StepNumbers {
  const lists = Array.from({ length: within(reader, 4) }, () =>
    Array.from({ length: within(reader, 4) }, () => reader.u32()),
  );
  const rows = Array.from({ length: within(reader, 4) }, (): SumRow => {
    const number = reader.u32();
    const of = lists[number];
    if (!of) throw reader.error(`name the list ${number} of ${lists.length}`);
    return { of, factors: Float64Array.from(of, () => reader.f64()) };
  });
  return { rows, constants: Array.from({ length: within(reader, 8) }, () => reader.f64()) };
}

/** A number of things of so many bytes that follow, all of which are there. */
function within(reader: ByteReader, bytes: number): number {
  return reader.count(Math.floor(Math.max(0, reader.left - 4) / bytes));
}

/** All bytes of a step: no more memory than bytes that came. */
async function stepBytes(file: FileReader, what: string): Promise<Uint8Array> {
  const first = await file.next(what, { most: MOST_BLOCK_BYTES });
  const head = new ByteReader(first, what);
  if (head.left < LENGTH_BYTES) throw head.error("do not say how many they are");
  const length = head.u64();
  if (length > MOST_STEP_BYTES) throw head.error(`are ${length} bytes; ${MOST_STEP_BYTES} are the most`);
  const parts = [first.slice(LENGTH_BYTES)];
  if (first.length !== Math.min(MOST_BLOCK_BYTES, LENGTH_BYTES + length))
    throw head.error("have a block too short or long");
  for (let missing = length - parts[0].length; missing > 0; missing -= parts[parts.length - 1].length) {
    parts.push((await file.next(what, { length: Math.min(missing, MOST_BLOCK_BYTES) })).slice());
  }
  return joined(parts);
}
