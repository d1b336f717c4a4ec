import { afterAll, expect, test, vi } from "vitest";
import { KeyHolder, Randomness, SecretKey } from "../../../src/ckks/index.js";
import { openDevice } from "../../../src/index.js";
import { parameters } from "./stored.js";

const device = await openDevice("cpu", { threads: 1 });
afterAll(() => device.close());
const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(3));
const file = await holder.toSecretBytes();
/** A piece of the coefficients, which are the last of the one block before the end's eight bytes and the checksum. */
const piece = Buffer.from(file.slice(-80, -30));

/** Arrays that bytes were copied into while `run` ran, and that still hold a piece of the key, but for those of `own`. */
async function copiesLeft(own: readonly Uint8Array[], run: () => Promise<Uint8Array | undefined>): Promise<number> {
  const copied = vi.spyOn(Uint8Array.prototype, "set");
  const result = await run();
  const targets = new Set((copied.mock.contexts as Uint8Array<ArrayBuffer>[]).map(({ buffer }) => buffer));
  copied.mockRestore();
  for (const array of [...own, ...(result ? [result] : [])]) targets.delete(array.buffer as ArrayBuffer);
  return [...targets].filter((buffer) => Buffer.from(buffer).includes(piece)).length;
}

test("a secret key that is written leaves no copy in JavaScript's memory but the bytes that are returned", async () => {
  expect(await copiesLeft([], () => holder.toSecretBytes())).toBe(0);
});

test("one that is read leaves none, however it comes", async () => {
  const cut = Array.from({ length: Math.ceil(file.length / 64) }, (_, k) => file.subarray(64 * k, 64 * k + 64));
  for (const source of [file, [file], cut]) {
    const left = await copiesLeft([file], async () => {
      using _ = await SecretKey.fromSecretBytes(source, device);
      return undefined;
    });
    expect(left).toBe(0);
  }
});

test("nor does one that is damaged", async () => {
  const damaged = new Uint8Array(file);
  damaged[file.length - 10] ^= 1; // the block's checksum
  const cut = Array.from({ length: Math.ceil(file.length / 64) }, (_, k) => damaged.subarray(64 * k, 64 * k + 64));
  const left = await copiesLeft([damaged], async () => {
    await expect(SecretKey.fromSecretBytes(cut, device)).rejects.toThrow("its checksum does not fit");
    return undefined;
  });
  expect(left).toBe(0);
});
