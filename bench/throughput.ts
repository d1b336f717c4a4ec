/**
 * CryptoNets' network on 28×28 pixels with as many images at once as there are slots: how long a batch takes, layer by layer on
 * request. `npm run bench:throughput`. Its weights are drawn: what it costs does not depend on them.
 */
import { parseArgs } from "node:util";
import { openDevice } from "../src/index.js";
import { compile, interpret, KeyHolder, type Layer, type Network, Server } from "../src/nn/index.js";
import { BenchError, runBench } from "./failure.js";
import { refusedOption, whole } from "./options.js";

const USAGE = `npm run bench:throughput -- [options]

  --threads N     of the CPU device (default 2)
  --batches N     one after the other (default 3)
  --device KIND   cpu (default) or webgpu
  --layers        the time of each layer; every step is then waited for, which takes a little longer
`;
/** The largest error of a logit that still counts as right. */
const LOGIT_TOLERANCE = 0.01;
/** Images of a batch that are computed in the clear, too. */
const CHECKED = 32;

await runBench(main);

async function main(args: readonly string[]): Promise<void> {
  const { threads, batches, device: kind, layers, help } = valuesOf(args);
  if (help) return void process.stdout.write(USAGE);
  if (kind !== "cpu" && kind !== "webgpu") throw new BenchError(`there is no --device ${kind}`, "take cpu or webgpu");
  const count = whole("--batches", batches, 1, 1000);
  const options = kind === "cpu" ? { threads: whole("--threads", threads, 1, 64) } : {};
  const network = cryptoNets();
  const plan = compile(network, { model: "plain", optimize: "throughput" });
  const device = await openDevice(kind, options);
  try {
    say(`${device.describe()}; ${plan.parameters.describe()}`);
    using holder = await KeyHolder.create(plan, device);
    const server = new Server(plan, device, holder.evaluationKeys);
    const random = generator(5);
    const images = Array.from({ length: plan.images }, () => Float64Array.from({ length: 28 * 28 }, random));
    using model = await timed("weights", () => server.loadPlain(network, { calibration: images.slice(0, CHECKED) }));
    using batch = await timed("encryption", async () => {
      const encrypted = holder.encrypt(images);
      await device.idle();
      return encrypted;
    });
    for (let k = 0; k < count; k++) {
      const times = new Map<string, number>();
      const onStep = (step: { op: string; layer?: number }, _index: number, milliseconds: number) => {
        const name = `  layer ${step.layer} (${step.op})`;
        times.set(name, (times.get(name) ?? 0) + milliseconds);
      };
      const begin = performance.now();
      using result = await server.run(model, batch, layers ? { onStep } : {});
      const milliseconds = performance.now() - begin;
      say(`batch ${k}: ${seconds(milliseconds)}, ${(milliseconds / plan.images).toFixed(3)} ms an image`);
      for (const [name, time] of times) say(`${name}: ${seconds(time)}`);
      if (k > 0) continue;
      const all = await timed("decryption", () => holder.decryptAll(result));
      requireRight(network, images, all);
    }
    say(`at most ${(device.statistics().peakBytes / 2 ** 20).toFixed(0)} MiB of limbs`);
  } finally {
    await device.close();
  }
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        threads: { type: "string", default: "2" },
        batches: { type: "string", default: "3" },
        device: { type: "string", default: "cpu" },
        layers: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw refusedOption(error, "npm run bench:throughput -- --help");
  }
}

/** @throws BenchError for a logit that is not the interpreter's. */
function requireRight(network: Network, images: readonly Float64Array[], all: readonly Float64Array[]): void {
  let worst = 0;
  for (let k = 0; k < images.length; k += images.length / CHECKED) {
    for (const [i, logit] of interpret(network, images[k]).entries()) {
      worst = Math.max(worst, Math.abs(all[k][i] - logit));
    }
  }
  say(`largest error of a logit of ${CHECKED} images: ${worst.toExponential(1)}`);
  if (!(worst < LOGIT_TOLERANCE)) throw new BenchError(`a logit errs by ${worst}`, "this is a fault of the library");
}

/** Convolution 5×5, stride 2, to 5 maps of 13×13; square; matrix to 100; square; matrix to 10. */
function cryptoNets(): Network {
  const random = generator(1);
  const draw = (count: number, from: number) => {
    return Float64Array.from({ length: count }, () => (2 * random() - 1) * Math.sqrt(3 / from));
  };
  const square = (channels: number): Layer => {
    const zeros = new Float64Array(channels);
    return { op: "quad", a: new Float64Array(channels).fill(1), b: zeros, c: zeros };
  };
  const matrix = (inFeatures: number, outFeatures: number): Layer => {
    const weights = draw(inFeatures * outFeatures, inFeatures);
    return { op: "linear", inFeatures, outFeatures, weights, bias: draw(outFeatures, 30) };
  };
  const layers: Layer[] = [
    {
      op: "conv",
      inChannels: 1,
      outChannels: 5,
      kernel: [5, 5],
      stride: [2, 2],
      dilation: [1, 1],
      padding: { before: [1, 1], after: [1, 1] },
      groups: 1,
      weights: draw(125, 25),
      bias: draw(5, 30),
    },
    square(5),
    { op: "flatten" },
    matrix(5 * 13 * 13, 100),
    square(100),
    matrix(100, 10),
  ];
  const labels = Array.from({ length: 10 }, (_, digit) => `${digit}`);
  const card = { name: "CryptoNets", labels, positive: 0, threshold: 0.5, input: { scale: 1 / 255, offset: 0 } };
  return { input: [1, 28, 28], layers, classes: 10, card };
}

/** Numbers in [0, 1) from a seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

async function timed<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const begin = performance.now();
  const made = await work();
  say(`${what}: ${seconds(performance.now() - begin)}`);
  return made;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
