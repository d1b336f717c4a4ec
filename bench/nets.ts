/** Networks that people measure, with drawn weights: what a run costs does not depend on them. */
import type { Layer, Network } from "../src/nn/index.js";
import { BenchError } from "./failure.js";

/** @throws BenchError for a name that is none */
export function networkOf(name: string): Network {
  const draw = generator(3);
  const among = (count: number, low: number, high: number) =>
    Float64Array.from({ length: count }, () => low + (high - low) * draw());
  const conv = (inChannels: number, outChannels: number, size: number, step: number, pad: number): Layer => {
    const bound = Math.sqrt(3 / (inChannels * size * size));
    return {
      op: "conv",
      inChannels,
      outChannels,
      kernel: [size, size],
      stride: [step, step],
      dilation: [1, 1],
      groups: 1,
      padding: { before: [pad, pad], after: [pad, pad] },
      weights: among(outChannels * inChannels * size * size, -bound, bound),
      bias: among(outChannels, -0.1, 0.1),
    };
  };
  const quad = (c: number): Layer => ({ op: "quad", a: among(c, 0.08, 0.12), b: among(c, 0.4, 0.6), c: among(c, -0.1, 0.1) }); // biome-ignore format: one line
  const norm = (c: number): Layer => ({ op: "batchNorm", gamma: among(c, 0.8, 1.2), beta: among(c, -0.1, 0.1), mean: among(c, -0.1, 0.1), variance: among(c, 0.8, 1.2), epsilon: 1e-5 }); // biome-ignore format: one line
  const dense = (inFeatures: number, outFeatures: number): Layer => {
    const bound = Math.sqrt(3 / inFeatures);
    const weights = among(inFeatures * outFeatures, -bound, bound);
    return { op: "linear", inFeatures, outFeatures, weights, bias: among(outFeatures, -0.1, 0.1) };
  };
  const pool: Layer = { op: "avgPool", kernel: [2, 2], stride: [2, 2] };
  const flat: Layer = { op: "flatten" };
  const block = (from: number, to: number, size = 3, step = 1): Layer[] => [
    conv(from, to, size, step, size >> 1),
    norm(to),
    quad(to),
  ];
  const three = (channels: number, classes: number): Layer[] => [
    ...block(channels, 8, 5, 2),
    ...block(8, 16),
    pool,
    ...block(16, 32),
    { op: "globalAvgPool" },
    flat,
    dense(32, classes),
  ];
  const six = [...block(1, 16, 5, 2), ...block(16, 16), pool, ...block(16, 32), ...block(32, 32), pool];
  const networks: Readonly<Record<string, () => [input: number[], classes: number, layers: Layer[]]>> = {
    rl3: () => [[1, 28, 28], 2, three(1, 2)],
    rgb9: () => [[3, 28, 28], 9, three(3, 9)],
    lola: () => [[1, 28, 28], 10, [conv(1, 5, 5, 2, 1), quad(5), flat, dense(845, 100), quad(100), dense(100, 10)]],
    mlp: () => [[784, 1, 1], 10, [flat, dense(784, 512), quad(512), dense(512, 10)]],
    rl6: () => [[1, 64, 64], 2, [...six, ...block(32, 64), ...block(64, 64), { op: "globalAvgPool" }, flat, dense(64, 2)]], // biome-ignore format: one line
  };
  const make = networks[name];
  if (!make) throw new BenchError(`there is no --net ${name}`, `take one of ${Object.keys(networks).join(", ")}`);
  const [input, classes, layers] = make();
  const labels = Array.from({ length: classes }, (_, k) => `class ${k}`);
  const card = { name, labels, positive: 0, threshold: 0.5, input: { scale: 1, offset: 0 } };
  return { input, classes, layers, card };
}

/** Between 0 and 1, the same from run to run. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
