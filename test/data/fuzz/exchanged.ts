import type { Ciphertext, Plaintext } from "../../../src/ckks/ciphertext.js";
import { Residency } from "../../../src/ckks/paging/residency.js";
import { EncryptedImage, EncryptedResult, Model } from "../../../src/nn/index.js";
import { makeAll, planOf } from "../../nn/formats/stored.js";
import { device, maker, placed, reading, requireCanonical } from "./held.js";
import { below, pick } from "./mutate.js";
import { mutateFile, partsOf } from "./sealed.js";
import type { Target } from "./targets.js";

const MiB = 2 ** 20;
const plans = { encrypted: planOf("encrypted"), plain: planOf("plain") };
const made = { encrypted: await makeAll(maker, plans.encrypted), plain: await makeAll(maker, plans.plain) };
const models = { encrypted: await made.encrypted.model.toBytes(), plain: await made.plain.model.toBytes() };
const images = [await made.encrypted.input.toBytes()];
const results = [await made.encrypted.result.toBytes()];
const all = [...Object.values(models), ...images, ...results];
const residency = new Residency(0);

/** What the roles of a network exchange: a named error, or what writes the same bytes. */
export const exchangedTargets: Readonly<Record<string, Target>> = {
  "encrypted model": {
    mostBytes: 32 * MiB,
    input: damaged([models.encrypted]),
    read: reading(
      (source) => Model.fromBytes(source, plans.encrypted, device),
      async (read, bytes) => (await canonical(read.operands)) ?? same(bytes, await read.toBytes()),
    ),
  },
  "plain model": {
    mostBytes: 32 * MiB,
    input: damaged([models.plain]),
    read: reading(
      (source) => Model.fromBytes(source, plans.plain, device),
      async (read, bytes) => (await canonical(read.operands)) ?? same(bytes, await read.toBytes()),
    ),
  },
  "paged model": {
    mostBytes: 64 * MiB,
    input: damaged([models.encrypted]),
    read: reading(
      (source) => Model.fromBytes(source, plans.encrypted, device, { residency }),
      async (read, bytes) => (await canonical(read.operands)) ?? same(bytes, await read.toBytes()),
      {
        after: async () => {
          const left = residency.bytesInside + residency.store.bytes;
          return left === 0 ? undefined : `${left} bytes are left in the store`;
        },
      },
    ),
  },
  "encrypted image": {
    mostBytes: 32 * MiB,
    input: damaged(images),
    read: reading(
      (source) => EncryptedImage.fromBytes(source, plans.encrypted, device),
      async (read, bytes) => (await canonical(read.ciphertexts)) ?? same(bytes, await read.toBytes()),
    ),
  },
  "encrypted result": {
    mostBytes: 32 * MiB,
    input: damaged(results),
    read: reading(
      (source) => EncryptedResult.fromBytes(source, plans.encrypted, device),
      async (read, bytes) => (await canonical(read.ciphertexts)) ?? same(bytes, await read.toBytes()),
    ),
  },
};

function canonical(values: readonly (Ciphertext | Plaintext)[]): Promise<string | undefined> {
  return requireCanonical(values.flatMap((value) => ("parts" in value ? value.parts : [value.polynomial])));
}

function damaged(corpus: readonly Uint8Array[]): Target["input"] {
  return placed((random) => mutateFile(pick(corpus, random), pick(below(2, random) ? corpus : all, random), random));
}

/** Each limb and each field but scales, which may differ in their last bits, comes back; labels and seeds may be anything. */
function same(bytes: Uint8Array, again: Uint8Array): string | undefined {
  if (Buffer.compare(bytes, again) === 0) return undefined;
  const [read, written] = [partsOf(bytes), partsOf(again)];
  if (read.blocks.length !== written.blocks.length) return "an object with other blocks";
  const differ = (a: Uint8Array, b: Uint8Array) =>
    a.filter((byte, i) => byte !== b[i]).length + Math.abs(a.length - b.length);
  if (differ(read.fields, written.fields) > 0) return "an object that writes another header";
  // The last byte or two of a scale.
  const at = read.blocks.findIndex((block, i) => differ(block, written.blocks[i]) > 2);
  return at < 0 ? undefined : `an object that writes another block ${at}`;
}
