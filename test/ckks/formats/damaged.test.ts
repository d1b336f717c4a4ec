import { afterAll, describe, expect, test } from "vitest";
import { writeFile } from "../../../src/bytes/blocks.js";
import { collect } from "../../../src/bytes/stream.js";
import { ByteWriter } from "../../../src/bytes/writer.js";
import { putPrimes } from "../../../src/ckks/formats/parameters.js";
import { PublicKey } from "../../../src/ckks/index.js";
import { publicPrimes } from "../../../src/ckks/keys/public-key.js";
import { BlindsightError, FormatError } from "../../../src/errors.js";
import { openDevice } from "../../../src/index.js";
import { wordStream } from "../../seed.js";
import { unsafe } from "../settings.js";
import { resealed } from "./resealed.js";
import { discard, readers, writeAll } from "./stored.js";

const device = await openDevice("cpu", { threads: 1 });
afterAll(() => device.close());
/** Made elsewhere: what the collector gives back of that would be missing in the sums below. */
const maker = await openDevice("cpu", { threads: 1 });
afterAll(() => maker.close());
const files = await writeAll(maker);
const before = device.statistics().bytesInUse;

async function refused(name: string, bytes: Uint8Array, what: string): Promise<void> {
  let made: object | undefined;
  try {
    made = await readers[name](bytes, device);
  } catch (error) {
    expect(error, `${what}: ${error}`).toBeInstanceOf(FormatError);
  }
  discard(made);
  expect(made, what).toBeUndefined();
}

describe.each(Object.keys(files))("a damaged file is a FormatError, and leaves no limb: %s", (name) => {
  const file = files[name];

  test("cut off anywhere, or with something behind", async () => {
    const random = wordStream(1);
    const lengths = [
      0,
      7,
      15,
      16,
      40,
      file.length - 1,
      file.length - 8,
      ...Array.from({ length: 20 }, () => random() % file.length),
    ];
    for (const length of lengths) await refused(name, file.subarray(0, length), `${length} bytes`);
    await refused(name, Uint8Array.from([...file, 0]), "one byte more");
    expect(device.statistics().bytesInUse).toBe(before);
  });

  test("with a bit changed anywhere", async () => {
    const random = wordStream(2);
    for (let i = 0; i < 60; i++) {
      const bytes = new Uint8Array(file);
      const at = i < 20 ? i : random() % file.length;
      bytes[at] ^= 1 << (random() % 8);
      await refused(name, bytes, `byte ${at}`);
    }
    expect(device.statistics().bytesInUse).toBe(before);
  });

  /** Whoever means harm computes checksums anew: what they cover must be looked at, too. */
  test("with a header's byte changed and checksums that fit", async () => {
    const random = wordStream(3);
    const fields = new DataView(file.buffer, file.byteOffset).getUint32(12, true);
    for (let i = 0; i < 60; i++) {
      const at = 16 + (random() % fields);
      const bytes = resealed(file, (copy) => {
        copy[at] ^= 1 << (random() % 8);
      });
      // Labels may say anything: a fingerprint, and a seed, which is another uniform half.
      try {
        discard(await readers[name](bytes, device));
      } catch (error) {
        const named = ["FormatError", "ParameterError", "SecurityError"].includes((error as Error).name);
        expect(named, `field byte ${at - 16}: ${error}`).toBe(true);
      }
    }
    expect(device.statistics().bytesInUse).toBe(before);
  });
});

test("a word that is no residue, behind a checksum that fits, is a FormatError", async () => {
  for (const name of ["public-key", "evaluation-keys", "plaintext", "ciphertext-seeded", "ciphertext-full"]) {
    const file = files[name];
    const first = 20 + new DataView(file.buffer, file.byteOffset).getUint32(12, true) + 4;
    const bytes = resealed(file, (copy) => copy.fill(0xff, first + 100, first + 108));
    await refused(name, bytes, name);
  }
  expect(device.statistics().bytesInUse).toBe(before);
});

test("a header takes no memory for what it says: limbs come with their blocks", async () => {
  const large = unsafe(16, [2, 2, 2, 2, 2, 2], { digitPrimes: 4, specials: 5, baseScaleBits: 30 });
  const fields = new ByteWriter().run(large.canonicalBytes());
  putPrimes(fields, publicPrimes(large, large.maxLevel));
  fields.u8(1).run(new Uint8Array(32));
  const stranger = await openDevice("cpu", { threads: 1 });
  const file = await collect(writeFile("public key", fields.finish(), []));
  await expect(PublicKey.fromBytes(file, stranger)).rejects.toThrow("is missing: the file ends after 0 blocks");
  expect(stranger.statistics().peakBytes).toBe(0);
  await stranger.close();
});

test("a stream whose file is refused for what it says is told so", async () => {
  for (const [name, file] of Object.entries(files)) {
    const bytes = resealed(file, (copy) => copy.fill(0xff, 16, 24));
    let returned = false;
    const source = (async function* () {
      try {
        for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096);
      } finally {
        returned = true;
      }
    })();
    await expect(readers[name](source as never, device), name).rejects.toThrow(BlindsightError);
    expect(returned, name).toBe(true);
  }
});
