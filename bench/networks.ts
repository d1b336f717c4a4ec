/**
 * Networks planned and run encrypted: the plan's table with what each step was predicted to take on this device, and what it took.
 * `npm run bench:networks`. Weights are drawn: what a run costs does not depend on them.
 */
import { parseArgs } from "node:util";
import { measureUnitCosts, type UnitCosts } from "../src/ckks/index.js";
import { isPowerOfTwo } from "../src/ckks/slots.js";
import { openDevice } from "../src/index.js";
import { interpret, KeyHolder, ModelOwner, type Network, type Plan, planRows, Server } from "../src/nn/index.js";
import type { Device } from "../src/ntt/device.js";
import { BenchError, runBench } from "./failure.js";
import { LEVERS, type Lever, planWithout } from "./levers.js";
import { generator, networkOf } from "./nets.js";
import { refusedOption, whole } from "./options.js";

const USAGE = `npm run bench:networks -- [options]

  --net NAME      rl3 (default), rgb9, lola, mlp, rl6
  --model KIND    encrypted (default) or plain
  --images N      at once, in the same ciphertexts (default 1)
  --keys MIB      for evaluation keys (default 128)
  --memory MIB    of the device for keys and weights; all stay in it unless said
  --threads N     of the CPU device (default 2)
  --runs N        of which the fastest counts (default 7)
  --levers        a row for the plan, and for it without each of the planner's levers
`;
/** The largest error of a logit, of 1 or of itself, that still counts as right. */
const LOGIT_TOLERANCE = 0.05;

const LEVER_HEAD = [
  "| without | products | key switches | model, MB | keys, MB | predicted ms | measured ms |",
  "| --- | --- | --- | --- | --- | --- | --- |",
].join("\n");

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
    const levers: readonly (Lever | undefined)[] = options.levers ? [undefined, ...LEVERS] : [undefined];
    if (options.levers) say(LEVER_HEAD);
    for (const lever of levers) {
      const begin = performance.now();
      const plan = planWithout(network, lever, { model: kind, images, maxKeyBytes });
      const compiled = `compiled in ${seconds(performance.now() - begin)}`;
      if (!options.levers) say(`${net}, ${kind}, ${images} at once: ${compiled}; ${device.describe()}`);
      const found = await measure(plan, network, device, memory, runs);
      if (options.levers) say(leverRow(plan, lever, found));
      else report(plan, found);
    }
  } finally {
    await device.close();
  }
}

/** What was measured of a plan. */
interface Found {
  readonly costs: UnitCosts;
  readonly made: number;
  readonly megabytes: number;
  /** Milliseconds of the fastest run, and of each step where it was fastest. */
  readonly fastest: number;
  readonly steps: readonly number[];
  readonly worst: number;
}

async function measure(
  plan: Plan,
  network: Network,
  device: Device,
  memoryLimit: number | undefined,
  runs: number,
): Promise<Found> {
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
  const made = performance.now() - begin;
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
  return { costs, made, megabytes: model.packedBytes / 1e6, fastest, steps: measured, worst };
}

function report(plan: Plan, { costs, made, megabytes, fastest, steps, worst }: Found): void {
  say(`model made in ${seconds(made)}, ${megabytes.toFixed(0)} MB`);
  say(plan.report({ costs, measured: steps }));
  const rss = (process.resourceUsage().maxRSS / 2 ** 20).toFixed(1);
  say(
    `fastest: ${fastest.toFixed(0)} ms, ${(fastest / plan.images).toFixed(0)} an image; largest error of a logit ` +
      `${worst.toExponential(1)}; process ${rss} GiB at most`,
  );
}

function leverRow(plan: Plan, lever: Lever | undefined, { costs, megabytes, fastest }: Found): string {
  const rows = planRows(plan, { costs });
  const sum = (of: (row: (typeof rows)[0]) => number) => rows.reduce((total, row) => total + of(row), 0);
  const cells = [
    lever ?? "–",
    sum(({ products }) => products),
    sum(({ keySwitches }) => keySwitches),
    megabytes.toFixed(0),
    (plan.evaluationKeyBytes / 1e6).toFixed(0),
    sum(({ predictedMs = 0 }) => predictedMs).toFixed(0),
    fastest.toFixed(0),
  ];
  return `| ${cells.join(" | ")} |`;
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
      levers: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw refusedOption(cause, "npm run bench:networks -- --help");
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
