import { afterAll, describe, expect, test } from "vitest";
import {
  type Ciphertext,
  Encoder,
  Encryptor,
  Evaluator,
  evaluatePolynomial,
  fold,
  KeyHolder,
  type LinearTransform,
  linearTransform,
  Parameters,
  type Plaintext,
  Polynomial,
  Randomness,
  type SlotValues,
  sumSlots,
} from "../../src/ckks/index.js";
import { LevelError, ParameterError } from "../../src/errors.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import { unsafe } from "./settings.js";

const parameters = unsafe(10, [1, 1, 1], { digitPrimes: 1, specials: 2 });
const device = await openCpuDevice();
afterAll(() => device.close());
const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(1));
const he = new Evaluator(device, parameters, holder.evaluationKeys({ rotations: [1, -1] }));
const x = holder.encrypt([1, 2], { slots: 4 });

const NO_INTEGERS = [1.5, Number.NaN, Infinity, -Infinity, "1" as unknown as number, null as unknown as number];

function refused(run: () => unknown, name: string): void {
  expect(run).toThrow(RangeError);
  expect(run).toThrow(name);
}

describe("numbers of steps, levels and slots are whole and exist, or a RangeError names the argument", () => {
  test("rotations", () => {
    for (const step of [...NO_INTEGERS, 2 ** 53]) {
      refused(() => holder.evaluationKeys({ rotations: [step] }), `rotations: step ${step}`);
      refused(() => holder.evaluationKeys({ rotations: new Map([[step, 0]]) }), `rotations: step ${step}`);
      refused(() => he.rotate(x, step), `steps ${step}`);
      refused(() => he.rotateMany(x, [1, step]), `steps ${step}`);
    }
  });

  test("levels", () => {
    for (const level of [...NO_INTEGERS, -1, 3]) {
      refused(() => holder.evaluationKeys({ relinearize: level }), `relinearize: level ${level}`);
      refused(() => holder.evaluationKeys({ rotations: new Map([[1, level]]) }), `step 1 with level ${level}`);
      refused(() => holder.encrypt([1], { level }), `level ${level}`);
      refused(() => he.encoder.encode([1], level), `level ${level}`);
      if (level !== 3) refused(() => he.toLevel(x, level), `level ${level}`);
      refused(() => parameters.scaleAt(level), `level ${level}`);
    }
    refused(() => parameters.scaleAt("length" as unknown as number), "level length");
  });

  test("a refused request for keys makes none", () => {
    const before = device.statistics().bytesInUse;
    refused(() => holder.evaluationKeys({ rotations: [1, 2, 1.5] }), "1.5");
    expect(device.statistics().bytesInUse).toBe(before);
  });

  test("slots, and how many of them are wanted", async () => {
    for (const slots of [...NO_INTEGERS, "4" as unknown as number, 0, -4, 3, 1024]) {
      refused(() => holder.encrypt([1], { slots }), `${slots} slots`);
    }
    for (const count of [...NO_INTEGERS, -1, 5]) {
      await expect(holder.decrypt(x, count)).rejects.toThrow(RangeError);
      await expect(holder.decrypt(x, count)).rejects.toThrow(`count ${count}`);
    }
    expect(await holder.decrypt(x, 0)).toHaveLength(0);
    expect(await holder.decrypt(x)).toHaveLength(4);
    await expect(holder.precision(x, [1, 2, 0, 0, 7])).rejects.toThrow(RangeError);
  });
});

