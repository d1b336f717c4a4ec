import { afterAll, describe, expect, test } from "vitest";
import { openDevice } from "../../src/index.js";
import { residueBits } from "../../src/ntt/modulus.js";
import { primePool } from "../../src/ntt/primes.js";
import { wordStream } from "../seed.js";

const threads = [1, 2];
const devices = await Promise.all(threads.map((count) => openDevice("cpu", { threads: count })));
afterAll(async () => {
  for (const device of devices) await device.close();
});
const LOG_N = 12;
const primes = [primePool()[0], ...primePool().filter((p) => residueBits(p) < 30).slice(0, 2)]; // biome-ignore format: one line

describe.each(threads.map((count, i) => [count, devices[i]] as const))("%i threads", (_threads, device) => {
  async function packedOf(prime: number, seed: number): Promise<{ residues: Uint32Array; words: Uint32Array }> {
    const next = wordStream(seed);
    const residues = Uint32Array.from({ length: 2 ** LOG_N }, () => next() % prime);
    const [limb, packed] = device.allocate(LOG_N, 2);
    device.write(LOG_N, limb, residues);
    device.launch("pack", LOG_N, [[packed, limb, prime]]);
    const [words] = await device.read(LOG_N, [packed]);
    device.free(LOG_N, [limb, packed]);
    return { residues, words: words.slice(0, (2 ** LOG_N * residueBits(prime)) / 32) };
  }

  test("writePacked = write and unpack, for rows of any primes, however many launches wait", async () => {
    const sources = await Promise.all(primes.map((prime, i) => packedOf(prime, i + 1)));
    // 2,000 rows are several times what the ring of launches holds.
    for (const count of [1, 3, 2000]) {
      const outs = device.allocate(LOG_N, count);
      const before = device.statistics().rows.unpack;
      const shared = new Uint32Array(2 ** LOG_N);
      const rows = outs.map((out, i) => {
        const k = i % primes.length;
        // One buffer for all that is read, as a store in a file has: each is used before the next is asked for.
        const read = () => {
          shared.set(sources[k].words);
          return shared.subarray(0, sources[k].words.length);
        };
        return { out, prime: primes[k], read };
      });
      device.writePacked!(LOG_N, rows);
      shared.fill(0xffffffff);
      device.launch("negate", LOG_N, [[outs[0], outs[0], primes[0]]]);
      expect(device.statistics().rows.unpack - before).toBe(count);
      const read = await device.read(LOG_N, outs);
      for (const [i, words] of read.entries()) {
        const k = i % primes.length;
        const wanted = i === 0 ? sources[k].residues.map((x) => (x === 0 ? 0 : primes[k] - x)) : sources[k].residues;
        expect(
          words.every((word, j) => word === wanted[j]),
          `row ${i} of ${count}`,
        ).toBe(true);
      }
      device.free(LOG_N, outs);
    }
  });

  test("words of another length are a RangeError, and the device goes on", async () => {
    const [out] = device.allocate(LOG_N, 1);
    const wrong = () => device.writePacked!(LOG_N, [{ out, prime: primes[0], read: () => new Uint32Array(7) }]);
    if (device.describe().includes("1 thread")) expect(wrong).not.toThrow();
    else expect(wrong).toThrow(/^7 packed words/);
    const { residues, words } = await packedOf(primes[0], 9);
    device.writePacked!(LOG_N, [{ out, prime: primes[0], read: () => words }]);
    const [read] = await device.read(LOG_N, [out]);
    expect(read.every((word, j) => word === residues[j])).toBe(true);
    device.free(LOG_N, [out]);
  });
});
