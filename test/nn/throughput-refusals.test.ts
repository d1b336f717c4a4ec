/** optimize: "throughput": what is refused, and what wraps around. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError, LevelError, ParameterError, UnsupportedLayerError } from "../../src/errors.js";
import { fold } from "../../src/nn/fold/fold.js";
import {
  compile,
  KeyHolder,
  Model,
  ModelOwner,
  type PlainModel,
  Plan,
  Randomness,
  Server,
  simulate,
  weightsFor,
} from "../../src/nn/index.js";
import { planThroughput, requireMemory } from "../../src/nn/plan/throughput.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { networkOf, randomImage, randomNetwork } from "./random-network.js";
import { planIn512, pools, small, throughput } from "./throughput-networks.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

async function roles(plan: Plan) {
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  return { holder, server: new Server(plan, device, holder.evaluationKeys) };
}

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
    const bytes = await model.toBytes();
    expect(model.packedBytes).toBe(bytes.length);
    using again = (await Model.fromBytes(bytes, plan, device)) as PlainModel;
    expect(again.numbers!.map(({ rows }) => new Set(rows.map(({ of }) => of)).size)).toEqual(
      model.numbers!.map(({ rows }) => new Set(rows.map(({ of }) => of)).size),
    );
    {
      using first = await server.run(model, batch);
      using second = await server.run(again, batch);
      expect(Buffer.compare(await first.toBytes(), await second.toBytes())).toBe(0);
    }
    await expect(Model.fromBytes(bytes, compile(small, { model: "plain" }), device)).rejects.toThrow(/another plan/);
    await expect(Model.fromBytes(new Uint8Array(8), plan, device)).rejects.toThrow(FormatError);
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
      return () =>
        new Plan({
          program: { ...program, ...changes },
          parameters,
          model: "plain",
          fold: {},
          depth: { used: 5, withoutFolding: 5 },
        });
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
