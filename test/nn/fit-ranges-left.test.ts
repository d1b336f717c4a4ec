import { describe, expect, test } from "vitest";
import { ParameterError } from "../../src/errors.js";
import { fitActivations } from "../../src/nn/fit/fit-activations.js";
import { rangesLeft } from "../../src/nn/fit/ranges-left.js";
import { alone, branched, givenTo, imagesFor } from "./activation-networks.js";

describe("rangesLeft", () => {
  const network = branched("relu", "tanh", "relu", 7);
  const images = imagesFor(network, 10);
  const { network: fitted, report } = fitActivations(network, images, { degree: { tanh: 7 } });

  test("no layer for the images of the fit, the layers that stray for a larger one", () => {
    for (const image of images) expect(rangesLeft(fitted, image, report)).toEqual([]);
    const large = images[0].map((value) => 6 * value);
    const left = rangesLeft(fitted, large, report);
    expect(left.length).toBeGreaterThan(0);
    const given = givenTo(fitted, large);
    for (const { index, intervals, range } of report.layers) {
      const strayed = given[index].filter((x, k) => {
        const [low, high] = intervals[intervals.length === 1 ? 0 : Math.floor(k / 36)];
        return x < low || x > high;
      });
      const found = left.find((each) => each.index === index);
      if (strayed.length === 0) expect(found).toBeUndefined();
      else {
        const ends = [Math.min(...given[index]), Math.max(...given[index])];
        expect(found).toEqual({ index, range, given: ends, outside: strayed.length, values: 144 });
      }
    }
  });

  test("without the report polynomial layers are looked at only", () => {
    const large = images[0].map((value) => 30 * value);
    expect(rangesLeft(fitted, large).map(({ index }) => index)).toEqual([4]);
  });

  test("an activation on the image itself", () => {
    const { network: own, report: its } = fitActivations(
      alone("silu", 2),
      [
        [-1, 1],
        [1, -1],
      ],
      { degree: 3 },
    );
    expect(rangesLeft(own, [1.9, -1.9], its)).toEqual([]);
    expect(rangesLeft(own, [2.5, 0])).toEqual([{ index: 0, range: [-2, 2], given: [0, 2.5], outside: 1, values: 2 }]);
  });

  test("another network's report is refused", () => {
    expect(() => rangesLeft(alone("silu", 2), [0, 0], report)).toThrow(ParameterError);
    expect(() => rangesLeft(network, images[0], report)).toThrow(/layer 1 was fitted for 4×6×6, but is activation/);
  });
});
