import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { phantomDataset } from "../../src/data/dataset.js";
import { FormatError, ParameterError } from "../../src/errors.js";
import {
  classOf,
  EncryptedNetwork,
  imageFrom,
  importOnnx,
  interpret,
  type Network,
  type Opening,
} from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { writePng } from "../data/png-bytes.js";
import { randomImage, randomNetwork } from "./random-network.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const model = (name: string) => readFileSync(new URL(`../../models/${name}.onnx`, import.meta.url));
const set = phantomDataset(1, { train: 32, val: 0, test: 4 });
const picture = (split: "train" | "test", i: number) => {
  const { pixels } = set.image(split, i);
  return { data: Uint8Array.from(pixels), width: 28, height: 28 };
};
const training = Array.from({ length: 32 }, (_, i) => picture("train", i));

/** Small and quick; four classes. */
const small = randomNetwork([1, 6, 6], [{ conv: 2, padding: 1 }, "quad", "flatten", { linear: 4 }], 5);
const calibration = Array.from({ length: 8 }, (_, i) => randomImage(small, i));

const close = (got: Float64Array, wanted: Float64Array, within: number) => {
  expect(got.length).toBe(wanted.length);
  for (const [k, value] of wanted.entries()) expect(Math.abs(got[k] - value), `logit ${k}`).toBeLessThan(within);
};

test("from the bytes of an ONNX file: pixels, a PNG and values of a picture give the network's logits, probabilities and label", async () => {
  const onnx = model("rl1-phantom");
  const network = importOnnx(onnx);
  using net = await EncryptedNetwork.open(onnx, { device, calibration: training });
  expect(net.fit).toBeUndefined();
  expect(net.plan.model).toBe("encrypted");
  const pixels = picture("test", 0);
  const values = imageFrom(pixels, network);
  const wanted = interpret(network, values);
  const samples = Uint8Array.from(pixels.data);
  const png = writePng({ width: 28, height: 28, colourType: 0, depth: 8, interlaced: false, samples });
  const steps: number[][] = [];
  const onProgress = (done: number, total: number) => steps.push([done, total]);
  for (const source of [pixels, png, values]) {
    const { label, index, probabilities, logits } = await net.predict(source, { onProgress });
    close(logits, wanted, 0.002);
    expect(index).toBe(classOf(wanted, network.card));
    expect(label).toBe(network.card.labels[index]);
    expect(probabilities[0] + probabilities[1]).toBeCloseTo(1, 12);
  }
  const count = net.plan.program.steps.length;
  const once = Array.from({ length: count }, (_, k) => [k + 1, count]);
  expect(steps).toEqual([...once, ...once, ...once]);
});

test("activations are fitted with the calibration, and the gap is told", async () => {
  using net = await EncryptedNetwork.open(model("rl1-phantom-relu"), { device, calibration: training, model: "plain" });
  expect(net.fit!.layers.length).toBeGreaterThan(0);
  expect(net.fit!.gap.images).toBe(32);
  expect(net.network.layers.some(({ op }) => op === "activation")).toBe(false);
  const { logits } = await net.predict(picture("test", 1));
  close(logits, interpret(net.network, imageFrom(picture("test", 1), net.network)), 0.002);
});

test.each([1, 4])("six pictures, %i at once: each has its own prediction, in order", async (images) => {
  using net = await EncryptedNetwork.open(small, { device, calibration, images });
  const six = Array.from({ length: 6 }, (_, i) => randomImage(small, 20 + i));
  const steps: number[][] = [];
  const predictions = await net.predict(six, { onProgress: (done, total) => steps.push([done, total]) });
  expect(predictions.length).toBe(6);
  for (const [i, { logits, index, label }] of predictions.entries()) {
    const wanted = interpret(small, six[i]);
    close(logits, wanted, 0.002);
    expect(index).toBe(wanted.indexOf(Math.max(...wanted)));
    expect(label).toBe(`class ${index}`);
  }
  expect(steps.at(-1)).toEqual([steps.length, steps.length]);
  expect(steps.length).toBe(Math.ceil(6 / images) * net.plan.program.steps.length);
  expect(await net.predict([])).toEqual([]);
  const [single] = await net.predict([[...six[0]]]);
  expect((await net.predict([...six[0]])).logits).toEqual(single.logits);
});

