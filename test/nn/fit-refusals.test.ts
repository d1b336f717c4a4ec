import { describe, expect, test } from "vitest";
import { Polynomial } from "../../src/ckks/circuits/polynomial.js";
import { ParameterError } from "../../src/errors.js";
import { fitActivations } from "../../src/nn/fit/fit-activations.js";
import type { FitOptions } from "../../src/nn/fit/options.js";
import { alone, branched, gaussians, imagesFor, networkOf } from "./activation-networks.js";

describe("what cannot be is refused", () => {
  const network = branched("relu", "sigmoid", "tanh");
  const images = imagesFor(network, 3);
  const refused = (options: unknown, message: RegExp, type: new (...args: never[]) => Error = ParameterError) => {
    const call = () => fitActivations(network, images, options as FitOptions);
    expect(call).toThrow(message);
    expect(call).toThrow(type);
  };

  test("options", () => {
    refused({ degree: 0 }, /degree is 0/);
    refused({ degree: 64 }, /degree is 64/);
    refused({ degree: 2.5 }, /degree is 2.5/);
    refused({ degree: { relu: 0 } }, /degree of relu is 0/);
    refused({ depth: 7 }, /depth is 7/);
    refused({ error: 0 }, /error is 0/);
    refused({ error: Number.NaN }, /error is NaN/);
    refused({ margin: 0.9 }, /margin is 0.9/);
    refused({ maximumDegree: 64 }, /maximumDegree is 64/);
    refused({ degree: 3, error: 0.1 }, /layer 1 \(relu\): degree and error both decide its degree/);
    refused({ degree: { silu: 3 } }, /degree: "silu" names no activation of the network/);
    refused({ replace: { 2: { a: 1, b: 0, c: 0 } } }, /replace: "2" names no activation/);
    refused({ replace: { a: [1, 2], b: 0, c: 0 } }, /layer 1 \(relu\): replace has 2 numbers for 4 channels/);
    refused({ replace: { a: Number.NaN, b: 0, c: 0 } }, /replace: a, b or c holds what is no finite number/);
    refused({ replace: Polynomial.chebyshev([0, 1, 1], [-0.5, 0.5]) }, /outside of the polynomial's \[-0.5, 0.5\]/);
    refused({ degree: "7" }, /degree: a number was expected, not a string/, TypeError);
    refused({ method: "best" }, /method: "leastSquares" or "minimax"/, TypeError);
    refused({ replace: { a: 1, b: 0 } }, /a Polynomial or \{ a, b, c \} was expected/, TypeError);
    refused({ perChannel: 1 }, /perChannel/, TypeError);
    refused(7, /options: \{ degree \}/, TypeError);
    const { network: fitted } = fitActivations(network, images);
    expect(() => fitActivations(fitted, images, { replace: { a: 1, b: 0, c: 0 } })).toThrow(/no activation/);
  });

  test("an error that no allowed degree keeps, saying which one it reaches", () => {
    const call = () => fitActivations(alone("sigmoid"), [[-60], [60]], { error: 1e-3 });
    expect(call).toThrow(/layer 0 \(sigmoid\) on \[-120, 120\] errs by 0\.\d+ at degree 31, more than the 0\.0010/);
    expect(call).toThrow(expect.objectContaining({ fix: expect.stringMatching(/maximumDegree up to 63/) }));
    expect(() => fitActivations(alone("sigmoid"), [[-9], [9]], { error: 0.01, maximumDegree: 2 })).toThrow(
      /errs by 0\.\d+ at degree 2/,
    );
  });

  test("images, and weights that make no numbers", () => {
    expect(() => fitActivations(network, [])).toThrow(/no image to fit to/);
    expect(() => fitActivations(alone("relu"), [[Number.NaN]])).toThrow(/image 0: value 0 is NaN/);
    expect(() => fitActivations(alone("relu"), [[1], [1, 2]])).toThrow(/image 1 has 2 values/);
    expect(() => fitActivations(alone("relu"), 7 as never)).toThrow(TypeError);
    const weights = gaussians(4, 1);
    weights[3] = Number.NaN;
    const bad = networkOf(
      [2],
      [
        { op: "linear", inFeatures: 2, outFeatures: 2, weights, bias: new Float64Array(2) },
        { op: "activation", name: "relu" },
      ],
    );
    expect(() => fitActivations(bad, [[1, 1]])).toThrow(/image 0: layer 1 \(relu\) is given NaN/);
    const last = networkOf(
      [2],
      [
        { op: "activation", name: "relu" },
        { op: "linear", inFeatures: 2, outFeatures: 2, weights, bias: new Float64Array(2) },
      ],
    );
    expect(() => fitActivations(last, [[1, 1]])).toThrow(/image 0: logit 1 is NaN/);
  });

  test("a network that explodes: squares of squares", () => {
    const layers = Array.from({ length: 12 }, () => ({ op: "activation", name: "relu" }) as const);
    const replace = { a: 100, b: 0, c: 0 };
    expect(() => fitActivations(networkOf([1], layers), [[100], [-100]], { replace })).toThrow(
      /layer \d+ \(relu\) is given/,
    );
  });

  test("more images than half a gigabyte", () => {
    const wide = { ...alone("relu"), input: [1, 2 ** 22] };
    const image = new Float64Array(2 ** 22);
    expect(() =>
      fitActivations(
        wide,
        Array.from({ length: 17 }, () => image),
      ),
    ).toThrow(/more than 67108864 values in 17 images/);
  });
});
