import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeviceError } from "../../src/errors.js";
import type { Device } from "../../src/ntt/device.js";
import type { Limb } from "../../src/ntt/kernels.js";
import { openReferenceDevice } from "../../src/ntt/reference.js";
import { PRIMES } from "./limbs.js";

describe("the reference holds its callers to the contract", () => {
  const p = PRIMES[0];
  let device: Device;
  let limbs: Limb[];
  beforeAll(() => {
    device = openReferenceDevice();
    limbs = device.allocate(10, 6);
  });
  afterAll(() => device.close());

  test("it says what it is", () => {
    expect(device.kind).toBe("cpu");
    expect(device.describe()).toBe("BigInt reference");
  });

  test("a residue outside [0, p) is refused", () => {
    const [a, b] = limbs;
    device.write(10, a, new Uint32Array(1024).fill(p));
    expect(() => device.launch("ntt", 10, [[b, a, p]])).toThrow("not a residue");
    device.write(10, a, new Uint32Array(1024));
  });

  test("a freed limb, an unknown one and one of another size are refused", () => {
    const [gone] = device.allocate(10, 1);
    const [large] = device.allocate(11, 1);
    device.free(10, [gone]);
    expect(() => device.free(10, [gone])).toThrow(DeviceError);
    for (const limb of [gone, large, 999 as Limb]) {
      expect(() => device.launch("copy", 10, [[limbs[0], limb]])).toThrow(RangeError);
      expect(() => device.launch("copy", 10, [[limb, limbs[0]]])).toThrow(RangeError);
    }
  });

  test("rows of one launch that depend on each other are refused", () => {
    const [a, b, c] = limbs;
    expect(() =>
      device.launch("copy", 10, [
        [b, a],
        [c, b],
      ]),
    ).toThrow("another row");
    expect(() =>
      device.launch("copy", 10, [
        [b, a],
        [a, c],
      ]),
    ).toThrow("another row");
    expect(() =>
      device.launch("multiplyScalarAdd", 10, [
        [c, a, p, 3],
        [c, a, p, 3],
      ]),
    ).toThrow("another row");
    expect(() =>
      device.launch("copy", 10, [
        [b, a],
        [c, a],
      ]),
    ).not.toThrow();
  });

  test("outputs among the operands are refused where the kernel forbids them", () => {
    const [a, b, c, d] = limbs;
    expect(() => device.launch("permute", 10, [[a, a, 3]])).toThrow("in place");
    expect(() => device.launch("dotProduct", 10, [{ prime: p, out: [a, b], terms: [[a, c, d]] }])).toThrow("in place");
    expect(() => device.launch("dotProduct", 10, [{ prime: p, out: [a, a], terms: [[b, c, d]] }])).toThrow("in place");
    expect(() => device.launch("tensor", 10, [{ prime: p, out: [a, b, c], terms: [[c, d, d, d]] }])).toThrow(
      "in place",
    );
    const target = { out: a, prime: p, constants: [1], quotientConstant: 0 };
    expect(() => device.launch("baseConvert", 10, [{ sources: [a], fractions: [1], targets: [target] }])).toThrow(
      "in place",
    );
  });
});
