import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { phantomDataset } from "../../src/data/dataset.js";
import { openNpz } from "../../src/data/npz.js";
import { drawPhantom } from "../../src/data/phantom.js";
import { phantomsNpz } from "../../src/data/phantom-set.js";

describe("phantoms", () => {
  it("draws the same bytes for the same seed and index, on every machine", () => {
    const hash = createHash("sha256");
    for (let index = 0; index < 50; index++) hash.update(drawPhantom(1, index).pixels);
    // Models in models/ were trained on these very pictures: whoever changes this line retrains them.
    expect(hash.digest("hex")).toMatchInlineSnapshot(
      `"4cd6bb9b627e58d8bc16de0c23b2966e8b30ad69cb689a147b385798852595d1"`,
    );
  });

  it("draws other pictures for other seeds and indices", () => {
    const first = drawPhantom(1, 0).pixels;
    expect(drawPhantom(1, 1).pixels).not.toEqual(first);
    expect(drawPhantom(2, 0).pixels).not.toEqual(first);
  });

  it("gives about as many of either class, with grey values that do not tell them apart alone", () => {
    const means: [number[], number[]] = [[], []];
    for (let index = 0; index < 600; index++) {
      const { pixels, label } = drawPhantom(7, index);
      means[label].push(pixels.reduce((sum, value) => sum + value, 0) / pixels.length);
    }
    expect(Math.abs(means[0].length - means[1].length)).toBeLessThan(100);
    const [clear, lesion] = means.map((values) => [Math.min(...values), Math.max(...values)]);
    expect(Math.max(clear[0], lesion[0])).toBeLessThan(Math.min(clear[1], lesion[1]));
  });

  it("the npz, the data set and the pictures drawn one by one are the same", () => {
    const counts = { train: 5, val: 3, test: 4 };
    const npz = openNpz(phantomsNpz(3, counts), "phantoms.npz");
    const set = phantomDataset(3, counts);
    for (const split of ["train", "val", "test"] as const) {
      const images = npz.read(`${split}_images`);
      const labels = npz.read(`${split}_labels`);
      expect(images.shape).toEqual([counts[split], 28, 28]);
      expect(labels.shape).toEqual([counts[split], 1]);
      for (let k = 0; k < counts[split]; k++) {
        const { pixels, label } = set.image(split, k);
        expect(images.data.subarray(784 * k, 784 * (k + 1))).toEqual(pixels);
        expect(labels.data[k]).toBe(label);
      }
    }
    expect(() => phantomsNpz(3, { ...counts, val: 0 })).toThrow("val must be an integer between 1 and 1000000, got 0");
    expect(() => drawPhantom(-1, 0)).toThrow(RangeError);
  });
});
