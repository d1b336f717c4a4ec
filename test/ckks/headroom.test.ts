import { describe, expect, it } from "vitest";
import {
  Encryptor,
  Evaluator,
  KeyHolder,
  type ParameterRequest,
  Parameters,
  Randomness,
} from "../../src/ckks/index.js";
import { ParameterError } from "../../src/errors.js";
import { clear, errorBits, testDevice, Values } from "./settings.js";

const device = await testDevice();

async function open(request: ParameterRequest) {
  const parameters = Parameters.choose(request);
  const alice = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(1));
  const he = new Evaluator(device, parameters, alice.evaluationKeys());
  return { parameters, alice, he };
}

const largest = (values: Iterable<number>) => [...values].reduce((max, x) => Math.max(max, Math.abs(x)), 0);

describe("values of every size that people take", () => {
  for (const precision of ["standard", "high"] as const) {
    it(`the squares of 0 to 9 in all slots are 0, 1, 4, … 81, ${precision} precision`, async () => {
      const { parameters, alice, he } = await open({ depth: 1, precision });
      const digits = Float64Array.from({ length: parameters.slots }, (_, i) => i % 10);
      using x = alice.encrypt(digits);
      using square = he.square(x);
      const error = (await alice.decrypt(square)).map((y, i) => y - digits[i] ** 2);
      expect(largest(error)).toBeLessThan(2 ** -9);
    });
  }

  it("without a wide base they wrap as the documentation of headroomAt says", async () => {
    const { parameters, alice, he } = await open({ depth: 1, wideBase: false });
    using x = alice.encrypt(Float64Array.from({ length: parameters.slots }, (_, i) => i % 10));
    using square = he.square(x);
    const headroom = parameters.headroomAt(0);
    const wrapped = [-33.1, -32.1, -29.1].map((y) => y + 2 * headroom);
    expect(largest((await alice.decrypt(square, 3)).map((y, i) => y - i ** 2 + 2 * headroom))).toBeLessThan(2 ** -6);
    expect(largest(wrapped.map((y, i) => y - i ** 2))).toBeLessThan(0.05);
  });

  it("slots that nobody wants may hold what fits, and do not disturb the others", async () => {
    const { parameters, alice, he } = await open({ depth: 1 });
    const values = Float64Array.from({ length: parameters.slots }, (_, i) => (i < 10 ? i : 3000 * Math.cos(i)));
    using x = alice.encrypt(values);
    using square = he.square(x);
    expect(largest((await alice.decrypt(square, 10)).map((y, i) => y - i ** 2))).toBeLessThan(0.1);
  });

  it.each([
    undefined,
    false,
  ])("a value just below the headroom comes back, or is refused: wideBase %s", async (wideBase) => {
    const { parameters, alice } = await open({ depth: 1, wideBase });
    const encryptor = new Encryptor(alice.publicKey, Randomness.seededUnsafe(2));
    for (const level of [0, 1]) {
      const headroom = parameters.headroomAt(level);
      // What is left is 0.4, 1.6, … units of a coefficient, up to a thousandth of the headroom.
      for (let units = 0.4; units < 0.001 * headroom * parameters.scaleAt(level); units *= 4) {
        const size = headroom - units / parameters.scaleAt(level);
        for (const [by, value] of [alice, encryptor].flatMap((by) => [[by, size] as const, [by, -size] as const])) {
          try {
            using x = by.encrypt(new Float64Array(parameters.slots).fill(value), { level });
            expect(largest((await alice.decrypt(x)).map((y) => y - value))).toBeLessThan(0.01 * headroom);
          } catch (error) {
            expect(error).toBeInstanceOf(ParameterError);
            expect(units).toBeLessThan(2 ** 10 + 2 ** -49 * headroom * parameters.scaleAt(level));
          }
        }
      }
    }
  });

  it("explain says what a ciphertext may hold, before a rescale and after", async () => {
    const { parameters, alice, he } = await open({ depth: 1 });
    using x = alice.encrypt([1]);
    using product = he.multiplyPlain(x, 2);
    using rescaled = he.rescale(product);
    expect(he.explain(x).headroom).toBe(parameters.headroomAt(1));
    expect(he.explain(product).headroom).toBeCloseTo(parameters.headroomAt(1) / parameters.scaleAt(1), 6);
    expect(he.explain(rescaled).headroom).toBe(parameters.headroomAt(0));
  });
});

describe("precision", () => {
  /** Points of the unit circle, their (depth + 1)st powers by `depth` products in a row, and the mean and worst bits. */
  async function measure(request: ParameterRequest & { depth: number }) {
    const test = await open(request);
    const { parameters, alice, he } = test;
    const angles = new Values(9).real(parameters.slots, Math.PI);
    const z = { real: angles.map(Math.cos), imaginary: angles.map(Math.sin) };
    const y = alice.encrypt(z);
    const mean = async (ct: typeof y, expected: typeof z) => {
      const { real, imaginary } = await alice.precision(ct, expected);
      return -Math.max(real.mean, imaginary.mean);
    };
    let [x, power] = [y, z];
    while (x.level > 1) [x, power] = [he.multiply(x, y), clear.multiply(power, z)];
    power = clear.multiply(power, z);
    using last = he.multiply(x, y);
    using one = alice.encrypt(z, { level: 1 });
    using rescaled = he.square(one);
    using kept = he.relinearize(he.tensor(one, one));
    const square = clear.multiply(z, z);
    return {
      fresh: await mean(y, z),
      lowered: await mean(he.toLevel(y, 0), z),
      products: await mean(last, power),
      worst: -(await errorBits(test, last, power)),
      kept: (await mean(kept, square)) - (await mean(rescaled, square)),
    };
  }

  it("is what the documentation of `precision` says, N = 2^14", async () => {
    const { fresh, lowered, products, worst, kept } = await measure({ depth: 9 });
    for (const [bits, said] of [
      [fresh, 21.2],
      [lowered, 19],
      [products, 16.1],
      [kept, 1.7],
    ]) {
      // biome-ignore format: pairs
      expect(Math.abs(bits - said)).toBeLessThan(0.4);
    }
    expect(Math.abs(worst - 12.6)).toBeLessThan(1);
    const narrow = await measure({ depth: 9, wideBase: false });
    expect(Math.abs(narrow.lowered - 13.1)).toBeLessThan(0.4);
    expect(Math.abs(narrow.kept - 4.5)).toBeLessThan(0.7);
  });

  it("is what the documentation of `precision` says, high, N = 2^15", async () => {
    const { fresh, lowered, products, worst, kept } = await measure({ depth: 9, precision: "high" });
    expect(Math.abs(worst - 40.4)).toBeLessThan(1);
    for (const [bits, said] of [
      [fresh, 51.2],
      [lowered, 44.1],
      [products, 44.1],
      [kept, 4.5],
    ]) {
      // biome-ignore format: pairs
      expect(Math.abs(bits - said)).toBeLessThan(0.5);
    }
  });
});
