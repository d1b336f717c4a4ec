import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { marginOf, verdictOf } from "../../src/cli/verdict.js";
import { importOnnx, interpret, probabilities, softmax } from "../../src/nn/index.js";
import { oneLogit, twoLogits } from "./one-logit.js";
import { failure, model, node, read, tensor } from "./onnx-builder.js";
import { randomImage } from "./random-network.js";

const finite = fc.double({ min: -700, max: 700, noNaN: true });

describe("one logit is two classes", () => {
  it("has two classes, two labels and a probability for each", () => {
    const network = importOnnx(oneLogit());
    expect(network).toMatchObject({ classes: 2, card: { labels: ["clear", "lesion"], activation: "sigmoid" } });
    const unnamed = read({
      nodes: [node("MatMul", "x w", "y")],
      weights: { w: tensor([2, 1], [1, 2]) },
      input: [1, 2],
    });
    expect(unnamed).toMatchObject({
      classes: 2,
      card: { labels: ["class 0", "class 1"], positive: 1, threshold: 0.5 },
    });
  });

  it("the probabilities of one logit z are those of the two logits 0 and z", () => {
    fc.assert(
      fc.property(finite, (z) => {
        const [first, second] = probabilities(Float64Array.of(z));
        expect([first, second]).toEqual([...softmax(Float64Array.of(0, z))]);
        expect(second).toBeCloseTo(1 / (1 + Math.exp(-z)), 14);
      }),
    );
  });

  it("RL-1 with one logit judges every image as with two, whatever its threshold and its positive class", () => {
    for (const [threshold, positive] of [
      [0.5, 1],
      [0.2, 1],
      [0.9, 0],
      [0.3, 0],
    ]) {
      const [one, two] = [importOnnx(oneLogit({ threshold, positive })), importOnnx(twoLogits())];
      const card = { ...two.card, threshold, positive };
      for (let seed = 0; seed < 20; seed++) {
        const image = randomImage(one, seed);
        const [mine, theirs] = [verdictOf(interpret(one, image), one.card), verdictOf(interpret(two, image), card)];
        expect(mine.verdict).toBe(theirs.verdict);
        expect(mine.byThreshold).toBe(true);
        for (const k of [0, 1]) expect(mine.probabilities[k]).toBeCloseTo(theirs.probabilities[k], 9);
        expect(marginOf(interpret(one, image), one.card)).toBeCloseTo(marginOf(interpret(two, image), card), 9);
      }
    }
  });

  it("a Sigmoid at the end is dropped, and said so", () => {
    const notes: string[] = [];
    const dropped = importOnnx(oneLogit({ sigmoid: true }), (note) => notes.push(note));
    expect(dropped.layers).toEqual(importOnnx(oneLogit()).layers);
    expect(dropped.card).toEqual(importOnnx(oneLogit()).card);
    expect(notes).toEqual([expect.stringMatching(/^Sigmoid \(node 11\) was dropped: the key holder computes/)]);
  });

  it("a Softmax over it is refused: it is always 1", () => {
    const nodes = [node("MatMul", "x w", "z"), node("Softmax", "z", "y")];
    const error = failure({ nodes, weights: { w: tensor([2, 1], [1, 2]) }, input: [1, 2] });
    expect(error.message).toMatch(/over one class, whose probability is always 1/);
    expect(error.fix).toMatch(/two outputs.*Sigmoid/);
    expect(() => softmax(Float64Array.of(3))).toThrow(/one logit is always 1: use probabilities/);
  });

  it("what are no logits, a forgotten await first of all, is a TypeError", () => {
    for (const value of [Promise.resolve(), undefined, {}, [], new Float64Array(0)] as never[]) {
      expect(() => softmax(value)).toThrow(/^logits: what `await decrypt\(result\)` gives was expected, not/);
      expect(() => probabilities(value)).toThrow(/^logits: what `await decrypt\(result\)` gives was expected, not/);
    }
  });

  it("a card with one label, or that says softmax, contradicts it", () => {
    const one = (card: unknown) =>
      failure({ nodes: [node("MatMul", "x w", "y")], weights: { w: tensor([2, 1], [1, 2]) }, input: [1, 2], card });
    expect(one({ labels: ["sick"] }).message).toMatch(/"labels" must be a list of 2 strings/);
    expect(one({ activation: "softmax" }).message).toMatch(/"activation" must be "sigmoid", as the graph says/);
  });
});

describe("a sigmoid over several logits is several labels", () => {
  const nodes = [node("Flatten", "x", "z"), node("Sigmoid", "z", "y")];
  const labelled = importOnnx(model({ nodes, input: [1, 2, 1, 1] }));

  it("each has a probability of its own, and the threshold is not asked", () => {
    expect(labelled).toMatchObject({ classes: 2, card: { activation: "sigmoid" } });
    const logits = Float64Array.of(1, -2);
    const wanted = [...logits].map((z) => 1 / (1 + Math.exp(-z)));
    const { probabilities: shares, verdict, byThreshold } = verdictOf(logits, { ...labelled.card, threshold: 0.01 });
    for (const [k, share] of shares.entries()) expect(share).toBeCloseTo(wanted[k], 14);
    expect({ verdict, byThreshold }).toEqual({ verdict: 0, byThreshold: false });
  });

  it("the card may say so for a graph that ends with logits", () => {
    const card = { activation: "sigmoid" };
    expect(read({ nodes: nodes.slice(0, 1), output: "z", input: [1, 2, 1, 1], card }).card).toMatchObject(card);
    expect(failure({ nodes, input: [1, 2, 1, 1], card: { activation: "softmax" } }).message).toMatch(/"activation"/);
    expect(failure({ nodes, input: [1, 2, 1, 1], card: { activation: "tanh" } }).message).toMatch(/"activation"/);
  });

  it("stays finite and within [0, 1] for any finite logits", () => {
    fc.assert(
      fc.property(fc.float64Array({ minLength: 1, maxLength: 5, noNaN: true, noDefaultInfinity: true }), (logits) => {
        for (const card of [{}, { activation: "sigmoid" }] as const) {
          for (const share of probabilities(logits, card)) expect(share >= 0 && share <= 1).toBe(true);
        }
      }),
    );
  });
});