test("the stages of opening are told in order, the weights one by one", async () => {
  const told: Opening[] = [];
  using _net = await EncryptedNetwork.open(small, { device, calibration, onProgress: (each) => told.push(each) });
  const stages = told.map(({ stage }) => stage).filter((stage, i, all) => stage !== all[i - 1]);
  expect(stages).toEqual(["images", "activations", "plan", "keys", "weights"]);
  expect(told.filter(({ stage }) => stage === "images").at(-1)).toEqual({ stage: "images", done: 8 });
  const last = told.at(-1)!;
  expect(last.done).toBe(last.total);
});

describe("nothing is left behind", () => {
  const held = async () => {
    await device.idle();
    return device.statistics().bytesInUse;
  };

  test("disposed of, it has freed all that it held, keys too, and says so when it is used", async () => {
    const before = await held();
    const net = await EncryptedNetwork.open(small, { device, calibration });
    await net.predict(calibration[0]);
    expect(await held()).toBeGreaterThan(before);
    net[Symbol.dispose]();
    net[Symbol.dispose]();
    expect(await held()).toBe(before);
    await expect(net.predict(calibration[0])).rejects.toThrow("after it was disposed of");
  });

  test("disposed of while it runs, the run ends with an error and frees what it computed", async () => {
    const before = await held();
    const net = await EncryptedNetwork.open(small, { device, calibration });
    const running = net.predict(calibration.slice(0, 4), { onProgress: () => net[Symbol.dispose]() });
    const other = net.predict(calibration[1]);
    await expect(running).rejects.toThrow("after it was disposed of");
    await expect(other).rejects.toThrow("after it was disposed of");
    expect(await held()).toBe(before);
  });

  test.each(["images", "activations", "plan", "keys", "weights"])("a signal ends the opening at %s", async (at) => {
    const before = await held();
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = ({ stage }: Opening) => {
      if (stage === at) controller.abort(new Error(`ended at ${stage}`));
    };
    await expect(EncryptedNetwork.open(small, { device, calibration, signal, onProgress })).rejects.toThrow(
      `ended at ${at}`,
    );
    expect(await held()).toBe(before);
  });

  test("a signal ends a prediction between two steps; the next one is whole", async () => {
    using net = await EncryptedNetwork.open(small, { device, calibration });
    const before = await held();
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = () => controller.abort(new Error("enough"));
    await expect(net.predict(calibration[0], { signal, onProgress })).rejects.toThrow("enough");
    expect(await held()).toBe(before);
    close((await net.predict(calibration[0])).logits, interpret(small, calibration[0]), 0.002);
  });
});

test("what cannot be opened or predicted is refused in one line", async () => {
  const open = (source: unknown, options: unknown) =>
    EncryptedNetwork.open(source as Network, options as Parameters<typeof EncryptedNetwork.open>[1]);
  await expect(open(small, undefined)).rejects.toThrow("options: { device, calibration } was expected");
  const forgotten = openCpuDevice();
  await expect(open(small, { device: forgotten, calibration })).rejects.toThrow("await openDevice()");
  await (await forgotten).close();
  await expect(open(new ArrayBuffer(4), { device, calibration })).rejects.toThrow("an .onnx file was expected");
  await expect(open(new Uint8Array(4), { device, calibration })).rejects.toThrow(FormatError);
  await expect(open(small, { device })).rejects.toThrow("calibration: a list of images");
  await expect(open(small, { device, calibration: calibration[0] })).rejects.toThrow("calibration: a list of images");
  await expect(open(small, { device, calibration: [] })).rejects.toThrow(ParameterError);
  using net = await EncryptedNetwork.open(small, { device, calibration });
  await expect(net.predict([1, 2, 3])).rejects.toThrow(ParameterError);
  await expect(net.predict(7 as never)).rejects.toThrow(TypeError);
});