describe("sums of nothing are RangeErrors", () => {
  test("products", () => {
    for (const run of [he.multiplyPlaintextSum, he.sumOfProducts, he.tensorSum]) {
      refused(() => run.call(he, []), "pairs");
    }
  });

  test("one factor, or three, are no product: the third would be lost", () => {
    for (const run of [he.multiplyPlaintextSum, he.sumOfProducts, he.tensorSum]) {
      for (const factors of [[x], [x, x, x]]) refused(() => run.call(he, [factors] as never), "pairs");
    }
  });

  test("linear transforms without a diagonal", () => {
    const diagonal = he.encoder.encode([1], x.level, x.slots);
    const empty = { giant: 1, terms: [] };
    const transforms: LinearTransform<Plaintext>[] = [
      { groups: [] },
      { groups: [empty] },
      { groups: [{ giant: 0, terms: [{ baby: 0, diagonal }] }, empty] },
    ];
    for (const transform of transforms) refused(() => linearTransform(he, x, transform), "groups");
  });
});

describe("what is no operand is a TypeError, never zeros", () => {
  const strange = [undefined, null, "12", 5n, true, {}, new Set([1]), Promise.resolve([1]), holder.publicKey, () => 1];

  test("values", () => {
    for (const values of [...strange, { real: [1] }, { real: 1, imaginary: [1] }, { length: -1 }] as SlotValues[]) {
      for (const run of [
        () => he.encoder.encode(values),
        () => he.add(x, values),
        () => he.multiply(x, values),
        () => holder.encrypt(values),
      ]) {
        expect(run).toThrow(TypeError);
        expect(run).toThrow("values");
      }
    }
  });

  test("the message of it never tells the values", () => {
    expect(() => holder.encrypt("12 secret" as unknown as SlotValues)).toThrow(/not a string$/);
    expect(() => he.add(x, Promise.resolve([1]) as unknown as SlotValues)).toThrow(/not a promise \(await it\)$/);
  });

  test("ciphertexts", async () => {
    for (const ct of [...strange, he.encoder.encode([1])] as Ciphertext[]) {
      for (const run of [
        () => he.add(ct, x),
        () => he.multiply(ct, 2),
        () => he.multiply(ct, x),
        () => he.square(ct),
        () => he.sumOfProducts([[x, ct]]),
        () => he.sumOfProducts([[x, x]], { terms: [[ct, 1]] }),
        () => he.linearSum({ terms: [[ct, 1]] }, 1),
        () => evaluatePolynomial(he, ct, Polynomial.monomial([1, 1])),
        () => sumSlots(he, ct),
        () => he.rotate(ct, 1),
        () => he.toLevel(ct, 0),
        () => he.explain(ct),
        () => he.copy(ct),
        () => linearTransform(he, ct, { groups: [] }),
      ]) {
        expect(run).toThrow(TypeError);
        expect(run).toThrow("a ciphertext");
      }
      await expect(holder.decrypt(ct)).rejects.toThrow("a ciphertext");
    }
  });

  test("a factor or a summand that does not fit its level is a ParameterError", () => {
    for (const factor of [Number.NaN, Infinity, 1e300]) {
      expect(() => he.multiply(x, factor)).toThrow(ParameterError);
      expect(() => he.add(x, factor)).toThrow(ParameterError);
    }
  });
});

