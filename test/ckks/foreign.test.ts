import { afterAll, describe, expect, test } from "vitest";
import {
  Ciphertext,
  Encoder,
  Encryptor,
  Evaluator,
  evaluatePolynomial,
  KeyHolder,
  linearTransform,
  Parameters,
  Plaintext,
  Polynomial,
  Randomness,
  type Ring,
  SecretKey,
  sumSlots,
} from "../../src/ckks/index.js";
import { KeyMismatchError, ParameterError } from "../../src/errors.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { unsafe } from "./settings.js";

const parameters = unsafe(10, [1, 1, 1], { digitPrimes: 1, specials: 2 });
const rescaled = unsafe(10, [1, 1, 1], { digitPrimes: 1, specials: 2, baseScaleBits: 23 });
const wider = unsafe(11, [1, 1, 1], { digitPrimes: 1, specials: 2 });
const [here, there] = await Promise.all([openCpuDevice(), openCpuDevice()]);
afterAll(() => Promise.all([here.close(), there.close()]));

/** The same seed gives the same fingerprint everywhere: what is refused here is not refused for its key. */
async function world(device: Device, parameters: Parameters) {
  const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(1));
  const keys = holder.evaluationKeys({ rotations: [1], conjugate: true });
  const he = new Evaluator(device, parameters, keys);
  const secret = await SecretKey.generate(he.ring, Randomness.seededUnsafe(2));
  return { device, parameters, holder, keys, he, secret, x: holder.encrypt([1, 2]), plain: he.encoder.encode([3, 4]) };
}

const home = await world(here, parameters);

describe.each([
  ["another device", "on another device", await world(there, parameters)],
  ["other scales", "other parameters", await world(here, rescaled)],
  ["another degree", "parameters", await world(here, wider)],
])("what comes from %s is a ParameterError", (_, message, away) => {
  const refused = (run: () => unknown) => {
    expect(run).toThrow(ParameterError);
    expect(run).toThrow(message);
  };

  test("ciphertexts in every operation", async () => {
    const { he, holder, x } = home;
    refused(() => he.add(away.x, x));
    refused(() => he.add(x, away.x));
    refused(() => he.subtract(x, away.x));
    refused(() => he.negate(away.x));
    refused(() => he.multiply(x, away.x));
    refused(() => he.multiply(away.x, 2));
    refused(() => he.tensorSum([[x, away.x]]));
    refused(() => he.tensorSum([[x, x]], { terms: [[away.x, 1]] }));
    refused(() => he.linearSum({ terms: [[away.x, 1]] }, 1));
    refused(() => evaluatePolynomial(he, away.x, Polynomial.monomial([1, 1])));
    refused(() => sumSlots(he, away.x));
    refused(() => he.rescale(away.x));
    refused(() => he.toLevel(away.x, 0));
    refused(() => he.rotate(away.x, 1));
    refused(() => he.conjugate(away.x));
    refused(() => he.explain(away.x));
    refused(() => he.copy(away.x));
    await expect(holder.decrypt(away.x)).rejects.toThrow(ParameterError);
    await expect(holder.decrypt(away.x)).rejects.toThrow(message);
  });

  test("plaintexts", () => {
    const { he, x } = home;
    const groups = [{ giant: 0, terms: [{ baby: 0, diagonal: away.plain }] }];
    refused(() => he.add(x, away.plain));
    refused(() => he.multiply(x, away.plain));
    refused(() => he.multiplyPlaintextSum([[x, away.plain]]));
    if (away.plain.slots === x.slots) refused(() => linearTransform(he, x, { groups }));
    else expect(() => linearTransform(he, x, { groups })).toThrow(ParameterError);
  });

  test("keys, where they are taken", () => {
    refused(() => new Evaluator(home.device, parameters, away.keys));
  });
});

test("parameters of equal content, made twice or read from JSON, work together", async () => {
  const twin = Parameters.of(JSON.parse(JSON.stringify(parameters)));
  const { keys, holder, x } = home;
  const he = new Evaluator(here, twin, keys);
  const encryptor = new Encryptor(holder.publicKey, Randomness.seededUnsafe(4));
  const product = he.multiply(he.add(x, encryptor.encrypt([1, 1])), home.plain);
  const values = await holder.decrypt(product, 2);
  expect(values[0]).toBeCloseTo(6, 1);
  expect(values[1]).toBeCloseTo(12, 1);
});

test("a ring that somebody put together is a TypeError that says where rings come from", async () => {
  const forged = { device: here, parameters, logN: 10 } as unknown as Ring;
  const take = [async () => new Encoder(forged), () => SecretKey.generate(forged, Randomness.seededUnsafe(1))];
  for (const ring of take) {
    await expect(ring()).rejects.toThrow(TypeError);
    await expect(ring()).rejects.toThrow("Ring.of(device, parameters)");
  }
});

test("a plaintext of another scale than its level's is a ParameterError, not another number", () => {
  const { he, x, plain } = home;
  const doubled = new Plaintext(plain.polynomial, plain.level, 2 * plain.scale, plain.slots);
  for (const run of [() => he.add(x, doubled), () => he.multiply(x, doubled)]) {
    expect(run).toThrow(ParameterError);
    expect(run).toThrow("scale");
  }
});

test("another key of the same device and parameters is a KeyMismatchError still", async () => {
  const { he, x } = home;
  const stranger = (await KeyHolder.create(here, parameters, Randomness.seededUnsafe(9))).encrypt([1, 2]);
  expect(() => he.add(x, stranger)).toThrow(KeyMismatchError);
  const forged = new Ciphertext(stranger.parts, { level: 2, state: "canonical", slots: 512, fingerprint: "00" });
  expect(() => he.multiply(x, forged)).toThrow(KeyMismatchError);
});
