import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ERROR_BOUND, ERROR_SIGMA, GAUSSIAN_THRESHOLDS } from "../../src/ntt/kernels.js";
import { primePool } from "../../src/ntt/primes.js";
import { PRIMES, randomWords } from "./limbs.js";
import { DevicePair, requireEqual } from "./pair.js";

let pair: DevicePair;
beforeAll(async () => {
  pair = await DevicePair.open();
});
afterAll(() => pair.close());

function expand(logN: number, prime: number, seed: Uint32Array): Promise<Uint32Array[]> {
  return pair.run({ kernel: "expandUniform", logN, inputs: [], outputs: 1, rows: ([out]) => [[out, prime, seed]] });
}

/** Little-endian words of hexadecimal bytes. */
function words(hex: string): Uint32Array {
  const bytes = Buffer.from(hex, "hex");
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i));
}

const ZEROS = "00".repeat(32);
/** RFC 8439, section 2.3.2 and appendix A.1: key, nonce, block counter, key stream. */
const VECTORS = [
  {
    name: "2.3.2",
    key: Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString("hex"),
    nonce: "000000090000004a00000000",
    block: 1,
    stream:
      "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e" +
      "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
  },
  {
    name: "A.1 #1",
    key: ZEROS,
    nonce: "00".repeat(12),
    block: 0,
    stream:
      "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7" +
      "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
  },
  {
    name: "A.1 #2",
    key: ZEROS,
    nonce: "00".repeat(12),
    block: 1,
    stream:
      "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed" +
      "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
  },
  {
    name: "A.1 #3",
    key: `${ZEROS.slice(2)}01`,
    nonce: "00".repeat(12),
    block: 1,
    stream:
      "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a" +
      "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0",
  },
  {
    name: "A.1 #4",
    key: `00ff${ZEROS.slice(4)}`,
    nonce: "00".repeat(12),
    block: 2,
    stream:
      "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca" +
      "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096",
  },
  {
    name: "A.1 #5",
    key: ZEROS,
    nonce: "000000000000000000000002",
    block: 0,
    stream:
      "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7" +
      "8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d",
  },
];

test.each(
  VECTORS,
)("RFC 8439, $name: coefficients 8·block.. are the key stream's 64-bit words mod p", async (vector) => {
  const seed = words(vector.key + vector.nonce);
  const stream = Buffer.from(vector.stream, "hex");
  for (const prime of PRIMES) {
    const [limb] = await expand(10, prime, seed);
    for (let i = 0; i < 8; i++) {
      expect(BigInt(limb[8 * vector.block + i])).toBe(stream.readBigUInt64LE(8 * i) % BigInt(prime));
    }
  }
});

test.each([10, 12, 14, 16])("equals the reference (@noble/ciphers) at N = 2^%i", async (logN) => {
  for (const prime of PRIMES) await expand(logN, prime, randomWords(10, logN).slice(0, 11));
});

test("equals the reference for any seed and prime", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...primePool()),
      fc.uint32Array({ minLength: 11, maxLength: 11 }),
      async (prime, seed) => {
        await expand(10, prime, seed);
      },
    ),
    { numRuns: 40 },
  );
});

test("a smaller ring's expansion is the beginning of a larger one's", async () => {
  const seed = randomWords(10, 7).slice(0, 11);
  const [small] = await expand(10, PRIMES[0], seed);
  const [large] = await expand(13, PRIMES[0], seed);
  requireEqual(large.slice(0, 1024), small, "prefix");
});

test("residues are uniform: mean and variance of 2^16 within six deviations", async () => {
  for (const prime of PRIMES) {
    const [limb] = await expand(16, prime, randomWords(10, 8).slice(0, 11));
    const count = limb.length;
    const unit = Array.from(limb, (x) => x / prime - 0.5);
    const mean = unit.reduce((sum, x) => sum + x, 0) / count;
    const variance = unit.reduce((sum, x) => sum + x * x, 0) / count;
    expect(Math.abs(mean)).toBeLessThan(6 * Math.sqrt(1 / 12 / count));
    // The variance of x² is 1/180 for x uniform in [−1/2, 1/2).
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(6 * Math.sqrt(1 / 180 / count));
  }
});

test.each([10, 12, 14])("sampleTernary and sampleGaussian = their definitions in BigInt, N = 2^%d", async (logN) => {
  for (const stream of [1, 2]) {
    const seed = randomWords(10, stream).slice(0, 11);
    for (const kernel of ["sampleTernary", "sampleGaussian"] as const) {
      await pair.run({ kernel, logN, inputs: [], outputs: 1, rows: ([out]) => [[out, seed]] });
    }
  }
});

test("lift = the residue of a signed word, up to the prime", async () => {
  for (const prime of PRIMES) {
    const words = Uint32Array.from({ length: 1024 }, (_, i) => [0, 1, -1, prime - 1, 1 - prime, 19, -19, i][i % 8]);
    await pair.run({ kernel: "lift", logN: 10, inputs: [words], outputs: 1, rows: ([a, out]) => [[out, a, prime]] });
  }
});

test("the thresholds are those of the discrete Gaussian, σ = 3.2, cut at 19, to 2^−50", () => {
  const weights = Array.from(
    { length: ERROR_BOUND + 1 },
    (_, k) => (k === 0 ? 1 : 2) * Math.exp(-(k * k) / (2 * ERROR_SIGMA ** 2)),
  );
  const total = weights.reduce((a, b) => a + b);
  let sum = 0;
  for (const [k, threshold] of GAUSSIAN_THRESHOLDS.entries()) {
    sum += weights[k];
    expect(Math.abs(threshold / 2 ** 53 - sum / total)).toBeLessThan(2 ** -50);
  }
  expect(GAUSSIAN_THRESHOLDS).toHaveLength(ERROR_BOUND);
});
