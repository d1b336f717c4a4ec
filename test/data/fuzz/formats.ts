import { FileReader } from "../../../src/bytes/blocks.js";
import { ByteReader } from "../../../src/bytes/reader.js";
import {
  Ciphertext,
  EvaluationKeys,
  Parameters,
  Plaintext,
  PublicKey,
  Ring,
  SecretKey,
} from "../../../src/ckks/index.js";
import { Residency } from "../../../src/ckks/paging/residency.js";
import { makeAll, parameters, writeAll } from "../../ckks/formats/stored.js";
import { device, maker, placed, reading, requireCanonical } from "./held.js";
import { below, mutateBytes, pick } from "./mutate.js";
import { mutateFile, partsOf, sealed } from "./sealed.js";
import { secretLeft } from "./secrets.js";
import type { Target } from "./targets.js";
import { iterationsBelow, PASSPHRASE, wrapped } from "./wrapped.js";

const MiB = 2 ** 20;
const ring = Ring.of(device, parameters);
const made = await makeAll(maker, 17);
const files = await writeAll(maker);
const low = made.he.toLevel(made.full, 0);
const small = made.holder.evaluationKeys({ relinearize: 0, rotations: new Map([[1, 0]]) });
const residency = new Residency(0);
/** Each half in full, and two files of keys with seeds of their own. */
const full = new EvaluationKeys(small.ring, small.fingerprint, [{ ...small.all[0], seed: undefined }]);
const mixed = new EvaluationKeys(small.ring, small.fingerprint, [small.all[0], made.keys.all[1]]);
const more = {
  low: await low.toBytes(),
  small: await small.toBytes(),
  full: await full.toBytes(),
  mixed: await mixed.toBytes(),
};
const choices = [Parameters.choose({ depth: 2 }), Parameters.choose({ depth: 3, precision: "high" })];
const parameterFiles = [files["parameters"], ...(await Promise.all(choices.map((each) => each.toBytes())))];
const secretFiles = [files["secret-key"]];
const wrappedFiles = [await wrapped(files["secret-key"])];
const ciphertexts = [files["ciphertext-seeded"], files["ciphertext-full"], files["ciphertext-product"], more.low];
const keyFiles = [more.small, more.small, more.full, more.mixed, files["evaluation-key"], files["evaluation-keys"]];
/** Every kind: what belongs to one may stand in another. */
const all = [...Object.values(files), ...Object.values(more), ...wrappedFiles];

/** Our own formats, with checksums that fit: an error that is named, or an object that writes the same bytes. */
export const formatTargets: Readonly<Record<string, Target>> = {
  parameters: {
    mostBytes: 4 * MiB,
    input: damaged(parameterFiles),
    read: reading(
      (source) => Parameters.fromBytes(source),
      async (read, bytes) => same(bytes, await read.toBytes()),
    ),
  },
  "public key": {
    mostBytes: 32 * MiB,
    input: damaged([files["public-key"]]),
    read: reading(
      (source) => PublicKey.fromBytes(source, device),
      async (read, bytes) => (await requireCanonical([read.b, read.a])) ?? same(bytes, await read.toBytes()),
    ),
  },
  "evaluation keys": {
    mostBytes: 32 * MiB,
    input: damaged(keyFiles),
    read: reading(
      (source) => EvaluationKeys.fromBytes(source, device),
      async (read, bytes) => {
        const halves = read.all.flatMap(({ digits }) => digits.flatMap(({ a, b }) => [a, b]));
        return (await requireCanonical(halves)) ?? sameKeys(bytes, await read.toBytes());
      },
    ),
  },
  /** The same into a store, which holds nothing when they are gone. */
  "paged keys": {
    mostBytes: 64 * MiB,
    input: damaged(keyFiles),
    read: reading(
      (source) => EvaluationKeys.fromBytes(source, device, { residency }),
      async (read, bytes) => {
        const halves = read.all.flatMap(({ digits }) => digits.flatMap(({ a, b }) => [a, b]));
        return (await requireCanonical(halves)) ?? sameKeys(bytes, await read.toBytes());
      },
      {
        after: async () => {
          const left = residency.bytesInside + residency.store.bytes;
          return left === 0 ? undefined : `${left} bytes are left in the store`;
        },
      },
    ),
  },
  plaintext: {
    mostBytes: 32 * MiB,
    input: damaged([files["plaintext"]]),
    read: reading(
      (source) => Plaintext.fromBytes(source, ring),
      async (read, bytes) =>
        possible(read) ?? (await requireCanonical([read.polynomial])) ?? same(bytes, await read.toBytes()),
    ),
  },
  ciphertext: {
    mostBytes: 32 * MiB,
    input: damaged(ciphertexts),
    read: reading(
      (source) => Ciphertext.fromBytes(source, ring),
      async (read, bytes) =>
        possible(read) ?? (await requireCanonical(read.parts)) ?? same(bytes, await read.toBytes()),
    ),
  },
  "secret key": {
    mostBytes: 32 * MiB,
    input: damaged(secretFiles),
    read: reading(
      (source) => SecretKey.fromSecretBytes(source, device),
      async (read, bytes) => (await requireCanonical([read.polynomial])) ?? same(bytes, await read.toSecretBytes()),
      { after: secretLeft, limbBytes: ternaryBytes },
    ),
  },
  /** Its header and its one block; every second one holds a damaged key that was wrapped by who knows the passphrase. */
  "wrapped secret key": {
    mostBytes: 32 * MiB,
    input: placed(async (random) => {
      const key = partsOf(files["secret-key"]);
      if (below(2, random) === 0) key.blocks = [mutateBytes(key.blocks[0], pick(all, random), random)];
      const file = await wrapped(sealed(key));
      return iterationsBelow(below(3, random) === 0 ? file : mutateFile(file, pick(all, random), random), 1000);
    }),
    read: reading(
      (source) => SecretKey.fromWrappedBytes(source, PASSPHRASE, device),
      async (read) => same(files["secret-key"], await read.toSecretBytes()),
      { after: () => secretLeft(files["secret-key"]), limbBytes: ternaryBytes },
    ),
  },
  /** The container alone: fields and blocks that anybody may have made come back as they are. */
  containers: {
    mostBytes: 4 * MiB,
    input: damaged(Object.values(files)),
    read: reading(
      async (source) => {
        using file = await FileReader.open(source, "ciphertext", "public key", "plaintext", "model", "secret key");
        const { kind } = file.header;
        const blocks: Uint8Array[] = [];
        const fields = file.header.fields.slice();
        for (let k = 0; ; k++) {
          const block =
            k % 2 ? await file.nextOrEnd("a block", { most: MiB }) : await file.nextOrEnd("it", { most: 9000 });
          if (!block) return { kind, fields, blocks };
          blocks.push(block.slice());
        }
      },
      async (read, bytes) => (Buffer.compare(sealed(read), bytes) === 0 ? undefined : "another file than was read"),
    ),
  },
};