describe("what is no device, key, list or literal is a TypeError that says what was expected", () => {
  const nothing = [undefined, null, "text", 7, Promise.resolve()] as never[];

  test("parameters", async () => {
    for (const value of [...nothing, device as never, {} as never]) {
      await expect(KeyHolder.create(device, value)).rejects.toThrow(/^parameters: what Parameters.choose or .of gives/);
      expect(() => new Evaluator(device, value, he.keys)).toThrow(/^parameters: what Parameters.choose or .of gives/);
    }
    for (const value of nothing.slice(0, 4)) {
      expect(() => Parameters.choose(value)).toThrow(/^request: { depth } was expected|^depth undefined/);
      expect(() => Parameters.of(value)).toThrow(/^literal: { logN, levels, … } was expected|^logN undefined/);
    }
  });

  test("rings, public keys and randomness", async () => {
    const stream = Randomness.seededUnsafe(3);
    for (const value of nothing) {
      expect(() => new Encoder(value)).toThrow(/^ring: what `evaluator.ring` or `Ring.of/);
      expect(() => new Encryptor(value, stream)).toThrow(/^key: a public key was expected/);
      expect(() => new Encryptor(holder.publicKey, value)).toThrow(/^randomness: what Randomness/);
      if (value === undefined) continue;
      await expect(KeyHolder.create(device, parameters, value)).rejects.toThrow(/^randomness: what Randomness/);
    }
    expect(() => new Encoder(device as never)).toThrow(/^ring: what `evaluator.ring` or `Ring.of/);
  });

  test("lists of steps, pairs and groups", () => {
    for (const value of [...nothing, {} as never]) {
      expect(() => he.rotateMany(x, value)).toThrow(/^steps: a list of numbers was expected/);
      expect(() => fold(he, x, value)).toThrow(/^steps: a list of numbers was expected/);
      expect(() => linearTransform(he, x, value)).toThrow(/^groups: a list was expected/);
    }
    for (const value of [...nothing, [x, x] as never, x as never]) {
      expect(() => he.sumOfProducts(value)).toThrow(/^pairs: a list of pairs \[a, b\] was expected/);
      expect(() => he.multiplyPlaintextSum(value)).toThrow(/^pairs: a list of pairs \[a, b\] was expected/);
    }
  });

  test("evaluation keys, and the rotations that they are for", () => {
    for (const value of [...nothing, holder as never, holder.publicKey as never]) {
      expect(() => new Evaluator(device, parameters, value)).toThrow(/^keys: what KeyHolder.evaluationKeys gives/);
    }
    for (const rotations of [null, "12", 1, {}] as never[]) {
      expect(() => holder.evaluationKeys({ rotations })).toThrow(/^rotations: a list of steps was expected, not/);
    }
  });
});

describe("what was disposed of is a TypeError in every operation", () => {
  test("operands", async () => {
    const gone = holder.encrypt([1], { slots: 4 });
    const plain = he.encoder.encode([1], x.level, x.slots);
    for (const each of [gone, plain]) each[Symbol.dispose]();
    for (const run of [
      () => he.add(x, gone),
      () => he.add(gone, 1),
      () => he.negate(gone),
      () => he.copy(gone),
      () => he.multiply(x, gone),
      () => he.multiply(gone, 2),
      () => he.rotate(gone, 1),
      () => he.rotate(gone, 0),
      () => he.toLevel(gone, 0),
      () => he.add(x, plain),
      () => he.multiply(x, plain),
    ]) {
      expect(run).toThrow("disposed of");
    }
    await expect(holder.decrypt(gone)).rejects.toThrow("disposed of");
  });

  test("keys and their holder", async () => {
    const other = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(2));
    const keys = other.evaluationKeys({ rotations: [1] });
    const y = other.encrypt([1]);
    const evaluator = new Evaluator(device, parameters, keys);
    keys[Symbol.dispose]();
    expect(() => evaluator.square(y)).toThrow("disposed of");
    expect(() => evaluator.rotate(y, 1)).toThrow("disposed of");
    other[Symbol.dispose]();
    await expect(other.decrypt(y)).rejects.toThrow("disposed of");
    expect(() => other.encrypt([1])).toThrow("wiped");
    expect(() => other.evaluationKeys()).toThrow(TypeError);
  });
});

test("a linear transform refuses diagonals at the square of the scale, and of both kinds in one group", () => {
  const diagonal = he.multiplyPlain(x, 2);
  expect(() => linearTransform(he, x, { groups: [{ giant: 0, terms: [{ baby: 0, diagonal }] }] })).toThrow(LevelError);
  const terms = [x, he.encoder.encode([1], x.level, x.slots)].map((diagonal) => ({ baby: 0, diagonal }));
  for (const mixed of [terms, [...terms].reverse()]) {
    expect(() => linearTransform(he, x, { groups: [{ giant: 0, terms: mixed }] })).toThrow(TypeError);
  }
});
