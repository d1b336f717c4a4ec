/** RL-3 on one image, by stage and by layer, with the model encrypted and with a plain one. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EvaluationKeys } from "../src/ckks/index.js";
import type { Dataset } from "../src/data/dataset.js";
import { imageToInput } from "../src/data/input.js";
import { openDataset } from "../src/data/open-dataset.js";
import { openDevice } from "../src/device.js";
import {
  compile,
  type EncryptedModel,
  importOnnx,
  interpret,
  KeyHolder,
  Model,
  ModelOwner,
  type Network,
  type PlainModel,
  type Plan,
  Randomness,
  Server,
} from "../src/nn/index.js";
import type { Device } from "../src/ntt/device.js";
import { CountingDevice } from "./counting-device.js";
import { BenchError } from "./failure.js";
import { figuresOf, type Roof } from "./gpu.js";
import { summarize } from "./measure.js";
import type { GpuFigures, KernelCounts, Measurement, Row, Subject } from "./record.js";

export const RL3_PREFIX = "RL-3";

/** Images, and runs of the server, after one that warms up. */
const RUNS = 7;
/** Setting up takes seconds: it is timed this often. */
const SET_UPS = 3;
const CALIBRATION_IMAGES = 256;
/** The largest error of a logit that still counts as right; the noise is a hundredth of it. */
const LOGIT_TOLERANCE = 0.05;

type Add = (row: Row) => void;

/** @throws BenchError when the encrypted logits are not those of the network. */
export async function runRl3(
  threads: number,
  countsOnly: boolean,
  add: Add,
  kind: Device["kind"] = "cpu",
  roof: Roof = {},
): Promise<void> {
  const subject = await openSubject();
  for (const model of ["encrypted", "plain"] as const) {
    const device = new CountingDevice(await openDevice(kind, { threads }));
    try {
      await new Run(subject, model, device, countsOnly, roof, add).all();
    } finally {
      await device.close();
    }
  }
}

interface TestSubject {
  readonly network: Network;
  readonly calibration: readonly Float64Array[];
  readonly image: Float64Array;
}

/** BreastMNIST where the data are at hand, else phantoms, which need none. Nothing is downloaded. */
async function openSubject(): Promise<TestSubject> {
  const folder = process.env["BLINDSIGHT_DATA"];
  const name = folder && existsSync(join(folder, "breastmnist.npz")) ? "breastmnist" : "phantom";
  const network = importOnnx(readFileSync(join(modelFolder(), `rl3-${name}.onnx`)));
  const dataset: Dataset = await openDataset(name);
  const input = (split: "train" | "test", index: number) =>
    imageToInput(dataset.image(split, index).pixels, network.card);
  const count = Math.min(CALIBRATION_IMAGES, dataset.count("train"));
  const step = Math.floor(dataset.count("train") / count);
  const calibration = Array.from({ length: count }, (_, k) => input("train", k * step));
  return { network, calibration, image: input("test", 0) };
}

/** From the sources as well as from build/. */
function modelFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "models")) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, "models");
}

class Run {
  private readonly samples = new Map<string, number[]>();
  private readonly bytes = new Map<string, number>();
  private readonly counts = new Map<string, KernelCounts>();
  private figures: GpuFigures | undefined;
  private readonly plan: Plan;
  private readonly randomness = Randomness.seededUnsafe(5);

  constructor(
    private readonly subject: TestSubject,
    private readonly model: "encrypted" | "plain",
    private readonly device: CountingDevice,
    private readonly countsOnly: boolean,
    private readonly roof: Roof,
    private readonly add: Add,
  ) {
    this.plan = compile(subject.network, { model });
  }

  async all(): Promise<void> {
    const { plan, device, subject } = this;
    const setUps = this.countsOnly ? 1 : SET_UPS;
    for (let i = 0; i < setUps; i++) {
      using holder = await this.stage("key generation", () => KeyHolder.create(plan, device, this.randomness.fork()));
      const server = new Server(plan, device, holder.evaluationKeys);
      using model = await this.makeModel(holder, server);
      this.bytes.set("key generation", holder.evaluationKeys.packedBytes);
      this.bytes.set(this.modelStage, model.packedBytes);
      if (!this.countsOnly) await this.files(holder.evaluationKeys, model);
      if (i < setUps - 1) continue;
      for (let run = -1; run < (this.countsOnly ? 0 : RUNS); run++) {
        await this.diagnose(holder, server, model, run < 0);
      }
    }
    const parameters = `${plan.parameters.describe()}; depth ${plan.depth.used}, ${plan.rotations.size} rotation keys`;
    const { bits, logQP } = plan.security;
    const where = device.kind === "cpu" ? "" : `, ${device.describe()}`;
    const label = `blindsight, ${subject.network.card.name}${where}`;
    const who: Subject = { label, threads: device.threads, parameters, logQP, securityBits: bits };
    for (const [stage, samples] of this.samples) {
      this.add({
        group: "RL-3",
        name: `${RL3_PREFIX}, ${this.model} model: ${stage}`,
        logN: plan.parameters.logN,
        threads: device.threads,
        counts: this.counts.get(stage),
        ...(this.countsOnly ? {} : { ours: this.measurement(stage, who, samples) }),
      });
    }
  }

