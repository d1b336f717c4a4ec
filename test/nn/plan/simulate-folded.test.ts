import { describe, expect, it } from "vitest";
import { mulberry32 } from "../../../src/data/mulberry32.js";
import type { FoldedLayer, FoldedNetwork } from "../../../src/nn/fold/folded.js";
import { interpretFolded } from "../../../src/nn/fold/interpret.js";
import { programmable } from "../../../src/nn/fold/programmable.js";
import { foldedShapes } from "../../../src/nn/fold/shapes.js";
import { sizeOf } from "../../../src/nn/graph/shapes.js";
import { planProgram } from "../../../src/nn/plan/plan.js";
import { simulate } from "../../../src/nn/program/simulate.js";
import { materialize } from "../../../src/nn/program/weights.js";

const word = mulberry32(7);
const random = () => word() / 2 ** 31 - 1;
const array = (length: number) => Float64Array.from({ length }, random);

function conv(
  input: number,
  from: readonly number[],
  out: number,
  kernel: number[],
  options: { stride?: number[]; before?: number[]; after?: number[]; dilation?: number[]; groups?: number } = {},
): FoldedLayer {
  const {
    stride = kernel.map(() => 1),
    before = kernel.map(() => 0),
    after = before,
    dilation = kernel.map(() => 1),
    groups = 1,
  } = options;
  const shape = [
    out,
    ...kernel.map(
      (taps, a) => Math.floor((from[a + 1] + before[a] + after[a] - (taps - 1) * dilation[a] - 1) / stride[a]) + 1,
    ),
  ];
  const term = {
    input,
    kernel,
    stride,
    dilation,
    before,
    groups,
    weights: array((out * from[0] * sizeOf(kernel)) / groups),
  };
  return { op: "linear", kind: "conv", terms: [term], shape, bias: array(sizeOf(shape)) };
}
function dense(input: number, from: readonly number[], out: number): FoldedLayer {
  const kernel = from.slice(1);
  const ones = kernel.map(() => 1);
  const term = {
    input,
    kernel,
    stride: ones,
    dilation: ones,
    before: ones.map(() => 0),
    groups: 1,
    weights: array(out * sizeOf(from)),
  };
  return { op: "linear", kind: "dense", terms: [term], shape: [out], bias: array(out) };
}

function check(folded: FoldedNetwork, slots = 1024, taps?: boolean) {
  const whole = programmable(folded);
  const begin = performance.now();
  const program = planProgram(folded, { slots, taps });
  const took = performance.now() - begin;
  const factors = whole.layers.map(() => 1);
  // Squares square the image's scale where no linear layer stands between.
  const weights = materialize(program, whole, { scales: factors, outputScale: 1, largestLogit: 0 });
  const image = array(sizeOf(folded.input));
  const wanted = interpretFolded(whole, image);
  const { logits } = simulate(program, weights, image);
  for (const [k, each] of wanted.entries())
    expect(Math.abs(logits[k] - each)).toBeLessThan(1e-9 * (1 + Math.abs(each)));
  return { program, took };
}
const chain = (
  input: number[],
  make: ((layers: FoldedLayer[], shape: readonly number[], at: number) => FoldedLayer)[],
): FoldedNetwork => {
  const layers: FoldedLayer[] = [];
  for (const each of make) {
    const shapes = foldedShapes({ input, layers });
    layers.push(each(layers, shapes[shapes.length - 1], layers.length));
  }
  const shapes = foldedShapes({ input, layers });
  return { input, layers, classes: sizeOf(shapes[shapes.length - 1]) };
};

describe("a program in the clear is its folded network", () => {
  const square = (_l: unknown, _s: unknown, at: number): FoldedLayer => ({ op: "square", input: at });
  it.each([false, undefined])("conv, square, dense (taps: %s)", (taps) => {
    check(
      chain(
        [2, 8, 8],
        [
          (_, s, at) => conv(at, s, 4, [3, 3], { stride: [2, 2], before: [1, 1] }),
          square,
          (_, s, at) => conv(at, s, 3, [2, 2]),
          (_, s, at) => dense(at, s, 3),
        ],
      ),
      1024,
      taps,
    );
  });
  it("three convolutions with a pool", () => {
    check(
      chain(
        [1, 12, 12],
        [
          (_, s, at) => conv(at, s, 4, [3, 3], { stride: [2, 2], before: [1, 1] }),
          square,
          (_, s, at) => conv(at, s, 8, [3, 3], { before: [1, 1] }),
          square,
          (_l, _s, at) => ({ op: "sumPool", input: at, kernel: [2, 2] }),
          (_, s, at) => conv(at, s, 8, [3, 3], { before: [1, 1] }),
          square,
          (_, s, at) => dense(at, s, 5),
        ],
      ),
      1024,
    );
  });
  it("grouped, dilated, one axis, three axes", () => {
    check(
      chain(
        [4, 9],
        [(_, s, at) => conv(at, s, 8, [3], { stride: [2], groups: 2 }), square, (_, s, at) => dense(at, s, 3)],
      ),
      512,
    );
    check(
      chain(
        [4, 6, 7],
        [
          (_, s, at) => conv(at, s, 4, [3, 2], { dilation: [2, 3], groups: 4 }),
          square,
          (_, s, at) => conv(at, s, 6, [1, 1]),
          square,
          (_, s, at) => dense(at, s, 2),
        ],
      ),
      512,
    );
    check(
      chain(
        [2, 4, 5, 6],
        [(_, s, at) => conv(at, s, 3, [2, 3, 3], { before: [1, 1, 0] }), square, (_, s, at) => dense(at, s, 2)],
      ),
      1024,
    );
  });
  it("over several ciphertexts", () => {
    const { program } = check(
      chain(
        [3, 8, 8],
        [
          (_, s, at) => conv(at, s, 8, [3, 3], { before: [1, 1] }),
          square,
          (_, s, at) => conv(at, s, 4, [3, 3], { stride: [2, 2], before: [1, 1] }),
          square,
          (_, s, at) => dense(at, s, 3),
        ],
      ),
      64,
      false,
    );
    console.log(
      program.inputs.length,
      program.steps.map((s) => `${s.op} ${s.inputs.length}->${s.outputs.length}`).join(", "),
    );
  });
  it("a residual block, a concatenation", () => {
    const input = [2, 6, 6];
    const c1 = conv(0, input, 4, [3, 3], { before: [1, 1] });
    const layers: FoldedLayer[] = [
      c1,
      { op: "square", input: 1 },
      conv(2, [4, 6, 6], 4, [3, 3], { before: [1, 1] }),
      { op: "square", input: 3 },
      conv(4, [4, 6, 6], 4, [3, 3], { before: [1, 1] }),
      { op: "add", inputs: [2, 5] },
      { op: "square", input: 6 },
    ];
    const two = { ...(dense(7, [4, 6, 6], 3) as Extract<FoldedLayer, { op: "linear" }>) };
    const more = (dense(2, [4, 6, 6], 3) as Extract<FoldedLayer, { op: "linear" }>).terms;
    layers.push({ ...two, terms: [...two.terms, ...more] });
    const { program } = check({ input, layers, classes: 3 }, 1024);
    console.log(program.steps.map((s) => s.op).join(", "));
  });
});
