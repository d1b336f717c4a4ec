/** Networks of every kind, encrypted: equal to the interpreter of the network as it was before any fold. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fold } from "../../src/nn/fold/fold.js";
import type { Layer, Network, Shape } from "../../src/nn/graph/network.js";
import { sizeOf } from "../../src/nn/graph/shapes.js";
import { compile, interpret, KeyHolder, ModelOwner, Plan, Randomness, Server } from "../../src/nn/index.js";
import { costsOf } from "../../src/nn/plan/cost.js";
import { planProgram } from "../../src/nn/plan/plan.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { unsafe } from "../ckks/settings.js";
import { networkOf, RandomLayers, randomImage, uniform } from "./random-network.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const make = new RandomLayers(uniform(11));

interface Window {
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly padding?: number;
}

/** A convolution of `taps` along each of the axes. */
function conv(from: number, to: number, taps: readonly number[], window: Window = {}): Layer {
  const { stride = 1, dilation = 1, groups = 1, padding = 0 } = window;
  const each = (value: number) => taps.map(() => value);
  const reach = Math.sqrt((3 * groups) / (from * sizeOf(taps)));
  return {
    op: "conv",
    inChannels: from,
    outChannels: to,
    kernel: taps,
    stride: each(stride),
    dilation: each(dilation),
    padding: { before: each(padding), after: each(padding) },
    groups,
    weights: make.array((from * to * sizeOf(taps)) / groups, -reach, reach),
    bias: make.array(to, -0.5, 0.5),
  };
}

const flat: Layer = { op: "flatten" };
const bn = (channels: number) => make.batchNorm(channels);
const quad = (channels: number) => make.quad(channels);

/** The plan in a ring of 512 slots, which is not secure: a network of many ciphertexts stays small. */
function planIn512(network: Network, model: "encrypted" | "plain"): Plan {
  const { folded, depth } = fold(network);
  const widths = [2, ...Array<number>(depth).fill(1)];
  const parameters = unsafe(10, widths, { digitPrimes: 2, specials: 3, baseScaleBits: 47 });
  const { slots, maxLevel: levelsLimit } = parameters;
  const program = planProgram(folded, { slots, levelsLimit, costs: costsOf(parameters, model), taps: false });
  const levels = { used: program.depth, withoutFolding: program.depth };
  return new Plan({ program, parameters, model, fold: {}, depth: levels });
}

async function expectEqual(network: Network, plan: Plan): Promise<void> {
  using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  const server = new Server(plan, device, holder.evaluationKeys);
  const images = Array.from({ length: 6 }, (_, k) => randomImage(network, k));
  const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
  const options = { calibration: images };
  using model =
    plan.model === "plain" ? server.loadPlain(network, options) : server.load(owner.encrypt(network, options));
  for (const image of [images[0], randomImage(network, 77)]) {
    using input = holder.encrypt(image);
    using result = await server.run(model, input);
    const logits = await holder.decrypt(result);
    const clear = interpret(network, image);
    expect(logits.length).toBe(clear.length);
    for (const [k, logit] of clear.entries()) expect(Math.abs(logits[k] - logit)).toBeLessThan(2e-3);
  }
}

const skip = (channels: number, from: number): Layer[] => [
  conv(channels, channels, [3, 3], { padding: 1 }),
  bn(channels),
  quad(channels),
  conv(channels, channels, [3, 3], { padding: 1 }),
  bn(channels),
  { op: "add", inputs: [from + 5, from] },
  quad(channels),
];
const joined = (channels: number, ...extents: number[]): Layer => {
  const shape = [channels, ...extents];
  return { op: "rearrange", inputs: [], shape, index: Int32Array.from({ length: sizeOf(shape) }, (_, i) => i) };
};

const cases: [string, Shape, readonly Layer[]][] = [
  [
    "a residual network",
    [1, 8, 8],
    [
      conv(1, 4, [3, 3], { padding: 1 }),
      quad(4),
      ...skip(4, 2),
      ...skip(4, 9),
      { op: "globalAvgPool" },
      flat,
      make.linear(4, 3),
    ],
  ],
  [
    "groups, then one channel each",
    [4, 6, 6],
    [
      conv(4, 8, [3, 3], { groups: 2 }),
      quad(8),
      conv(8, 8, [3, 3], { groups: 8, padding: 1 }),
      conv(8, 6, [1, 1]),
      quad(6),
      flat,
      make.linear(96, 2),
    ],
  ],
  [
    "dilated windows",
    [2, 9, 9],
    [
      conv(2, 3, [3, 3], { dilation: 2, padding: 2 }),
      quad(3),
      conv(3, 4, [2, 2], { dilation: 3, stride: 2 }),
      quad(4),
      flat,
      make.linear(36, 2),
    ],
  ],
  [
    "a signal of two leads",
    [2, 200],
    [
      conv(2, 4, [9], { stride: 4 }),
      bn(4),
      quad(4),
      conv(4, 8, [5], { stride: 2 }),
      quad(8),
      { op: "globalAvgPool" },
      flat,
      make.linear(8, 3),
    ],
  ],
  [
    "a volume",
    [1, 6, 6, 6],
    [
      conv(1, 4, [3, 3, 3], { padding: 1, stride: 2 }),
      quad(4),
      conv(4, 4, [2, 2, 2]),
      quad(4),
      flat,
      make.linear(32, 2),
    ],
  ],
  [
    "two branches side by side, a product of two",
    [2, 6, 6],
    [
      conv(2, 3, [3, 3], { padding: 1 }),
      quad(3),
      { ...conv(2, 2, [1, 1]), inputs: [0] },
      { ...joined(5, 6, 6), inputs: [2, 3] },
      conv(5, 2, [3, 3], { padding: 1 }),
      { ...conv(5, 2, [1, 1]), inputs: [4] },
      { op: "multiply", inputs: [5, 6] },
      flat,
      make.linear(72, 2),
    ],
  ],
  [
    "means over windows that overlap",
    [3, 7, 7],
    [
      conv(3, 4, [3, 3], { padding: 1 }),
      quad(4),
      { op: "avgPool", kernel: [3, 3], stride: [2, 2] },
      conv(4, 4, [2, 2]),
      quad(4),
      flat,
      make.linear(16, 2),
    ],
  ],
];

describe.each(["encrypted", "plain"] as const)("with %s weights", (model) => {
  test.each(cases)("%s", async (_, input, layers) => {
    const network = networkOf(input, layers);
    await expectEqual(network, compile(network, { model }));
  });

  test("an image over four ciphertexts, and maps over as many", async () => {
    const layers = [
      conv(2, 8, [3, 3], { padding: 1, stride: 2 }),
      quad(8),
      conv(8, 4, [3, 3], { padding: 1, stride: 2 }),
      quad(4),
      flat,
      make.linear(256, 3),
    ];
    const network = networkOf([2, 32, 32], layers);
    const plan = planIn512(network, model);
    expect(plan.program.inputs).toHaveLength(4);
    expect(plan.program.steps[0].outputs.length).toBeGreaterThan(1);
    await expectEqual(network, plan);
  });
});
