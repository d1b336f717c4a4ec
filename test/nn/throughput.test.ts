/** optimize: "throughput": an element a ciphertext, an image a slot. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LevelError, ParameterError, UnsupportedLayerError } from "../../src/errors.js";
import { fold } from "../../src/nn/fold/fold.js";
import type { Layer, Network } from "../../src/nn/graph/network.js";
import {
  calibrate,
  check,
  compile,
  interpret,
  KeyHolder,
  Model,
  ModelOwner,
  materialize,
  Plan,
  Randomness,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import { planThroughput, requireMemory } from "../../src/nn/plan/throughput.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { unsafe } from "../ckks/settings.js";
import { randomGraph } from "./random-graph.js";
import { networkOf, RandomLayers, randomImage, randomNetwork, uniform } from "./random-network.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const throughput = { model: "plain", optimize: "throughput" } as const;
const make = new RandomLayers(uniform(21));

const small = randomNetwork(
  [1, 5, 5],
  [{ conv: 2, kernel: 3, padding: 1, stride: 2 }, "quad", "flatten", { linear: 4 }, "quad", { linear: 3 }],
  4,
);
const pools = randomNetwork([2, 9, 8], [{ conv: 4, padding: 1 }, "bn", "quad", { pool: 2 }, { conv: 3 }, { pool: 2 }, "flatten", { linear: 3 }], 5); // biome-ignore format: one list

/** A skip connection whose sum is squared, a quadratic that nothing completes, and a product of two values. */
const residual = networkOf([1, 3, 3], [
  make.conv(1, 2, [3, 3], [1, 1], [1, 1, 1, 1]),
  make.quad(2),
  make.conv(2, 2, [3, 3], [1, 1], [1, 1, 1, 1]),
  { op: "add", inputs: [1, 3] },
  make.quad(2),
  { op: "multiply", inputs: [5, 2] },
  make.quad(2),
  { op: "avgPool", kernel: [2, 2], stride: [2, 2] },
  { op: "flatten" },
] as Layer[]);

const networks: [string, Network][] = [
  ["convolution, quadratics, matrices", small],
  ["norms, and pools behind squares and convolutions", pools],
  ["a skip connection and a product", residual],
];

/** The plan in a ring of 512 slots, which is not secure. */
function planIn512(network: Network): Plan {
  const { folded, depth } = fold(network);
  const widths = [2, ...Array<number>(depth).fill(1)];
  const parameters = unsafe(10, widths, { digitPrimes: 2, specials: 3, baseScaleBits: 47 });
  const program = planThroughput(folded, parameters.slots);
  return new Plan(program, parameters, "plain", {}, { used: depth, withoutFolding: depth });
}

async function roles(plan: Plan) {
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  return { holder, server: new Server(plan, device, holder.evaluationKeys) };
}

describe("in the clear", () => {
  test.each(Array.from({ length: 40 }, (_, k) => k))("each image has its own logits, network %i", (seed) => {
    const network = seed < networks.length ? networks[seed][1] : randomGraph(seed);
    const { folded } = fold(network);
    const program = planThroughput(folded, 4);
    const images = [0, 1, 2].map((k) => randomImage(network, k));
    const weights = materialize(program, folded, calibrate(folded, images));
    const { all, logits } = simulate(program, weights, images);
    expect(all).toHaveLength(4);
    expect(logits).toEqual(all[0]);
    for (const [k, image] of images.entries()) {
      const clear = interpret(network, image);
      expect(all[k]).toHaveLength(clear.length);
      for (const [i, logit] of clear.entries()) {
        expect(Math.abs(all[k][i] - logit)).toBeLessThan(1e-8 * (1 + Math.abs(logit)));
      }
    }
  });
});

