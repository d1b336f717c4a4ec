import { afterAll, describe, expect, test } from "vitest";
import {
  Ciphertext,
  EvaluationKeys,
  KeyHolder,
  Plaintext,
  PublicKey,
  Ring,
  SecretKey,
} from "../../../src/ckks/index.js";
import { FormatError } from "../../../src/errors.js";
import { openDevice } from "../../../src/index.js";
import { discard, parameters, readers, writeAll } from "./stored.js";

const maker = await openDevice("cpu", { threads: 1 });
const files = await writeAll(maker);
const device = await openDevice("cpu", { threads: 1 });
afterAll(() => Promise.all([maker.close(), device.close()]));
const held = () => device.statistics().bytesInUse;

describe.each(Object.keys(files))("%s", (name) => {
  const file = files[name];
  const read = (source: unknown) => readers[name](source as never, device);

  test("what gives no bytes is a TypeError that says what was given", async () => {
    const nothing = [undefined, null, 7, "text", file.slice().buffer, new DataView(file.slice().buffer), {}];
    for (const source of [...nothing, Promise.resolve(file)]) {
      await expect(read(source)).rejects.toThrow(
        /^bytes: a Uint8Array, a stream or chunks of them were expected, not /,
      );
    }
    for (const chunk of [1, "text", [1], new Uint16Array(4), file.slice().buffer]) {
      await expect(read([file.subarray(0, 30), chunk])).rejects.toThrow("something that is no Uint8Array");
    }
    expect(held()).toBe(0);
  });

  test("what a stream throws half way reaches the caller as it is, and leaves no limb", async () => {
    const lost = new Error("the connection was lost");
    for (const part of [0, 0.01, 0.3, 0.7, 0.999]) {
      const first = file.subarray(0, part * file.length);
      const chunks = async function* () {
        yield first;
        throw lost;
      };
      const web = () => {
        let given = 0;
        return new ReadableStream<Uint8Array>({
          pull: (controller) => (given++ === 0 ? controller.enqueue(first) : controller.error(lost)),
        });
      };
      for (const source of [chunks(), web()]) await expect(read(source), `${part}`).rejects.toBe(lost);
    }
    expect(held()).toBe(0);
  });

  test("a stream that ends early is a FormatError, one that goes on behind the end, too", async () => {
    const stream = (...chunks: Uint8Array[]) =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(chunk);
          controller.close();
        },
      });
    await expect(read(stream())).rejects.toThrow(FormatError);
    await expect(read(stream(file.subarray(0, -1)))).rejects.toThrow(FormatError);
    await expect(read(stream(file, Uint8Array.of(0)))).rejects.toThrow(FormatError);
    expect(held()).toBe(0);
    discard(await read(stream(new Uint8Array(0), file.subarray(0, 9), new Uint8Array(0), file.subarray(9))));
    expect(held()).toBe(0);
  });
});

test("without a device, or a ring, it is a TypeError that says so", async () => {
  const none = undefined as never;
  await expect(PublicKey.fromBytes(files["public-key"], none)).rejects.toThrow(/^device: /);
  await expect(EvaluationKeys.fromBytes(files["evaluation-keys"], none)).rejects.toThrow(/^device: /);
  await expect(SecretKey.fromSecretBytes(files["secret-key"], none)).rejects.toThrow(/^device: /);
  await expect(KeyHolder.fromSecretBytes(files["secret-key"], none)).rejects.toThrow(/^device: /);
  await expect(Ciphertext.fromBytes(files["ciphertext-full"], none)).rejects.toThrow(/^ring: /);
  await expect(Plaintext.fromBytes(files["plaintext"], device as never)).rejects.toThrow(/^ring: /);
});

test("two readers of one array do not disturb each other", async () => {
  const bytes = files["ciphertext-full"];
  const ring = Ring.of(device, parameters);
  const [a, b] = await Promise.all([Ciphertext.fromBytes(bytes, ring), Ciphertext.fromBytes(bytes, ring)]);
  expect(await a.toBytes()).toEqual(bytes);
  expect(await b.toBytes()).toEqual(bytes);
  for (const one of [a, b]) one[Symbol.dispose]();
  expect(held()).toBe(0);
});
