import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KernelName, KernelRows, Limb } from "../../src/ntt/kernels.js";
import { primePool } from "../../src/ntt/primes.js";
import { toBigInts } from "../bigint-bridge.js";
import { extremeLimbs, factors, PRIMES, randomLimb, randomWords } from "./limbs.js";
import { DevicePair, requireEqual } from "./pair.js";

let pair: DevicePair;
beforeAll(async () => {
  pair = await DevicePair.open();
});
afterAll(() => pair.close());

const logN = 10;

/** How a kernel's row is made of one output and two operands; a kernel of one operand does without the second. */
type RowOf<K extends KernelName> = (out: Limb, a: Limb, b: Limb, prime: number, factor: number) => KernelRows[K];

const BINARY: { readonly [K in KernelName]?: RowOf<K> } = {
  add: (out, a, b, p) => [out, a, b, p],
  subtract: (out, a, b, p) => [out, a, b, p],
  multiply: (out, a, b, p) => [out, a, b, p],
  dropAndScale: (out, a, b, p, factor) => [out, a, b, p, factor],
  negate: (out, a, _b, p) => [out, a, p],
  multiplyScalar: (out, a, _b, p, factor) => [out, a, p, factor],
  multiplyScalarAdd: (out, a, _b, p, factor) => [out, a, p, factor],
};

describe.each(Object.keys(BINARY) as KernelName[])("%s", (kernel) => {
  const row = BINARY[kernel] as RowOf<KernelName>;

  test.each(PRIMES)("on every pair of extreme limbs modulo %i", async (p) => {
    const limbs = extremeLimbs(logN, p).map(({ words }) => words);
    for (const a of limbs) {
      for (const b of limbs) {
        const factor = factors(p)[(limbs.indexOf(a) + limbs.indexOf(b)) % factors(p).length];
        // The output holds residues too: the kernels that add to it need them.
        await pair.run({ kernel, logN, inputs: [a, b, limbs[2]], rows: ([x, y, z]) => [row(z, x, y, p, factor)] });
      }
    }
  });

  test("at any prime, any factor, in place or not", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...primePool()),
        fc.nat(),
        fc.nat(),
        fc.constantFrom("apart", "on a", "on b", "all one"),
        async (p, stream, f, place) => {
          const inputs = [1, 2, 3].map((i) => randomLimb(logN, p, stream + i));
          await pair.run({
            kernel,
            logN,
            inputs,
            rows: ([x, y, z]) => {
              if (place === "on a") return [row(x, x, y, p, f % p)];
              if (place === "on b") return [row(y, x, y, p, f % p)];
              return [place === "all one" ? row(x, x, x, p, f % p) : row(z, x, y, p, f % p)];
            },
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each([11, 12, 13, 14, 15, 16])("at N = 2^%i", async (logN) => {
    const p = PRIMES[0];
    const inputs = [1, 2, 3].map((stream) => randomLimb(logN, p, stream));
    await pair.run({ kernel, logN, inputs, rows: ([x, y, z]) => [row(z, x, y, p, p - 2)] });
  });
});

test("every row of a launch runs, each with its own prime and factor", async () => {
  const primes = primePool().slice(0, 20);
  const inputs = primes.map((p, i) => randomLimb(logN, p, i));
  const rows = (l: readonly Limb[]) => primes.map((p, i) => [l[primes.length + i], l[i], p, p - 1 - i] as const);
  await pair.run({ kernel: "multiplyScalar", logN, inputs, outputs: primes.length, rows });
  expect(pair.device.statistics().rows).toEqual(pair.reference.statistics().rows);
});

describe("reduce", () => {
  const words = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, 2 ** 32 - 1];
  const limbOf = (choose: (i: number) => number) => Uint32Array.from({ length: 2 ** logN }, (_, i) => choose(i));

  test.each(PRIMES)("on every pair of extreme words modulo %i", async (p) => {
    const edges = [...words, p - 1, p, p + 1, 2 * p - 1, 2 * p, 2 ** 32 - p];
    const low = limbOf((i) => edges[i % edges.length]);
    const high = limbOf((i) => edges[Math.floor(i / edges.length) % edges.length]);
    await pair.run({
      kernel: "reduce",
      logN,
      inputs: [low, high],
      outputs: 1,
      rows: ([a, b, out]) => [[out, a, b, p]],
    });
  });

  test("low + 2^32·high is BigInt.asIntN(64), in place or not", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...primePool()), fc.nat(), fc.nat(2), async (p, stream, place) => {
        const inputs = [randomWords(logN, stream), randomWords(logN, stream + 1), randomWords(logN, stream + 2)];
        const limbs = await pair.run({ kernel: "reduce", logN, inputs, rows: (l) => [[l[place], l[0], l[1], p]] });
        const [low, high] = [toBigInts(inputs[0]), toBigInts(inputs[1])];
        for (let i = 0; i < 2 ** logN; i += 37) {
          const value = BigInt.asIntN(64, low[i] + 2n ** 32n * high[i]) % BigInt(p);
          expect(BigInt(limbs[place][i])).toBe(value < 0n ? value + BigInt(p) : value);
        }
      }),
      { numRuns: 30 },
    );
  });

  test.each([13, 16])("at N = 2^%i", async (logN) => {
    const inputs = [randomWords(logN, 1), randomWords(logN, 2)];
    await pair.run({ kernel: "reduce", logN, inputs, outputs: 1, rows: ([a, b, out]) => [[out, a, b, PRIMES[2]]] });
  });
});

test.each([10, 13, 16])("copy and permute move whole words at N = 2^%i", async (logN) => {
  const words = randomWords(logN, 5);
  const [, copied] = await pair.run({
    kernel: "copy",
    logN,
    inputs: [words],
    outputs: 1,
    rows: ([a, out]) => [[out, a]],
  });
  requireEqual(copied, words, "copy");
  for (const galois of [1, 3, 5, 2 ** logN - 1, 2 ** logN + 1, 2 ** (logN + 1) - 1]) {
    await pair.run({ kernel: "permute", logN, inputs: [words], outputs: 1, rows: ([a, out]) => [[out, a, galois]] });
  }
});

test.each(PRIMES)("permute ∘ ntt = ntt ∘ (X → X^g) modulo %i", async (p) => {
  const n = 2 ** logN;
  await fc.assert(
    fc.asyncProperty(fc.nat(n - 1), fc.nat(), async (half, stream) => {
      const galois = 2 * half + 1;
      const { device } = pair;
      const words = randomLimb(logN, p, stream);
      const moved = new Uint32Array(n);
      for (let i = 0; i < n; i++) {
        // X^i becomes X^(g·i), and X^N = −1.
        const exponent = (i * galois) % (2 * n);
        moved[exponent % n] = exponent < n ? words[i] : (p - words[i]) % p;
      }
      const [a, b, c] = device.allocate(logN, 3);
      device.write(logN, a, words);
      device.write(logN, b, moved);
      device.launch("ntt", logN, [
        [a, a, p],
        [b, b, p],
      ]);
      device.launch("permute", logN, [[c, a, galois]]);
      const [found, wanted] = await device.read(logN, [c, b]);
      device.free(logN, [a, b, c]);
      requireEqual(found, wanted, `galois ${galois}`);
    }),
    { numRuns: 25 },
  );
});
