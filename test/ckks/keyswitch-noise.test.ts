import { describe, expect, it } from "vitest";
import { Evaluator, Parameters } from "../../src/ckks/index.js";
import { conjugationElement, rotationElement } from "../../src/ckks/keys/galois.js";
import { choosePrimes } from "../../src/ntt/primes.js";
import { NoiseBounds } from "./noise-bounds.js";
import { automorphism, noise, openSecret, phase } from "./phase.js";
import { levelsOf, unsafe, Values } from "./settings.js";

/**
 * The noise that one hybrid key switch adds to a coefficient has the variance
 *     Σ_d N·(Q_d²/12)·σ² / P²  +  (1 + 2N/3)/12
 * (digits uniform in ±Q_d/2 against errors of σ, and the rounding of both parts by the division by P; Han and Ki,
 * CT-RSA 2020, section 3; Kim, Polyakov, Zucca, ASIACRYPT 2021, section 4). Coefficients are sums of many small terms,
 * near enough Gaussian, so that 6 deviations hold over N of them.
 */
const SETS: Readonly<Record<string, Parameters>> = {
  "dnum 4, P = 2^30 times the digit": unsafe(11, [1, 1, 1, 1], { digitPrimes: 1, specials: 2 }),
  "dnum 2, P = 2^30 times the digit": unsafe(11, [1, 1, 1, 1], { digitPrimes: 2, specials: 3 }),
  "dnum 1": unsafe(11, [1, 1, 1, 1], { digitPrimes: 4, specials: 5 }),
  "dnum 3, digits of 2, 2 and 1 primes": unsafe(12, [2, 1, 1, 1], { digitPrimes: 2, specials: 3 }),
  "P = 2^8 times the digit": unsafe(12, [1, 1, 1], { digitPrimes: 2, specials: 3, specialBits: 22.8 + 2 }),
  "P barely above the digit, as far as parameters go": barely(),
};

/** One special prime, the largest of the pool. */
function barely(): Parameters {
  const [special, ...primes] = choosePrimes(5, 30);
  const levels = primes.map((p) => [p]);
  return Parameters.of({ logN: 11, levels, special: [special], digitPrimes: 1, baseScaleBits: 24, security: "none" });
}

for (const [name, parameters] of Object.entries(SETS)) {
  describe(name, async () => {
    const { ring, device, secret, generator, encryptor } = await openSecret(parameters, 21);
    const bounds = new NoiseBounds(parameters);
    const values = new Values(22);
    const he = new Evaluator(device, parameters, generator.evaluationKeys({ rotations: [1, -5], conjugate: true }));

    const check = ({ max, variance }: { max: number; variance: number }, level: number) => {
      const expected = bounds.keySwitch(level);
      expect(max).toBeLessThan(6 * Math.sqrt(expected));
      // A mean over N ≥ 2^11 coefficients: within 20 %, whatever the secret's weight is.
      expect(variance / expected).toBeGreaterThan(0.8);
      expect(variance / expected).toBeLessThan(1.2);
    };

    for (const level of levelsOf(parameters)) {
      it(`rotation and conjugation at level ${level}: noise of the size that theory says`, async () => {
        const x = encryptor.encrypt(values.complex(parameters.slots), { level });
        const before = await phase(x, secret, parameters);
        for (const steps of [1, -5]) {
          const after = await phase(he.rotate(x, steps), secret, parameters);
          check(noise(after, automorphism(before, rotationElement(steps, ring.logN))), level);
        }
        const after = await phase(he.conjugate(x), secret, parameters);
        check(noise(after, automorphism(before, conjugationElement(ring.logN))), level);
      });

      it(`relinearisation at level ${level}: the same`, async () => {
        if (level === 0) return;
        const x = encryptor.encrypt(values.complex(parameters.slots), { level });
        const product = he.tensor(x, x);
        const before = await phase(product, secret, parameters);
        const after = await phase(he.relinearize(product), secret, parameters);
        check(noise(after, before), level);
      });

      it(`a key made for level ${level} is as good as one for the highest, and smaller`, async () => {
        const keys = generator.evaluationKeys({ relinearize: level, rotations: new Map([[1, level]]) });
        const x = encryptor.encrypt(values.complex(parameters.slots), { level });
        const limited = new Evaluator(device, parameters, keys);
        const before = await phase(x, secret, parameters);
        const after = await phase(limited.rotate(x, 1), secret, parameters);
        check(noise(after, automorphism(before, rotationElement(1, ring.logN))), level);
        const whole = generator.evaluationKeys({ rotations: [1] });
        if (level < parameters.maxLevel) expect(keys.packedBytes).toBeLessThan(whole.packedBytes);
        else expect(keys.packedBytes).toBe(whole.packedBytes);
        for (const set of [keys, whole]) set[Symbol.dispose]();
      });
    }

    it("rotations of rotations add their noise, and no more", async () => {
      const x = encryptor.encrypt(values.complex(parameters.slots));
      const before = await phase(x, secret, parameters);
      let y = x;
      for (let i = 0; i < 4; i++) y = he.rotate(y, 1);
      const { max, variance } = noise(
        await phase(y, secret, parameters),
        automorphism(before, rotationElement(4, ring.logN)),
      );
      const expected = 4 * bounds.keySwitch(x.level);
      expect(max).toBeLessThan(6 * Math.sqrt(expected));
      expect(variance).toBeLessThan(1.2 * expected);
    });

    it("packed size of evaluation keys: digits × primes × N·bits/8, one seed, a header", async () => {
      const keys = generator.evaluationKeys({ rotations: [1], conjugate: true });
      const primes = [...parameters.primesAt(parameters.maxLevel), ...parameters.special];
      const half = primes.reduce((sum, p) => sum + (2 ** ring.logN * Math.ceil(Math.log2(p))) / 8, 0);
      const halves = 3 * parameters.dnum * half;
      // A seed, and a header with blocks' lengths and checksums: below one part in a hundred.
      expect(keys.packedBytes).toBeGreaterThan(halves + 32);
      expect(keys.packedBytes).toBeLessThan(1.01 * halves);
      expect((await keys.toBytes()).length).toBe(keys.packedBytes);
      expect(keys.bytes).toBe(3 * parameters.dnum * 2 * primes.length * 4 * 2 ** ring.logN);
      keys[Symbol.dispose]();
    });
  });
}
