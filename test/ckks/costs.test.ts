import { describe, expect, it } from "vitest";
import { type Ciphertext, type CountedOperation, operationCosts, Parameters } from "../../src/ckks/index.js";
import type { Device } from "../../src/ntt/device.js";
import { instance, levelsOf, unsafe } from "./settings.js";

const SETS: Readonly<Record<string, Parameters>> = {
  "a digit for each prime": unsafe(10, [1, 1, 1, 1], { digitPrimes: 1, specials: 2 }),
  "digits of 2, 2 and 1 primes, a base of two": unsafe(11, [2, 1, 1, 1], { digitPrimes: 2, specials: 3 }),
  "two primes a level, one digit": unsafe(10, [2, 2, 2], { digitPrimes: 6, specials: 7, baseScaleBits: 40 }),
  "128 bits": Parameters.choose({ depth: 4 }),
};

/** Rows of both transforms, and of sums with a key: only those have rows modulo a special prime, one each. */
async function count(device: Device, parameters: Parameters, work: () => unknown) {
  const launch = device.launch;
  const counted = { ntts: 0, keySwitches: 0 };
  device.launch = ((kernel, logN, rows) => {
    if (kernel === "ntt" || kernel === "intt") counted.ntts += rows.length;
    if (kernel === "dotProduct") {
      counted.keySwitches += rows.filter((row) => "prime" in row && row.prime === parameters.special[0]).length;
    }
    launch.call(device, kernel, logN, rows);
  }) as Device["launch"];
  try {
    await work();
  } finally {
    device.launch = launch;
  }
  return counted;
}

for (const [name, parameters] of Object.entries(SETS)) {
  describe(`${name}: what the table says is what a device is asked for`, async () => {
    const { device, he, alice, encryptor, values } = await instance(parameters, 41);
    const vector = values.real(parameters.slots);
    for (const level of levelsOf(parameters)) {
      const costs = operationCosts(parameters, level);
      const x = alice.encrypt(vector, { level });
      const y = encryptor.encrypt(vector, { level });
      const plain = he.encoder.encode(vector, level);
      const work: Partial<Record<CountedOperation, () => unknown>> = {
        encode: () => he.encoder.encode(vector, level),
        encryptSecretKey: () => alice.encrypt(vector, { level }),
        encryptPublicKey: () => encryptor.encrypt(vector, { level }),
        decrypt: () => alice.decrypt(x),
        add: () => he.add(x, plain),
        addVector: () => he.add(x, vector),
        rotate: () => he.rotate(x, 1),
        conjugate: () => he.conjugate(x),
      };
      if (level > 0) {
        const product = he.tensor(x, y);
        Object.assign(work, {
          multiply: () => he.multiply(x, y),
          multiplyPlaintext: () => he.multiply(x, plain),
          multiplyVector: () => he.multiply(x, vector),
          tensor: () => he.tensor(x, y),
          relinearize: () => he.relinearize(product),
          rescale: () => he.rescale(he.multiplyPlain(x, 2)),
        });
      }
      it(`level ${level}`, async () => {
        for (const [operation, run] of Object.entries(work)) {
          let result: unknown;
          const counted = await count(device, parameters, () => (result = run()));
          const { levels, ...said } = costs[operation as CountedOperation];
          expect([operation, counted]).toEqual([operation, said]);
          if (levels > 0) expect((result as Ciphertext).level).toBe(level - levels);
        }
        const two = await count(device, parameters, () => he.rotateMany(x, [1, 2]));
        expect(two.ntts).toBe(costs.rotate.ntts + costs.rotateAgain.ntts);
        expect(two.keySwitches).toBe(2);
        const all: Partial<Record<CountedOperation, unknown>> = { ...work, rotateAgain: two };
        if (level > 0) expect(Object.keys(all).sort()).toEqual(Object.keys(costs).sort());
      });
    }
  });
}
