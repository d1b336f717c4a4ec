import { expect, test } from "vitest";
import { COEFFICIENTS, type Form, OPERAND, powerOfWord, VALUES } from "../../src/ckks/form.js";
import { Ring } from "../../src/ckks/index.js";
import {
  add,
  addInto,
  addScaled,
  fromIntegers,
  multiply,
  permute,
  RnsPolynomial,
  scale,
  subtract,
  toCoefficients,
  toOperand,
} from "../../src/ckks/polynomial.js";
import { powerModulo } from "../../src/ntt/modulus.js";
import { testDevice, unsafe } from "./settings.js";

const parameters = unsafe(10, [1, 1], { digitPrimes: 1, specials: 2 });
const primes = parameters.primesAt(1);
const ring = Ring.of(await testDevice(), parameters);

function blank(form: Form): RnsPolynomial {
  return RnsPolynomial.allocate(ring, primes, form);
}

test("what means nothing when it is put together is a TypeError: sums of two forms, products of coefficients", () => {
  using coefficients = blank(COEFFICIENTS);
  using values = blank(VALUES);
  using operand = blank(OPERAND);
  for (const sum of [add, subtract, addInto]) {
    expect(() => sum(values, coefficients)).toThrow(TypeError);
    expect(() => sum(values, operand)).toThrow("times 2^0 meets one times 2^32");
  }
  expect(() => addScaled(values, coefficients, () => 1)).toThrow("by its coefficients");
  for (const [a, b] of [
    [values, coefficients],
    [coefficients, operand],
  ]) {
    expect(() => multiply(a, b)).toThrow("by its coefficients");
  }
  expect(() => permute(coefficients, 3)).toThrow("by its coefficients");
  expect(() => toCoefficients(coefficients)).toThrow("by its coefficients");
  expect(() => values.transform()).toThrow("by its values");
});

test("a product carries one power of 2^32 less than its factors together, and sums with numbers mind the powers", async () => {
  const numbers = new Float64Array(1024);
  numbers[0] = 5;
  numbers[3] = -2;
  using x = fromIntegers(ring, numbers, primes);
  using operand = toOperand(x);
  expect([x.form, operand.form]).toEqual([COEFFICIENTS, { domain: "coefficients", power: 1 }]);
  for (const poly of [x, operand]) poly.transform();
  using plain = multiply(x, operand);
  using carrying = multiply(x, x);
  using raised = multiply(operand, operand);
  expect([plain, carrying, raised].map(({ form }) => form.power)).toEqual([0, -1, 1]);
  // x² = 25 − 20·X^3 + 4·X^6, whatever it carries; then with 3x, and −3x again.
  for (const square of [plain, carrying, raised]) {
    addScaled(square, x, () => 3);
    addScaled(square, operand, (p) => p - 3);
    using moved = scale(square, () => 2, primes, 1);
    using result = toCoefficients(moved);
    for (const [i, words] of (await ring.device.read(10, result.limbs)).entries()) {
      expect([words[0], words[3], words[6], words[1]]).toEqual([50, primes[i] - 40, 8, 0]);
    }
  }
});

test("powers of 2^32 modulo a prime, up and down", () => {
  for (const p of primes) {
    for (const power of [0, 1, 2]) expect(powerOfWord(power, p)).toBe(powerModulo(2, 32 * power, p));
    for (const power of [-1, -2]) expect(powerOfWord(power, p)).toBe(powerModulo(2, p - 1 + 32 * power, p));
  }
});