describe.each(networks)("encrypted: %s", (_, network) => {
  const plan = planIn512(network);
  const images = Array.from({ length: 5 }, (_, k) => randomImage(network, k));

  test("several images, and the same key holder again", async () => {
    const { holder, server } = await roles(plan);
    using _holder = holder;
    using model = server.loadPlain(network, { calibration: images });
    const before = device.statistics().bytesInUse;
    for (const given of [images, images.slice(2, 3)]) {
      using batch = holder.encrypt(given);
      using result = await server.run(model, batch);
      const all = await holder.decryptAll(result, { images: given.length });
      expect(all).toHaveLength(given.length);
      for (const [k, image] of given.entries()) {
        for (const [i, logit] of interpret(network, image).entries()) {
          expect(Math.abs(all[k][i] - logit)).toBeLessThan(1e-3);
        }
      }
      expect(await holder.decrypt(result)).toEqual(all[0]);
      expect(await holder.decryptAll(result)).toHaveLength(512);
    }
    expect(device.statistics().bytesInUse).toBe(before);
  });

  test("the plan's estimate of noise holds", async () => {
    const { holder, server } = await roles(plan);
    using _holder = holder;
    using model = server.loadPlain(network, { calibration: images });
    using batch = holder.encrypt(images);
    using result = await server.run(model, batch);
    const all = await holder.decryptAll(result, { exactUnsafe: true, images: images.length });
    for (const [k, image] of images.entries()) {
      for (const [i, logit] of interpret(network, image).entries()) {
        const error = Math.abs(all[k][i] - logit) / result.outputScale;
        expect(error).toBeLessThan(result.ciphertexts[i].noise.worst);
      }
    }
  });
});

test("a plan of the compiler's: secure, all slots are images, no rotation key, and a report of one line a layer", async () => {
  const plan = compile(small, throughput);
  expect(plan.security.bits).toBe(128);
  expect(plan.images).toBe(plan.parameters.slots);
  expect(plan.rotations.size).toBe(0);
  expect(plan.relinearizationLevel).toBe(4);
  expect(plan.identity).not.toBe(compile(small, { model: "plain" }).identity);
  expect(plan.report().split("\n").length).toBe(9);
  const { program } = plan;
  expect(program.steps.map(({ op }) => op).filter((op, i, all) => op !== all[i - 1])).toEqual(
    ["combine", "square", "combine", "square", "combine"], // biome-ignore format: one list
  );
  const largest = compile(small, { ...throughput, images: 10_000 });
  expect(largest.images).toBe(2 ** 14);
  const options = { calibration: [randomImage(small, 1)] };
  const { weights } = weightsFor(plan, small, options);
  const { rows, constants } = weights.numbers!(0);
  expect([rows.length, constants.length]).toEqual([18, 18]);
  // The middle window sees all nine taps, of which both channels share the list.
  expect(rows[4].of).toHaveLength(9);
  expect(rows[9 + 4].of).toBe(rows[4].of);
  const looked = check(small, { ...throughput, calibration: options.calibration });
  expect(looked.ok).toBe(true);
  expect(looked.describe()).toContain(`${plan.images} images are 25 ciphertexts`);
  expect(looked.describe()).toContain("is 258 numbers and no vector");
});

