/**
 * Networks planned and run encrypted: the plan's table with what each step was predicted to take on this device, and what it took.
 * `npm run bench:networks`. Weights are drawn: what a run costs does not depend on them.
 */
import { parseArgs } from "node:util";
import { measureUnitCosts } from "../src/ckks/index.js";
import { isPowerOfTwo } from "../src/ckks/slots.js";
import { openDevice } from "../src/index.js";
import {
  compile,
  interpret,
  KeyHolder,
  type Layer,
  ModelOwner,
  type Network,
  type Plan,
  Server,
} from "../src/nn/index.js";
import type { Device } from "../src/ntt/device.js";
import { BenchError, runBench } from "./failure.js";
import { refusedOption, whole } from "./options.js";

const USAGE = `npm run bench:networks -- [options]

  --net NAME      rl3 (default), rgb9, lola, mlp, rl6
  --model KIND    encrypted (default) or plain
  --images N      at once, in the same ciphertexts (default 1)
  --keys MIB      for evaluation keys (default 128)
  --memory MIB    of the device for keys and weights; all stay in it unless said
  --threads N     of the CPU device (default 2)
  --runs N        of which the fastest counts (default 7)
`;
/** The largest error of a logit, of 1 or of itself, that still counts as right. */
const LOGIT_TOLERANCE = 0.05;

await runBench(main);

async function main(args: readonly string[]): Promise<void> {
  const options = valuesOf(args);
  if (options.help) return void process.stdout.write(USAGE);
  const { net, model: kind } = options;
  if (kind !== "encrypted" && kind !== "plain") {
    throw new BenchError(`there is no --model ${kind}`, "take encrypted or plain");
  }
  const images = whole("--images", options.images, 1, 1024);
  if (!isPowerOfTwo(images)) throw new BenchError(`--images ${images} is no power of two`, "take 1, 2, 4, …, 1024");
  const threads = whole("--threads", options.threads, 1, 64);
  const runs = whole("--runs", options.runs, 1, 1000);
  const maxKeyBytes = whole("--keys", options.keys, 0, 2 ** 20) * 2 ** 20;
  const memory = options.memory === undefined ? undefined : whole("--memory", options.memory, 0, 2 ** 22) * 2 ** 20;
  const network = networkOf(net);
  const device = await openDevice("cpu", { threads });
  try {
    const begin = performance.now();
    const plan = compile(network, { model: kind, images, maxKeyBytes });
    say(`${net}, ${kind}, ${images} at once: compiled in ${seconds(performance.now() - begin)}; ${device.describe()}`);
    await run(plan, network, device, memory, runs);
  } finally {
    await device.close();
  }
}

async function run(plan: Plan, network: Network, device: Device, memoryLimit: number | undefined, runs: number) {
  const costs = await measureUnitCosts(device, plan.parameters);
  const random = generator(7);
  const size = network.input.reduce((a, b) => a * b);
  const images = Array.from({ length: 8 }, () => Float64Array.from({ length: size }, random));
  using holder = await KeyHolder.create(plan, device);
  const { evaluationKeys } = holder;
  const server =
    memoryLimit !== undefined
      ? await Server.withMemoryLimit(plan, device, evaluationKeys, { memoryLimit })
      : new Server(plan, device, evaluationKeys);
  let begin = performance.now();
  using model = await modelOf(plan, network, server, holder, images);
  await device.idle();
  say(`model made in ${seconds(performance.now() - begin)}, ${(model.packedBytes / 1e6).toFixed(0)} MB`);
  const at = plan.images;
  const batch = Array.from({ length: at }, (_, k) => images[k % images.length]);
  using input = holder.encrypt(at === 1 ? batch[0] : batch);
  await device.idle();
  const measured: number[] = [];
  let [fastest, worst] = [Number.POSITIVE_INFINITY, 0];
  for (let k = 0; k < runs; k++) {
    begin = performance.now();
    using result = await server.run(model, input);
    fastest = Math.min(fastest, performance.now() - begin);
    const logits = await holder.decryptAll(result);
    for (const [i, image] of batch.entries()) {
      for (const [c, clear] of interpret(network, image).entries()) {
        worst = Math.max(worst, Math.abs(logits[i][c] - clear) / Math.max(1, Math.abs(clear)));
      }
    }
    const onStep = (_step: unknown, index: number, milliseconds: number) => {
      measured[index] = Math.min(measured[index] ?? Number.POSITIVE_INFINITY, milliseconds);
    };
    using _watched = await server.run(model, input, { onStep });
  }
  if (!(worst < LOGIT_TOLERANCE)) {
    throw new BenchError(
      `a logit is off by ${worst}`,
      "the encrypted network computes something else: a fault of the library",
    );
  }
  say(plan.report({ costs, measured }));
  const rss = (process.resourceUsage().maxRSS / 2 ** 20).toFixed(1);
  say(
    `fastest of ${runs}: ${fastest.toFixed(0)} ms, ${(fastest / at).toFixed(0)} an image; largest error of a logit ` +
      `${worst.toExponential(1)}; process ${rss} GiB at most`,
  );
}

async function modelOf(plan: Plan, network: Network, server: Server, holder: KeyHolder, calibration: Float64Array[]) {
  const { residency } = server;
  if (plan.model === "plain") {
    return residency ? server.loadPlainPaged(network, { calibration }) : server.loadPlain(network, { calibration });
  }
  const owner = new ModelOwner(plan, holder.publicKey);
  const made = residency
    ? await owner.encryptPaged(network, { calibration }, residency)
    : owner.encrypt(network, { calibration });
  return server.load(made);
}

/** @throws BenchError for a name that is none */
function networkOf(name: string): Network {
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

function valuesOf(args: readonly string[]) {
  try {
    const text = (value: string) => ({ type: "string", default: value }) as const;
    const options = {
      net: text("rl3"),
      model: text("encrypted"),
      images: text("1"),
      keys: text("128"),
      memory: { type: "string" },
      threads: text("2"),
      runs: text("7"),
      help: { type: "boolean", default: false },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw refusedOption(cause, "npm run bench:networks -- --help");
  }
}

/** Between 0 and 1, the same from run to run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
