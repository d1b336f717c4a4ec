/**
 * RL-6 on 64×64 pixels with keys and weights outside of the device's memory: how long an image takes, and how much memory the
 * process. `npm run bench:memory`. Its weights are drawn: what it costs does not depend on them.
 */
import { parseArgs } from "node:util";
import { openDevice, openScratchFile } from "../src/index.js";
import { compile, interpret, KeyHolder, type Layer, ModelOwner, type Network, Server } from "../src/nn/index.js";
import { BenchError, runBench } from "./failure.js";
import { refusedOption, whole } from "./options.js";

const USAGE = `npm run bench:memory -- [options]

  --memory MIB    of the device for keys and weights (default 1500)
  --threads N     of the CPU device (default 2)
  --images N      one after the other (default 3)
  --store KIND    where the rest is: file (default), or memory
  --plain         the server's own weights, in the clear
`;
const PIXELS = 64;
/** The largest error of a logit that still counts as right. */
const LOGIT_TOLERANCE = 0.05;

interface Options {
  readonly memoryLimit: number;
  readonly threads: number;
  readonly images: number;
  readonly inFile: boolean;
  readonly plain: boolean;
}

await runBench(async (args) => {
  const options = parse(args);
  if (options) await run(options);
  else process.stdout.write(USAGE);
});

/** @throws BenchError naming the option; undefined for --help. */
function parse(args: readonly string[]): Options | undefined {
  const { memory = "1500", threads = "2", images = "3", store = "file", plain = false, help } = valuesOf(args);
  if (help) return undefined;
  if (store !== "file" && store !== "memory")
    throw new BenchError(`there is no --store ${store}`, "take file or memory");
  return {
    memoryLimit: whole("--memory", memory, 0, 2 ** 22) * 2 ** 20,
    threads: whole("--threads", threads, 1, 64),
    images: whole("--images", images, 1, 1000),
    inFile: store === "file",
    plain,
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        memory: { type: "string" },
        threads: { type: "string" },
        images: { type: "string" },
        store: { type: "string" },
        plain: { type: "boolean" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (cause) {
    throw refusedOption(cause, "npm run bench:memory -- --help");
  }
}

async function run({ memoryLimit, threads, images: count, inFile, plain }: Options): Promise<void> {
  const network = rl6();
  const images = Array.from({ length: 8 }, (_, k) => drawn(PIXELS ** 2, 0, 1, 100 + k));
  const options = { calibration: images };
  const plan = compile(network, { model: plain ? "plain" : "encrypted" });
  console.log(plan.parameters.describe());
  const device = await openDevice("cpu", { threads });
  const holder = await KeyHolder.create(plan, device);
  const store = inFile ? await openScratchFile() : undefined;
  const paging = { memoryLimit, ...(store && { store }) };
  const server = await Server.withMemoryLimit(plan, device, holder.evaluationKeys, paging);
  const begin = performance.now();
  const model = plain
    ? await server.loadPlainPaged(network, options)
    : server.load(await new ModelOwner(plan, holder.publicKey).encryptPaged(network, options, server.residency!));
  await device.idle();
  const seconds = (performance.now() - begin) / 1000;
  console.log(
    `model: ${model.operands.length} vectors, ${megabytes(model.packedBytes)} MB, made in ${seconds.toFixed(1)} s; ` +
      `keys: ${megabytes(holder.evaluationKeys.packedBytes)} MB`,
  );
  for (let k = 0; k < count; k++) {
    const image = images[k % images.length];
    using encrypted = holder.encrypt(image);
    const start = performance.now();
    using result = await server.run(model, encrypted);
    const milliseconds = performance.now() - start;
    const logits = await holder.decrypt(result);
    const expected = interpret(network, image);
    const error = Math.max(...logits.map((logit, j) => Math.abs(logit - expected[j])));
    if (!(error < LOGIT_TOLERANCE)) throw new Error(`logits ${logits}, where the network says ${expected}`);
    console.log(`image ${k}: ${(milliseconds / 1000).toFixed(2)} s, largest logit error ${error.toExponential(1)}`);
  }
  const { rss } = process.memoryUsage();
  const most = process.resourceUsage().maxRSS * 1024;
  console.log(
    `process: ${megabytes(rss)} MB, at most ${megabytes(most)} MB; device ${megabytes(device.statistics().peakBytes)} MB`,
  );
  await device.close();
  store?.[Symbol.dispose]();
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** conv 5×5 stride 2 →16; conv →16, avgpool 2; conv →32; conv →32, avgpool 2; conv →64; conv →64; global avgpool; linear. */
function rl6(): Network {
  const layers: Layer[] = [];
  let channels = 1;
  const block = (out: number, size: number, stride: number): void => {
    const seed = layers.length;
    const inputs = channels * size * size;
    const reach = Math.sqrt(3 / inputs);
    const edge = (size - 1) / 2;
    const of = (low: number, high: number, k: number) => drawn(out, low, high, 7 * seed + k);
    layers.push(
      {
        op: "conv",
        inChannels: channels,
        outChannels: out,
        kernel: [size, size],
        stride: [stride, stride],
        dilation: [1, 1],
        padding: { before: [edge, edge], after: [edge, edge] },
        groups: 1,
        weights: drawn(out * inputs, -reach, reach, 7 * seed),
        bias: of(-0.1, 0.1, 1),
      },
      {
        op: "batchNorm",
        gamma: of(0.8, 1.2, 2),
        beta: of(-0.1, 0.1, 3),
        mean: of(-0.1, 0.1, 4),
        variance: of(0.8, 1.2, 5),
        epsilon: 1e-5,
      },
      { op: "quad", a: of(0.08, 0.12, 6), b: of(0.4, 0.6, 7), c: of(-0.1, 0.1, 8) },
    );
    channels = out;
  };
  const pool: Layer = { op: "avgPool", kernel: [2, 2], stride: [2, 2] };
  block(16, 5, 2);
  block(16, 3, 1);
  layers.push(pool);
  block(32, 3, 1);
  block(32, 3, 1);
  layers.push(pool);
  block(64, 3, 1);
  block(64, 3, 1);
  layers.push({ op: "globalAvgPool" }, { op: "flatten" });
  layers.push({
    op: "linear",
    inFeatures: 64,
    outFeatures: 2,
    weights: drawn(128, -0.3, 0.3, 1),
    bias: drawn(2, -0.1, 0.1, 2),
  });
  const card = { name: "RL-6", labels: ["0", "1"], positive: 1, threshold: 0.5, input: { scale: 1 / 255, offset: 0 } };
  return { input: [1, PIXELS, PIXELS], layers, classes: 2, card };
}

/** Numbers between two bounds, the same in every run. */
function drawn(count: number, low: number, high: number, seed: number): Float64Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  const next = () => (state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  return Float64Array.from({ length: count }, () => low + (high - low) * next());
}