function possible({ level, slots }: { level: number; slots: number }): string | undefined {
  const right = Number.isInteger(Math.log2(slots)) && slots <= parameters.slots && level <= parameters.maxLevel;
  return right ? undefined : `${slots} slots at level ${level}`;
}

/** Two bits become a word modulo each of eight primes, and there is a public key, too. */
function ternaryBytes(length: number): number {
  return 512 * length + 2 ** 16;
}

function damaged(corpus: readonly Uint8Array[]): Target["input"] {
  return placed((random) => mutateFile(pick(corpus, random), pick(below(2, random) ? corpus : all, random), random));
}

/** Scales may differ in their last bits, where two engines compute powers of two: with these exchanged they are the same. */
function same(bytes: Uint8Array, again: Uint8Array): string | undefined {
  if (Buffer.compare(bytes, again) === 0) return undefined;
  const [read, written] = [partsOf(bytes), partsOf(again)];
  const at = scalesOf(written.kind, written.fields);
  for (const first of at.filter((first) => first + 8 <= read.fields.length)) {
    const [found, ours] = [read, written].map(({ fields }) => new DataView(fields.buffer).getFloat64(first, true));
    if (Math.abs(found / ours - 1) < 2 ** -48) read.fields.set(written.fields.subarray(first, first + 8), first);
  }
  if (Buffer.compare(sealed(read), again) === 0) return undefined;
  const differ = read.fields.findIndex((byte, i) => byte !== written.fields[i]);
  return `an object that writes other bytes, first at ${differ} of ${written.fields.length} bytes of its header`;
}

/** A seed may stand in two places, and a single key in a file of one: the blocks are the same, whatever the header. */
function sameKeys(bytes: Uint8Array, again: Uint8Array): string | undefined {
  const [read, written] = [partsOf(bytes).blocks, partsOf(again).blocks];
  const equal = read.length === written.length && read.every((block, i) => Buffer.compare(block, written[i]) === 0);
  return equal ? undefined : "keys that write other halves";
}

/** Where scales stand in a header. */
function scalesOf(kind: string, fields: Uint8Array): number[] {
  if (kind === "ciphertext") return [64 + 2 + 1 + 4];
  if (kind === "plaintext") return [32 + 2 + 4];
  const reader = new ByteReader(fields, "the header");
  reader.run(4);
  return Array.from({ length: reader.u32() }, () => {
    reader.run(4 * reader.u32());
    reader.f64();
    return fields.length - reader.left - 8;
  });
}
