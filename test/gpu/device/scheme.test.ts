import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Ciphertext,
  Encryptor,
  Evaluator,
  evaluatePolynomial,
  KeyHolder,
  type Parameters,
  Polynomial,
  Randomness,
} from "../../../src/ckks/index.js";
import { type Device, openDevice } from "../../../src/index.js";
import { digest, SETTINGS, Values } from "../../ckks/settings.js";

const devices: Device[] = [];
beforeAll(async () => {
  devices.push(await openDevice("cpu", { threads: 1 }), await openDevice("webgpu"));
});
afterAll(() => Promise.all(devices.map((device) => device.close())));

const OPERATIONS: Readonly<Record<string, (he: Evaluator, x: Ciphertext, y: Ciphertext) => Ciphertext[]>> = {
  add: (he, x, y) => [he.add(x, y)],
  subtract: (he, x, y) => [he.subtract(x, y)],
  negate: (he, x) => [he.negate(x)],
  multiply: (he, x, y) => [he.multiply(x, y)],
  square: (he, x) => [he.square(x)],
  "tensor, relinearize, rescale": (he, x, y) => {
    const product = he.tensor(x, y);
    const two = he.relinearize(product);
    return [product, two, he.rescale(two)];
  },
  "multiply by a vector and a number": (he, x) => [he.multiply(x, [0.25, -0.5, 0.125]), he.multiply(x, 0.75)],
  "add a vector": (he, x) => [he.add(x, [0.25, -0.5])],
  "rotate, hoisted": (he, x) => he.rotateMany(x, [0, 1, 2, -1]),
  conjugate: (he, x) => [he.conjugate(x)],
  toLevel: (he, x) => [he.toLevel(x, 0)],
  sumOfProducts: (he, x, y) => [
    he.sumOfProducts([
      [x, y],
      [y, y],
    ]),
  ],
  "sums with numbers": (he, x, y) => {
    const plus = { terms: [[x, -0.75], [y, 3]] as const, constant: 0.25 }; // biome-ignore format: one sum
    return [he.linearSum(plus, 1), he.sumOfProducts([[x, y]], plus)];
  },
  "many sums with numbers, and i": (he, x, y) => {
    const rows = Array.from({ length: 6 }, (_, r) => ({ of: [0, 1], factors: [r / 2 - 1, 0.375] }));
    const sums = he.linearSums([x, y], [...rows, { of: [1], factors: [-2] }], [0, 1, 2, 3, 4, 5, 6], 1);
    return [...sums, he.timesI(sums[6])];
  },
  polynomial: (he, x) => [
    evaluatePolynomial(he, x, Polynomial.chebyshev([0.5, -1, 0.25, 0.125].slice(0, 2 ** he.parameters.maxLevel))),
  ],
};

interface Person {
  readonly alice: KeyHolder;
  readonly he: Evaluator;
  readonly encryptor: Encryptor;
}

async function setUp(device: Device, parameters: Parameters): Promise<Person> {
  const alice = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(5));
  const he = new Evaluator(device, parameters, alice.evaluationKeys({ rotations: [1, 2, -1], conjugate: true }));
  return { alice, he, encryptor: new Encryptor(alice.publicKey, Randomness.seededUnsafe(6)) };
}

describe.each(SETTINGS)("%s: the GPU's residues are the CPU's", (_, parameters) => {
  let people: Person[];
  const z = new Values(7).complex(8);
  beforeAll(async () => {
    people = await Promise.all(devices.map((device) => setUp(device, parameters)));
  });

  const both = async (work: (person: Person) => readonly Ciphertext[]) => {
    const [cpu, gpu] = await Promise.all(
      people.map(async (person) => Promise.all(work(person).flatMap(({ parts }) => parts.map(digest)))),
    );
    expect(gpu).toEqual(cpu);
  };

  test("encryption with the secret and with the public key", () =>
    both(({ alice, encryptor }) => [alice.encrypt(z), encryptor.encrypt(z)]));

  test.each(Object.entries(OPERATIONS))("%s", (_, operation) =>
    both(({ alice, he, encryptor }) => operation(he, alice.encrypt(z), encryptor.encrypt(z))));

  test("decryption", async () => {
    const [cpu, gpu] = await Promise.all(people.map(({ alice }) => alice.decryptComplex(alice.encrypt(z))));
    expect(gpu).toEqual(cpu);
  });
});
