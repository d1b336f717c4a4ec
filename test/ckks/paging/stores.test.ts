import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Ciphertext,
  Evaluator,
  KeyHolder,
  MemoryStore,
  Randomness,
  Residency,
  Ring,
  SecretKey,
  type Store,
} from "../../../src/ckks/index.js";
import { Extents } from "../../../src/ckks/paging/extents.js";
import { FileStore, type RandomAccessFile } from "../../../src/ckks/paging/file-store.js";
import { DeviceError } from "../../../src/errors.js";
import { openScratchFile } from "../../../src/index.js";
import { testDevice, unsafe } from "../settings.js";

const parameters = unsafe(11, [1, 1, 1], { digitPrimes: 2, specials: 3 });

const stores: [string, () => Promise<Store>][] = [
  ["this process's memory", async () => new MemoryStore()],
  ["a file", () => openScratchFile()],
];

describe.each(stores)("a store in %s", (_, open) => {
  test("gives back what was put into it, whatever was freed meanwhile", async () => {
    const operations = fc.array(
      fc.oneof(
        fc.record({ put: fc.integer({ min: 1, max: 5000 }) }),
        fc.record({ free: fc.nat() }),
        fc.record({ read: fc.nat() }),
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(operations, fc.nat(), async (list, seed) => {
        using store = await open();
        const kept: { words: Uint32Array; run: ReturnType<Store["put"]> }[] = [];
        let next = seed;
        for (const operation of list) {
          if ("put" in operation) {
            const words = Uint32Array.from(
              { length: operation.put },
              () => (next = (next * 1664525 + 1013904223) >>> 0),
            );
            const given = words.slice();
            kept.push({ words, run: store.put(given) });
            given.fill(0); // the store has a copy
          } else if (kept.length > 0 && "free" in operation) {
            const [{ run }] = kept.splice(operation.free % kept.length, 1);
            run.free();
            run.free();
            expect(() => run.read()).toThrow("after they were freed");
          } else if (kept.length > 0 && "read" in operation) {
            const { words, run } = kept[operation.read % kept.length];
            expect(run.read()).toEqual(words);
          }
          expect(store.bytes).toBe(kept.reduce((sum, { words }) => sum + words.byteLength, 0));
        }
        for (const { words, run } of kept) expect(run.read()).toEqual(words);
      }),
      { numRuns: 30 },
    );
  });

  test("keeps keys and ciphertexts whose results are the same to the last bit, and is empty when they are gone", async () => {
    const device = await testDevice();
    using holder = await KeyHolder.create(device, parameters);
    const keys = holder.evaluationKeys({ rotations: [1] });
    const [x, y] = [holder.encrypt([0.5, 0.25]), holder.encrypt([0.125, -0.5])];
    const work = async (he: Evaluator, weight: Ciphertext) => {
      using product = he.multiply(x, weight);
      using rotated = he.rotate(product, 1);
      return await rotated.toBytes();
    };
    const wanted = await work(new Evaluator(device, parameters, keys), y);
    using store = await open();
    const residency = new Residency(0, store);
    {
      using outside = await keys.page(residency);
      using weight = await y.page(residency);
      expect(store.bytes).toBeGreaterThan(100_000);
      expect(await work(new Evaluator(device, parameters, outside), weight)).toEqual(wanted);
      residency.trim();
      expect(residency.bytesInside).toBe(0);
    }
    expect(store.bytes).toBe(0);
  });

  test("gives what is read from a file its place at once, and writes it again without the device", async () => {
    const device = await testDevice();
    using holder = await KeyHolder.create(device, parameters);
    using fresh = holder.encrypt([0.5, 0.25]);
    using other = holder.encrypt([0.5, 0.25]);
    using he = holder.evaluationKeys();
    using product = new Evaluator(device, parameters, he).multiply(fresh, other);
    using store = await open();
    const residency = new Residency(0, store);
    const { Ciphertext } = await import("../../../src/ckks/index.js");
    for (const ciphertext of [fresh, product]) {
      const bytes = await ciphertext.toBytes();
      const before = device.statistics();
      using paged = await Ciphertext.fromBytes(bytes, holder.ring, { residency });
      expect(await paged.toBytes()).toEqual(bytes);
      expect(device.statistics()).toEqual(before); // no limb, no kernel
      expect((await holder.decrypt(paged, 2))[1]).toBeCloseTo((await holder.decrypt(ciphertext, 2))[1], 9);
    }
    const bytes = await fresh.toBytes();
    bytes[bytes.length - 40] ^= 1;
    await expect(Ciphertext.fromBytes(bytes, holder.ring, { residency })).rejects.toThrow("damaged");
    expect(store.bytes).toBe(0);
  });
});

test("a secret is not paged, and stays whole", async () => {
  const device = await testDevice();
  using secret = await SecretKey.generate(Ring.of(device, parameters), Randomness.seededUnsafe(1));
  const store = new MemoryStore();
  await expect(new Residency(0, store).page(secret.polynomial)).rejects.toThrow(
    "a secret stays in the device's memory",
  );
  expect(store.bytes).toBe(0);
  secret.polynomial.requireAlive();
});

test("options that are none, and a residency or a store that is none, say what was expected", async () => {
  const device = await testDevice();
  using holder = await KeyHolder.create(device, parameters);
  using x = holder.encrypt([1]);
  const bytes = await x.toBytes();
  const { Ciphertext, EvaluationKeys } = await import("../../../src/ckks/index.js");
  for (const wrong of [null, 5, { residency: {} }, { residency: null }] as never[]) {
    await expect(Ciphertext.fromBytes(bytes, holder.ring, wrong)).rejects.toThrow(
      /(options|residency): .* was expected/,
    );
    await expect(EvaluationKeys.fromBytes(bytes, device, wrong)).rejects.toThrow(
      /(options|residency): .* was expected/,
    );
  }
  expect(() => new Residency(1, {} as never)).toThrow("store: a store was expected, not another object");
  for (const limit of [-1, Number.NaN, "1", undefined] as never[])
    expect(() => new Residency(limit)).toThrow(RangeError);
});

test("an extent that is empty is used again, and one that is full of holes is not", () => {
  const emptied: number[] = [];
  const extents = new Extents(100, (extent) => emptied.push(extent));
  const runs = Array.from({ length: 5 }, () => extents.take(50));
  expect(runs.map(({ extent }) => extent)).toEqual([0, 0, 1, 1, 2]);
  extents.give(0, 50);
  expect(extents.take(50)).toEqual({ extent: 2, offset: 50 });
  extents.give(0, 50);
  expect(emptied).toEqual([0]);
  expect(extents.take(60)).toEqual({ extent: 0, offset: 0 });
  expect(() => extents.take(101)).toThrow(RangeError);
  expect(extents.bytes).toBe(4 * 50 + 60);
});

describe("a scratch file", () => {
  test("has no name any more, is readable by its user only, and does not grow for what takes the place of others", async () => {
    const before = descriptors();
    const store = await openScratchFile();
    const [descriptor] = descriptors().filter((each) => !before.includes(each));
    expect(readlinkSync(`/proc/self/fd/${descriptor}`)).toMatch(/blindsight-[-0-9a-f]+ \(deleted\)$/);
    expect(fstatSync(descriptor).mode & 0o777).toBe(0o600);
    const words = new Uint32Array(2 ** 20);
    for (let round = 0; round < 40; round++) {
      const runs = Array.from({ length: 20 }, () => store.put(words));
      for (const run of runs) run.free();
    }
    expect(fstatSync(descriptor).size).toBeLessThan(3 * 2 ** 26);
    store[Symbol.dispose]();
    store[Symbol.dispose]();
    expect(descriptors()).toEqual(before);
  });

  test("that cannot be made, is full, was cut off or is closed, is a DeviceError", async () => {
    await expect(openScratchFile({ folder: "/nowhere" })).rejects.toThrow(DeviceError);
    const full = new FileStore(fileOf("/dev/full", "r+"));
    expect(() => full.put(new Uint32Array(1000))).toThrow("ENOSPC");
    expect(full.bytes).toBe(0);
    full[Symbol.dispose]();

    const path = join(tmpdir(), `blindsight-cut-${process.pid}`);
    const file = fileOf(path, "w+");
    unlinkSync(path);
    const store = new FileStore(file);
    const run = store.put(new Uint32Array(1000));
    ftruncateSync(file.descriptor, 100);
    expect(() => run.read()).toThrow("was cut off: 100 of 4000 bytes");
    store[Symbol.dispose]();
    expect(() => run.read()).toThrow(DeviceError);
    expect(() => store.put(new Uint32Array(1))).toThrow("was closed");
  });
});

function descriptors(): number[] {
  return readdirSync("/proc/self/fd").map(Number).filter(isOpen);
}

/** Not the one that the listing itself was read with. */
function isOpen(descriptor: number): boolean {
  try {
    return fstatSync(descriptor) !== undefined;
  } catch {
    return false;
  }
}

function fileOf(name: string, flags: string): RandomAccessFile & { readonly descriptor: number } {
  const descriptor = openSync(name, flags);
  return {
    name,
    descriptor,
    read: (into, at) => readSync(descriptor, into, 0, into.length, at),
    write: (bytes, at) => void writeSync(descriptor, bytes, 0, bytes.length, at),
    close: () => closeSync(descriptor),
  };
}
