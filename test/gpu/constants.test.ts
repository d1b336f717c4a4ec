import fc from "fast-check";
import { expect, test } from "vitest";
import { shoupWords } from "../../src/gpu/constants.js";
import { primePool } from "../../src/ntt/primes.js";

/** `shoup4` of shaders/modular.wgsl with numbers that do not wrap. */
function shoup(x: number, [w, quotient]: readonly [number, number], p: number): number {
  const [x0, q0] = [x, quotient].map((word) => (word << 16) >> 16);
  const [x1, q1] = [(x - x0) / 2 ** 16, quotient >> 16];
  const middle = x0 * q1 - 0x8000 + x1 * q0;
  expect(middle).toBe(middle | 0);
  return Number(BigInt(x) * BigInt(w) - BigInt(x1 * q1 + (middle >> 16)) * BigInt(p));
}

test("x·w by quotient halves is in (0, 2p) for all |x| < 2p", () => {
  const pool = primePool();
  const p = fc.constantFrom(pool[0], pool[400], pool[pool.length - 1]);
  // Halves of −2^15, 2^15 − 1 and their neighbours are the worst; quotients near 2^31 have another representative.
  const half = fc.oneof(fc.integer({ min: -32768, max: 32767 }), fc.constantFrom(-32768, -32767, 32766, 32767));
  const fraction = fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0.49999, max: 0.50001, noNaN: true }),
  );
  fc.assert(
    fc.property(p, half, half, fraction, (p, upper, lower, fraction) => {
      const x = Math.max(1 - 2 * p, Math.min(2 * p - 1, 65536 * upper + lower));
      const w = Math.min(p - 1, Math.floor(fraction * p));
      const product = shoup(x, shoupWords(w, p), p);
      expect(product).toBeGreaterThan(0);
      expect(product).toBeLessThan(2 * p);
      expect((BigInt(product) - BigInt(x) * BigInt(w)) % BigInt(p)).toBe(0n);
    }),
    { numRuns: 20_000 },
  );
});