  private measurement(stage: string, subject: Subject, samples: readonly number[]): Measurement {
    const gpu = stage === "server" && this.figures ? { gpu: this.figures } : {};
    return { subject, ...summarize(samples, 1), bytes: this.bytes.get(stage), ...gpu };
  }

  private get modelStage(): string {
    return this.model === "encrypted" ? "encrypt the model" : "encode the model";
  }

  private async makeModel(holder: KeyHolder, server: Server): Promise<EncryptedModel | PlainModel> {
    const { network, calibration } = this.subject;
    if (this.model === "plain") return this.stage(this.modelStage, () => server.loadPlain(network, { calibration }));
    const owner = new ModelOwner(this.plan, holder.publicKey, this.randomness.fork());
    const encrypted = await this.stage(this.modelStage, () => owner.encrypt(network, { calibration }));
    return this.stage("load the model", () => server.load(encrypted));
  }

  /** As whole arrays: what a disk or a network adds is not ours. */
  private async files(keys: EvaluationKeys, model: EncryptedModel | PlainModel): Promise<void> {
    const { plan, device } = this;
    const keyBytes = await this.stage("write the evaluation keys", () => keys.toBytes());
    (await this.stage("read the evaluation keys", () => EvaluationKeys.fromBytes(keyBytes, device)))[Symbol.dispose]();
    const modelBytes = await this.stage("write the model", () => model.toBytes());
    (await this.stage("read the model", () => Model.fromBytes(modelBytes, plan, device)))[Symbol.dispose]();
    for (const [what, { length }] of [
      ["the evaluation keys", keyBytes],
      ["the model", modelBytes],
    ] as const) {
      for (const way of ["write", "read"]) this.bytes.set(`${way} ${what}`, length);
    }
  }

  private async diagnose(holder: KeyHolder, server: Server, model: EncryptedModel | PlainModel, warmUp: boolean) {
    const { network, image } = this.subject;
    const encrypted = await this.stage("encrypt the image", () => holder.encrypt(image), warmUp);
    const run = () => server.run(model, encrypted);
    const runOnly = async () => (await run())[Symbol.dispose]();
    if (warmUp) {
      const counts = await this.device.count(runOnly);
      this.counts.set("server", counts);
      const { gpu } = this.device;
      if (this.countsOnly) this.record("server", 0);
      else if (gpu) this.figures = await figuresOf(gpu, counts, this.roof, runOnly);
    } else {
      // Layers in a run of their own: to time one by itself the device must be waited for.
      const layers = await server.run(model, encrypted, {
        onStep: (step, index, milliseconds) =>
          this.record(
            `step ${index + 1}, ${step.op} at level ${this.plan.program.values[step.inputs[0]].level}`,
            milliseconds,
          ),
      });
      layers[Symbol.dispose]();
    }
    const result = await this.stage("server", run, warmUp);
    const logits = await this.stage("decrypt", () => holder.decrypt(result), warmUp);
    this.bytes.set("encrypt the image", encrypted.packedBytes);
    this.bytes.set("server", result.packedBytes);
    encrypted[Symbol.dispose]();
    result[Symbol.dispose]();
    const expected = interpret(network, image);
    logits.forEach((logit, j) => {
      if (Math.abs(logit - expected[j]) < LOGIT_TOLERANCE) return;
      const fix = "find out why before timing anything";
      throw new BenchError(`RL-3: logit ${j} is ${logit}, the network says ${expected[j]}`, fix);
    });
  }

  /** Launches are queued: a stage ends when the device is idle. */
  private async stage<T>(name: string, work: () => T | Promise<T>, unrecorded = false): Promise<T> {
    const begin = performance.now();
    const result = await work();
    await this.device.idle();
    if (!unrecorded && !this.countsOnly) this.record(name, performance.now() - begin);
    return result;
  }

  private record(stage: string, milliseconds: number): void {
    const samples = this.samples.get(stage);
    if (samples) samples.push(milliseconds);
    else this.samples.set(stage, [milliseconds]);
  }
}
