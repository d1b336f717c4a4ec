import { Encryptor, Evaluator, KeyHolder, type Parameters, Randomness } from "../src/ckks/index.js";
import { logProduct } from "../src/ckks/primelist.js";
import { openDevice } from "../src/device.js";
import type { Device } from "../src/ntt/device.js";
import { type Circuit, type CircuitName, makeCircuits } from "./circuits.js";
import { CountingDevice } from "./counting-device.js";
import { figuresOf, type Roof } from "./gpu.js";
import type { Operation, Side } from "./operation.js";
import { ciphertextRecipe, type Kitchen, makeRecipes, type Recipe, type Recipes } from "./recipes.js";
import type { GpuFigures, KernelCounts, Subject } from "./record.js";
import type { LevelOperationName, OperationName, SizeName } from "./workload.js";
import { expectedOf, HOISTED_STEPS, OPERATION_NAMES, TRANSFORM_STEPS, type Workload } from "./workload.js";

/** blindsight at one N, with keys and operands for every operation. */
export class Blindsight implements Side {
  readonly subject: Subject;
  readonly operations: Record<OperationName, Operation>;
  private readonly recipes: Recipes;

  private constructor(
    private readonly kitchen: Kitchen & { readonly device: CountingDevice },
    private readonly queued: number,
  ) {
    const { device, parameters } = kitchen;
    this.subject = subjectOf(parameters, device);
    this.recipes = makeRecipes(kitchen);
    this.operations = Object.fromEntries(
      OPERATION_NAMES.map((name) => [name, this.operation(this.recipes[name], expectedOf(name, kitchen.workload))]),
    ) as Record<OperationName, Operation>;
  }

  /** @param queued operations in a sample with several threads or a GPU; with one thread each is done when its call returns. */
  static async open(
    parameters: Parameters,
    threads: number,
    queued: number,
    workload: Workload,
    kind: Device["kind"] = "cpu",
  ): Promise<Blindsight> {
    const device = new CountingDevice(await openDevice(kind, { threads }));
    const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(1));
    const keys = holder.evaluationKeys({ rotations: new Set([...HOISTED_STEPS, ...TRANSFORM_STEPS]) });
    const he = new Evaluator(device, parameters, keys);
    return new Blindsight({ device, parameters, holder, he, workload }, isInline(device) ? 1 : queued);
  }

  /** What one operation launches. */
  count(name: OperationName): Promise<KernelCounts> {
    return this.countOf(this.recipes[name]);
  }

  /** Those of `--circuits` that the parameters have levels for; keys and operands stay until the device is closed. */
  circuits(): Partial<Record<CircuitName, Circuit>> {
    return makeCircuits(this.kitchen);
  }

  async countOf({ make, free, each }: Recipe<unknown>): Promise<KernelCounts> {
    let made: unknown;
    const counts = await this.kitchen.device.count(async () => {
      made = await make();
    }, each);
    free(made);
    return counts;
  }

  /** What the GPU says of one operation. */
  async figures(name: OperationName, counts: KernelCounts, roof: Roof): Promise<GpuFigures> {
    const { make, free } = this.recipes[name];
    return figuresOf(this.kitchen.device.gpu!, counts, roof, async () => free(await make()), counts.operations);
  }

  /** An operation on operands of a level. */
  atLevel(name: LevelOperationName, level: number): Operation {
    const { holder, he, workload } = this.kitchen;
    const a = holder.encrypt(workload.x, { level });
    const b = holder.encrypt(workload.y, { level });
    const make = name === "rotate" ? () => he.rotate(a, 1) : () => he.multiply(a, b);
    const close = () => [a, b].forEach((ct) => void ct[Symbol.dispose]());
    return { ...this.operation(ciphertextRecipe(holder, make), expectedOf(name, workload)), close };
  }

  /** Of limbs, on the device. */
  get bytesInUse(): number {
    return this.kitchen.device.statistics().bytesInUse;
  }

  get levels(): number[] {
    return Array.from({ length: this.kitchen.parameters.maxLevel }, (_, i) => i + 1);
  }

  /** The level whose modulus is nearest to so many bits. */
  levelNear(logQ: number): number {
    const distance = (level: number) => Math.abs(this.logQAt(level) - logQ);
    return this.levels.reduce((best, level) => (distance(level) < distance(best) ? level : best));
  }

  logQAt(level: number): number {
    return logProduct(this.kitchen.parameters.primesAt(level));
  }

  /** Bytes on the wire, as the library states them. */
  sizes(): Record<SizeName, number> {
    const { holder, workload } = this.kitchen;
    using seeded = holder.encrypt(workload.x);
    using full = new Encryptor(holder.publicKey, Randomness.seededUnsafe(2)).encrypt(workload.x);
    using relinearization = holder.evaluationKeys();
    using rotation = holder.evaluationKeys({ relinearize: false, rotations: [1] });
    return {
      ciphertext: full.packedBytes,
      "ciphertext from the secret key": seeded.packedBytes,
      "public key": holder.publicKey.packedBytes,
      "relinearization key": relinearization.packedBytes,
      "rotation key": rotation.packedBytes,
    };
  }

  async close(): Promise<void> {
    this.kitchen.holder[Symbol.dispose]();
    await this.kitchen.device.close();
  }

  operation({ make, free, read, bytes, each = 1, waits }: Recipe<unknown>, expected: Float64Array): Operation {
    const { device } = this.kitchen;
    const queued = waits ? 1 : this.queued;
    return {
      perSample: queued * each,
      run:
        isInline(device) && !waits
          ? () => free(make())
          : async () => {
              for (let i = 0; i < queued; i++) free(await make());
              await device.idle();
            },
      outcome: async () => {
        const made = await make();
        const result = { values: await read(made), bytes: bytes?.(made) };
        free(made);
        return result;
      },
      expected,
    };
  }
}

/** Whether an operation is done when its call returns. */
function isInline(device: Device): boolean {
  return device.kind === "cpu" && device.threads === 1;
}

function subjectOf(parameters: Parameters, device: Device): Subject {
  const { bits, logQP } = parameters.security;
  return {
    label: "blindsight",
    threads: device.threads,
    parameters: device.kind === "cpu" ? parameters.describe() : `${parameters.describe()}, ${device.describe()}`,
    logQ: logProduct(parameters.primesAt(parameters.maxLevel)),
    logQP,
    securityBits: bits,
  };
}