describe("what is refused", () => {
  const plan = planIn512(small);
  const options = { calibration: [randomImage(small, 1)] };

  test("encrypted weights, images that do not fit, and what is no option", () => {
    expect(() => compile(small, { optimize: "throughput" })).toThrow(ParameterError);
    expect(() => compile(small, { optimize: "throughput", model: "encrypted" })).toThrow(/optimize: "throughput"/);
    for (const images of [0, -1, 1.5, 2 ** 15 + 1]) {
      expect(() => compile(small, { ...throughput, images })).toThrow(RangeError);
    }
    for (const optimize of ["speed", 3, null]) {
      expect(() => compile(small, { model: "plain", optimize: optimize as never })).toThrow(TypeError);
    }
  });

  test("values that no device holds: by their number before anything is made of them, and by their bytes", () => {
    const wide = networkOf(
      [1, 200, 200],
      [{ op: "avgPool", kernel: [100, 100], stride: [100, 100] }, { op: "flatten" }],
    );
    expect(() => compile(wide, throughput)).toThrow(UnsupportedLayerError);
    expect(() => compile(wide, throughput)).toThrow(/40000 ciphertexts/);
    const deep = randomNetwork([1, 70, 70], [{ conv: 1 }, "quad", { conv: 1 }, "quad", { pool: 34 }, "flatten", { linear: 2 }], 3); // biome-ignore format: one list
    expect(() => compile(deep, throughput)).toThrow(/GiB at step/);
    expect(() => requireMemory(plan.program, plan.parameters)).not.toThrow();
  });

  test("models of other plans, numbers that are not the plan's, files, and owners who would encrypt", async () => {
    const { holder, server } = await roles(plan);
    using _holder = holder;
    using model = server.loadPlain(small, options);
    using batch = holder.encrypt(randomImage(small, 1));
    const { identity, steps, outputScale, numbers } = model;
    const forged = (others: typeof numbers) => new Model(identity, steps, outputScale, undefined, others);
    const [first, ...rest] = numbers!;
    const { rows, constants } = first;
    const bad = [
      undefined,
      rest,
      [{ rows: rows.slice(1), constants }, ...rest],
      [{ rows, constants: constants.slice(1) }, ...rest],
      [{ rows, constants: [Number.NaN, ...constants.slice(1)] }, ...rest],
      [{ rows: [{ of: [25], factors: [1] }, ...rows.slice(1)], constants }, ...rest],
      [{ rows: [{ of: [0], factors: [1, 2] }, ...rows.slice(1)], constants }, ...rest],
      [3 as never, ...rest],
    ];
    for (const others of bad) await expect(server.run(forged(others), batch)).rejects.toThrow(ParameterError);
    await expect(model.toBytes()).rejects.toThrow(/has no file/);
    expect(() => model.packedBytes).toThrow(ParameterError);
    expect(() => model.chunks()).toThrow(ParameterError);
    await expect(Model.fromBytes(new Uint8Array(8), plan, device)).rejects.toThrow(ParameterError);
    expect(() => new ModelOwner(plan, holder.publicKey).encrypt(small, options)).toThrow(ParameterError);
    expect(() => server.loadPlain(pools, { calibration: [randomImage(pools, 1)] })).toThrow(ParameterError);
    expect(() => holder.encrypt([])).toThrow(ParameterError);
    expect(() => holder.encrypt(Array.from({ length: 513 }, () => randomImage(small, 1)))).toThrow(ParameterError);
    using result = await server.run(model, batch);
    for (const images of [0, 513, 1.5]) await expect(holder.decryptAll(result, { images })).rejects.toThrow(RangeError);
  });

  test("one image far outside is right, since coefficients are means over images; all of them wrap, and the guard gives it away", async () => {
    const { holder, server } = await roles(plan);
    using _holder = holder;
    using model = server.loadPlain(small, options);
    const near = randomImage(small, 1);
    const far = near.map((value) => value * 60);
    {
      using batch = holder.encrypt([near, far]);
      using result = await server.run(model, batch);
      const all = await holder.decryptAll(result, { images: 2, exactUnsafe: true });
      // Not the interpreter's: a nearly straight quadratic is bent a little, which shows far from the calibration.
      const simulated = simulate(plan.program, weightsFor(plan, small, options).weights, [near, far]).all;
      for (const k of [0, 1]) {
        const clear = [...simulated[k]];
        const most = Math.max(...clear.map(Math.abs));
        if (k === 1) expect(most).toBeGreaterThan(2 * plan.parameters.headroomAt(0) * result.outputScale);
        for (const [i, logit] of clear.entries()) expect(Math.abs(all[k][i] - logit)).toBeLessThan(1e-5 * (1 + most));
      }
    }
    using batch = holder.encrypt(Array.from({ length: 512 }, () => far));
    using result = await server.run(model, batch);
    for (const images of [1, 512]) await expect(holder.decryptAll(result, { images })).rejects.toThrow(/not readable/);
  });

  test("programs that are none", () => {
    const { program, parameters } = plan;
    const with_ = (changes: object) => {
      return () => new Plan({ ...program, ...changes }, parameters, "plain", {}, { used: 5, withoutFolding: 5 });
    };
    expect(with_({})).not.toThrow();
    const [first, ...rest] = program.steps;
    const [layout, ...layouts] = program.layouts;
    const replica = layout.bits.map((role) => (role === "image" ? "replica" : role));
    for (const changes of [
      { throughput: undefined },
      { steps: [{ ...first, products: -1 }, ...rest] },
      { steps: [{ ...first, products: 1e9 }, ...rest] },
      { steps: [first, { ...rest[0], folds: [1] }, ...rest.slice(1)] },
      { layouts: [{ ...layout, bits: replica }, ...layouts] },
      { layouts: [{ ...layout, bits: ["junk", ...layout.bits.slice(1)] }, ...layouts] },
      { classes: 4 },
    ]) {
      expect(with_(changes), JSON.stringify(changes)).toThrow(ParameterError);
    }
    expect(() => planThroughput(fold(small).folded, 512)).not.toThrow(LevelError);
  });
});
