/**
 * What a service adds to a diagnosis: RL-3, images encrypted beforehand, by the bare server in this process and through the service in a process
 * of its own, over HTTP. One after the other, and many from several clients at once. `npm run bench:service`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EvaluationKeys } from "../src/ckks/index.js";
import { HospitalClient, OperatorClient, OwnerClient } from "../src/client/index.js";
import { openDevice } from "../src/index.js";
import {
  compile,
  EncryptedImage,
  type EncryptedModel,
  EncryptedResult,
  KeyHolder,
  ModelOwner,
  Server,
} from "../src/nn/index.js";
import type { Device } from "../src/ntt/device.js";
import { BenchError, runBench } from "./failure.js";
import { generator, networkOf } from "./nets.js";
import { refusedOption, whole } from "./options.js";

const USAGE = `npm run bench:service -- [options]

  --serial N      diagnoses one after the other (default 40)
  --many N        diagnoses at once (default 200)
  --clients N     from which they come (default 8)
  --threads N     of the CPU device (default 2)
  --url URL       a service that runs, with its operator's token in BLINDSIGHT_TOKEN (default: one is started)
`;
const COMMAND = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

await runBench(main);

async function main(args: readonly string[]): Promise<void> {
  const { serial, many, clients, threads, url } = valuesOf(args);
  const folder = mkdtempSync(join(tmpdir(), "blindsight-bench-"));
  const device = await openDevice("cpu", { threads });
  const started = url ? undefined : await start(folder, threads);
  try {
    const at = url ?? started!.url;
    const token = started?.token ?? process.env["BLINDSIGHT_TOKEN"];
    if (!token) throw new BenchError("there is no BLINDSIGHT_TOKEN", "set it to the service's operator's");
    const network = networkOf("rl3");
    const random = generator(1);
    const drawn = () => Float64Array.from({ length: 784 }, () => random() * 2 - 1);
    const calibration = [drawn(), drawn()];
    const plan = compile(network);
    using holder = await KeyHolder.create(plan, device);
    const images = await Promise.all(Array.from({ length: 16 }, () => bytesOf(holder, drawn())));

    const bare = await bareRuns(device, plan, holder, network, calibration, images, { serial, many });
    say(
      `bare, on ${device.describe()}: ${bare.each.toFixed(0)} ms each (least of ${serial}), ${bare.rate.toFixed(2)} a second (${many})`,
    );

    const operator = new OperatorClient({ url: at, token });
    const name = randomBytes(4).toString("hex");
    const tokens = { owner: `owner-${name}`, hospital: `hospital-${name}` } as const;
    const ownerToken = (await operator.createToken("owner", tokens.owner, 1)).token;
    const hospitalToken = (await operator.createToken("hospital", tokens.hospital, 1)).token;
    const owner = new OwnerClient({ url: at, token: ownerToken });
    const hospital = new HospitalClient({ url: at, token: hospitalToken });
    await owner.register(plan);
    const key = await hospital.ensureKey(holder);
    const description = { name: "rl3", version: "1", commitment: "0".repeat(64), budget: 1_000_000 };
    const model = await owner.give(
      key,
      holder.publicKey.fingerprint,
      { plan, network, options: { calibration } },
      description,
      device,
    );
    const ask = asking(at, hospitalToken);
    const one = (k: number) => diagnosed(ask, model.id, images[k % images.length]);
    // That the first answer is one that the key opens; what every one says is test/service's business.
    {
      using result = await EncryptedResult.fromBytes(await one(0), plan, device);
      await holder.decrypt(result);
    }
    const times: number[] = [];
    for (let k = 0; k < serial; k++) times.push(await timed(() => one(k)));
    times.sort((a, b) => a - b);
    const [least, median] = [times[0], times[times.length >> 1]];
    let next = 0;
    const all = await timed(() =>
      Promise.all(
        Array.from({ length: clients }, async () => {
          while (next < many) await one(next++);
        }),
      ),
    );
    const rate = (1000 * many) / all;
    say(
      `through the service: ${least.toFixed(0)} ms each (least; median ${median.toFixed(0)}), ${rate.toFixed(2)} a second (${many} from ${clients} clients)`,
    );
    say(
      `latency ${(least / bare.each).toFixed(2)}x (median by median ${(median / bare.median).toFixed(2)}x), throughput ${(rate / bare.rate).toFixed(2)} of the bare one`,
    );
    await operator.deleteTenant(tokens.hospital);
    await operator.deleteTenant(tokens.owner);
  } finally {
    started?.process.kill("SIGTERM");
    await device.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bytesOf(holder: KeyHolder, image: Float64Array): Promise<Uint8Array> {
  using encrypted = holder.encrypt(image);
  return await encrypted.toBytes();
}

/** From the image's file to the result's, as the service does it, with keys and model in memory. */
async function bareRuns(
  device: Device,
  plan: ReturnType<typeof compile>,
  holder: KeyHolder,
  network: ReturnType<typeof networkOf>,
  calibration: readonly Float64Array[],
  images: readonly Uint8Array[],
  { serial, many }: { serial: number; many: number },
) {
  using keys = await EvaluationKeys.fromBytes(await holder.evaluationKeys.toBytes(), device);
  const server = new Server(plan, device, keys);
  const owner = new ModelOwner(plan, holder.publicKey);
  using model = owner.encrypt(network, { calibration });
  const one = async (k: number) => {
    using image = await EncryptedImage.fromBytes(images[k % images.length], plan, device);
    using result = await server.run(model as EncryptedModel, image);
    await result.toBytes();
  };
  await one(0);
  const times: number[] = [];
  for (let k = 0; k < serial; k++) times.push(await timed(() => one(k)));
  times.sort((a, b) => a - b);
  const all = await timed(async () => {
    for (let k = 0; k < many; k++) await one(k);
  });
  return { each: times[0], median: times[times.length >> 1], rate: (1000 * many) / all };
}

