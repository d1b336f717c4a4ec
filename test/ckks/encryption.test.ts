import { describe, expect, it } from "vitest";
import { Encryptor, KeyHolder, Parameters, Randomness } from "../../src/ckks/index.js";
import { expandUniform } from "../../src/ckks/sampling.js";
import { NoiseBounds } from "./noise-bounds.js";
import { clear, digest, errorBits, instance, levelsOf, SETTINGS } from "./settings.js";

const CIPHERTEXT_STREAM = 1;
const SETS = [
  ...SETTINGS,
  ["N = 2^14, depth 7, 128 bits", Parameters.choose({ depth: 7, slots: 8192, wideBase: false })] as const,
];

for (const [name, parameters] of SETS) {
  describe(name, async () => {
    const test = await instance(parameters);
    const { alice, encryptor, device, he, values } = test;
    const bounds = new NoiseBounds(parameters);

    for (const level of levelsOf(parameters)) {
      for (const slots of [parameters.slots, 8]) {
        it(`decrypt(encrypt(z)) = z within the fresh noise, level ${level}, ${slots} slots`, async () => {
          const z = values.complex(slots);
          using secret = alice.encrypt(z, { level, slots });
          using open = encryptor.encrypt(z, { level, slots });
          for (const ct of [secret, open]) expect(ct).toMatchObject({ level, slots, state: "canonical" });
          expect(await errorBits(test, secret, z)).toBeLessThan(Math.log2(bounds.freshSlot(level, slots)));
          expect(await errorBits(test, open, z)).toBeLessThan(Math.log2(bounds.slot(bounds.freshPublic, level, slots)));
        });
      }
    }

    it("c_1 of a secret-key encryption is the expansion of its seed", async () => {
      using ct = alice.encrypt([1, 2, 3]);
      expect(ct.seed).toHaveLength(32);
      const a = expandUniform(he.ring, ct.parts[1].primes, ct.seed!, CIPHERTEXT_STREAM, 0);
      expect(await digest(a)).toBe(await digest(ct.parts[1]));
      a[Symbol.dispose]();
    });

    it("two encryptions of one message differ in every part", async () => {
      for (const door of [alice, encryptor]) {
        using x = door.encrypt([1, 2, 3]);
        using y = door.encrypt([1, 2, 3]);
        for (const i of [0, 1]) expect(await digest(x.parts[i])).not.toBe(await digest(y.parts[i]));
        if (x.seed) expect(x.seed).not.toEqual(y.seed);
      }
    });

    it("packed bytes: N·⌈log2 q⌉/8 a residue row, one part where there is a seed, and a header: the file's, to the byte", async () => {
      for (const level of levelsOf(parameters)) {
        const row = parameters
          .primesAt(level)
          .reduce((sum, q) => sum + (2 ** parameters.logN * Math.ceil(Math.log2(q))) / 8, 0);
        using secret = alice.encrypt([], { level });
        using open = encryptor.encrypt([], { level });
        for (const [ct, rows, seed] of [
          [secret, row, 32],
          [open, 2 * row, 0],
        ] as const) {
          const limbs = ct.parts[0].primes.length;
          // Prefix, fields, primes, end; and 8 bytes for each block.
          expect(ct.packedBytes).toBe(rows + 16 + 81 + seed + 4 + 4 * limbs + 4 + 8 + (8 * limbs * rows) / row);
          expect((await ct.toBytes()).length).toBe(ct.packedBytes);
        }
        expect(open.bytes).toBe(2 * 4 * 2 ** parameters.logN * parameters.primesAt(level).length);
      }
    });

    it("a slot that encrypts nothing decrypts to noise only", async () => {
      using ct = encryptor.encrypt([]);
      const zero = clear.constant(parameters.slots, 0);
      expect(await errorBits(test, ct, zero)).toBeLessThan(Math.log2(bounds.slot(bounds.freshPublic, ct.level)));
    });

    it("keys and ciphertexts carry their key's fingerprint; another seed makes another key", async () => {
      using other = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(99));
      using ct = new Encryptor(other.publicKey, Randomness.seededUnsafe(3)).encrypt([1]);
      expect(ct.fingerprint).toBe(other.fingerprint);
      expect(ct.fingerprint).not.toBe(alice.fingerprint);
      expect(alice.publicKey.fingerprint).toBe(alice.fingerprint);
      expect(he.keys.fingerprint).toBe(alice.fingerprint);
    });
  });
}

describe("seeded randomness", () => {
  it("the same seed makes the same key and the same ciphertexts", async () => {
    const [, parameters] = SETTINGS[0];
    const [a, b] = [await instance(parameters, 7), await instance(parameters, 7)];
    expect(a.alice.fingerprint).toBe(b.alice.fingerprint);
    using x = a.alice.encrypt([1, 2]);
    using y = b.alice.encrypt([1, 2]);
    for (const i of [0, 1]) expect(await digest(x.parts[i])).toBe(await digest(y.parts[i]));
  });
});
