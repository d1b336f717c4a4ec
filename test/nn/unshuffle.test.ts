import { describe, expect, test } from "vitest";
import { calibrate } from "../../src/nn/calibrate.js";
import { fold } from "../../src/nn/fold/fold.js";
import type { FoldedLinear } from "../../src/nn/fold/folded.js";
import { interpretFolded } from "../../src/nn/fold/interpret.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import type { Layer } from "../../src/nn/graph/network.js";
import { planProgram } from "../../src/nn/plan/plan.js";
import { simulate } from "../../src/nn/program/simulate.js";
import { materialize } from "../../src/nn/program/weights.js";
import { networkOf, RandomLayers, randomImage, uniform } from "./random-network.js";

/** Pixels of each block as channels: block channel (dy, dx) before the image's channel, or behind it. */
function unshuffle([channels, height, width]: readonly number[], block: number, channelFirst: boolean): Layer {
  const [rows, columns] = [height / block, width / block];
  const index: number[] = [];
  for (let k = 0; k < channels * block ** 2; k++) {
    const c = channelFirst ? Math.floor(k / block ** 2) : k % channels;
    const phase = channelFirst ? k % block ** 2 : Math.floor(k / channels);
    const [dy, dx] = [Math.floor(phase / block), phase % block];
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) index.push((c * height + y * block + dy) * width + x * block + dx);
    }
  }
  return { op: "rearrange", shape: [channels * block ** 2, rows, columns], index: Int32Array.from(index) };
}

describe("a convolution of pixels that were moved into channels is one of larger windows, which the key holder lays out", () => {
  const cases = [
    { input: [1, 8, 8], block: 2, kernel: 3, stride: 1, pad: 1 },
    { input: [1, 12, 8], block: 4, kernel: 3, stride: 1, pad: 1 },
    { input: [3, 8, 6], block: 2, kernel: 3, stride: 1, pad: 1 },
    { input: [2, 9, 9], block: 3, kernel: 2, stride: 1, pad: 0 },
    { input: [1, 16, 16], block: 2, kernel: 3, stride: 2, pad: 1 },
    { input: [1, 8, 8], block: 2, kernel: 1, stride: 1, pad: 0 },
  ];
  test.each(
    cases.flatMap((each) => [true, false].map((channelFirst) => ({ ...each, channelFirst }))),
  )("$input by $block, kernel $kernel, stride $stride, channels first: $channelFirst", ({
    input,
    block,
    kernel,
    stride,
    pad,
    channelFirst,
  }) => {
    const draw = new RandomLayers(uniform(block + kernel));
    const channels = input[0] * block ** 2;
    const layers: Layer[] = [
      unshuffle(input, block, channelFirst),
      draw.conv(channels, 4, [kernel, kernel], [stride, stride], [pad, pad, pad, pad]),
      draw.quad(4),
      { op: "globalAvgPool" },
      { op: "flatten" },
      draw.linear(4, 3),
    ];
    const network = networkOf(input, layers);
    const image = randomImage(network, 5);
    const { folded } = fold(network);
    const [{ terms }] = folded.layers as [FoldedLinear];
    expect(terms.map((term) => term.kernel)).toEqual([[kernel * block, kernel * block]]);
    const wanted = interpret(network, image);
    const close = (logits: Float64Array) => {
      for (const [k, each] of wanted.entries()) expect(logits[k]).toBeCloseTo(each, 9);
    };
    close(interpretFolded(folded, image));
    const program = planProgram(folded, { slots: 512 });
    close(simulate(program, materialize(program, folded, calibrate(folded, [image]), image), image).logits);
  });
});

test("windows that leave gaps stay terms of their own: every second pixel alone", () => {
  const draw = new RandomLayers(uniform(3));
  const all = unshuffle([1, 8, 8], 2, true) as Extract<Layer, { op: "rearrange" }>;
  const half: Layer = { op: "rearrange", shape: [2, 4, 4], index: all.index.subarray(0, 32) };
  const network = networkOf(
    [1, 8, 8],
    [half, draw.conv(2, 2, [3, 3], [1, 1], [1, 1, 1, 1]), { op: "flatten" }, draw.linear(32, 2)],
  );
  const { folded } = fold(network, { linear: false });
  expect((folded.layers[0] as FoldedLinear).terms).toHaveLength(2);
  const image = randomImage(network, 5);
  const logits = interpretFolded(folded, image);
  for (const [k, each] of interpret(network, image).entries()) expect(logits[k]).toBeCloseTo(each, 9);
});