type Ask = (method: string, path: string, body?: Uint8Array | object) => Promise<Response>;

function asking(url: string, token: string): Ask {
  return async (method, path, body) => {
    const sent = body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : body && JSON.stringify(body);
    for (;;) {
      const response = await fetch(`${url}/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(sent && { body: sent }),
      });
      if (response.ok) return response;
      const text = await response.text();
      if (response.status !== 429 && response.status !== 503)
        throw new BenchError(`${method} ${path}: ${text}`, "see the service's log");
      await new Promise((wake) => setTimeout(wake, 50));
    }
  };
}

async function diagnosed(ask: Ask, model: string, image: Uint8Array): Promise<Uint8Array> {
  const digest = createHash("sha256").update(image).digest("hex");
  await (await ask("POST", `/blobs/${digest}`, { kind: "encrypted image", bytes: image.length })).arrayBuffer();
  await (await ask("PUT", `/blobs/${digest}/0`, image)).arrayBuffer();
  const job = randomBytes(16).toString("hex");
  let state = (await (await ask("PUT", `/jobs/${job}`, { model, image: digest })).json()) as {
    ended?: number;
    state: string;
  };
  while (state.ended === undefined) state = (await (await ask("GET", `/jobs/${job}?wait=25`)).json()) as typeof state;
  if (state.state !== "done") throw new BenchError(`a job ended as ${state.state}`, "see the service's log");
  const bytes = new Uint8Array(await (await ask("GET", `/jobs/${job}/result`)).arrayBuffer());
  await (await ask("DELETE", `/jobs/${job}`)).arrayBuffer();
  return bytes;
}

async function start(folder: string, threads: number) {
  const args = ["serve", "--folder", folder, "--port", "0", "--json", "--device", "cpu", "--threads", `${threads}`];
  const child: ChildProcess = spawn(process.execPath, [COMMAND, ...args]);
  let [log, told] = ["", ""];
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on("data", (data) => {
      log = (log + data).slice(0, 4096);
      if (log.includes("\n")) resolve(JSON.parse(log.slice(0, log.indexOf("\n"))).url);
    });
    child.stderr!.on("data", (data) => (told += data));
    child.once("exit", () => reject(new BenchError(told, "run npm run build first")));
  });
  return { process: child, url, token: /bs_[0-9a-f]{16}_[\w-]{43}/.exec(told)![0] };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function valuesOf(args: readonly string[]) {
  try {
    const text = { type: "string" } as const;
    const { values } = parseArgs({
      args: [...args],
      options: { help: { type: "boolean" }, serial: text, many: text, clients: text, threads: text, url: text },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    return {
      serial: whole("--serial", values.serial ?? "40", 1, 10_000),
      many: whole("--many", values.many ?? "200", 1, 100_000),
      clients: whole("--clients", values.clients ?? "8", 1, 64),
      threads: whole("--threads", values.threads ?? "2", 1, 64),
      url: values.url,
    };
  } catch (error) {
    throw refusedOption(error, USAGE);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
