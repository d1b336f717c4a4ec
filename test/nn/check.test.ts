import { describe, expect, test } from "vitest";
import { check, type Layer } from "../../src/nn/index.js";
import { networkOf, randomImage, randomNetwork, rl3 } from "./random-network.js";

describe("check says what stands against a network, before anything is encrypted", () => {
  test("every operator that cannot be, each with a way out", () => {
    const layers: Layer[] = [
      { op: "activation", name: "relu" },
      { op: "activation", name: "tanh" },
    ];
    const found = check(networkOf([3], layers));
    expect(found.ok).toBe(false);
    expect(found.plan).toBeUndefined();
    expect(found.findings.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^layer 1 is a relu/),
      expect.stringMatching(/^layer 2 is a tanh/),
    ]);
    for (const { fix } of found.findings) expect(fix).toContain("fitActivations");
  });

  test("a network that is too deep, with the error that compile would give", () => {
    const deep = randomNetwork([2], Array.from({ length: 60 }, () => [{ linear: 2 }, "quad"] as const).flat(), 1);
    const { ok, findings } = check(deep);
    expect(ok).toBe(false);
    expect(findings.at(-1)?.fix).toBeTruthy();
  });

  test("depth, security, sizes, and over images how far values stay from what their levels hold", () => {
    const network = rl3(2);
    const calibration = [1, 2, 3].map((seed) => randomImage(network, seed));
    const found = check(network, { calibration });
    expect(found.ok).toBe(true);
    expect(found.describe()).toMatch(/7 levels \(15 without folding\)/);
    expect(found.describe()).toMatch(/128-bit security/);
    expect(found.describe()).toMatch(/over 3 images, values stay \d+\.\d bits below/);
    expect(found.findings.every(({ kind }) => kind === "fact")).toBe(true);
    const [, bits] = /values stay (\d+\.\d) bits/.exec(found.describe())!;
    expect(Number(bits)).toBeGreaterThan(1);
  });

  test("images that are none are the caller's mistake", () => {
    const network = rl3(2);
    expect(() => check(network, { calibration: 3 as never })).toThrow(TypeError);
    expect(check(network, { calibration: [new Float64Array(784).fill(1e300)] }).ok).toBe(false);
  });
});
