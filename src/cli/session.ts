import type { PublicKey } from "../ckks/index.js";
import { openDevice } from "../device.js";
import { type Device, openScratchFile } from "../index.js";
import {
  compile,
  type EncryptedModel,
  KeyHolder,
  type ModelOptions,
  ModelOwner,
  type Network,
  type PlainModel,
  type Plan,
  Randomness,
  Server,
  type ServerOptions,
} from "../nn/index.js";
import type { RunOptions } from "./options.js";
import type { Terminal } from "./terminal.js";

/** What the server made of one encrypted image, decrypted. */
export interface EncryptedDiagnosis {
  readonly logits: Float64Array;
  /** From the operands that ran. */
  readonly encrypted: { readonly image: boolean; readonly model: boolean };
  readonly timingsMs: { readonly encryptImage: number; readonly server: number; readonly decrypt: number };
  readonly bytes: { readonly input: number; readonly result: number };
}

/** A piece of work that one of the roles has done. */
export interface Stage {
  readonly who: "key holder" | "model owner" | "server";
  readonly what: string;
  readonly milliseconds: number;
  /** Size of what it hands on. */
  readonly bytes?: number;
}

/** Told of what happens while it happens. */
export interface Witness {
  readonly terminal: Terminal;
  onPlan(plan: Plan, device: Device): void;
  onStage(stage: Stage): void;
}

/** The three roles, set up in one process, with a network loaded on the server. */
export interface Session {
  readonly plan: Plan;
  readonly device: Device;
  readonly timingsMs: { readonly keygen: number; readonly encryptModel: number };
  readonly bytes: { readonly evaluationKeys: number; readonly model: number };
  /** With a witness, each stage is told and the server's progress is shown. */
  diagnose(input: Float64Array, witness?: Witness): Promise<EncryptedDiagnosis>;
  /** Overwrites the secret key and closes the device. */
  close(): Promise<void>;
}

/**
 * Plans the network, makes the key holder's keys and has the model owner encrypt the network for the server (with
 * --plain-model: the server encodes it by itself).
 * @param calibration inputs that only the model's owner sees
 */
export async function openSession(
  network: Network,
  calibration: readonly Float64Array[],
  options: Pick<RunOptions, "device" | "threads" | "plainModel" | "memory" | "seed">,
  witness: Witness,
): Promise<Session> {
  const plan = compile(network, { model: options.plainModel ? "plain" : "encrypted" });
  const device = await openDevice(options.device, { threads: options.threads });
  try {
    witness.onPlan(plan, device);
    const source = randomness(options.seed, witness.terminal);
    // With a limit for the device's memory, the process's is not to grow instead.
    const paging =
      options.memory === undefined
        ? undefined
        : { memoryLimit: options.memory * 2 ** 20, store: await openScratchFile() };
    try {
      return await setUp(plan, device, network, calibration, source, witness, paging);
    } catch (error) {
      paging?.store[Symbol.dispose]();
      throw error;
    } finally {
      source.wipe();
    }
  } catch (error) {
    await device.close();
    throw error;
  }
}

async function setUp(
  plan: Plan,
  device: Device,
  network: Network,
  calibration: readonly Float64Array[],
  source: Randomness,
  witness: Witness,
  paging: ServerOptions | undefined,
): Promise<Session> {
  const plain = plan.model === "plain";
  const keys = await timed(device, async () => {
    const holder = await withFork(source, (stream) => KeyHolder.create(plan, device, stream));
    return { holder, publicKey: holder.publicKey };
  });
  const { holder, publicKey } = keys.value;
  const evaluationKeys = holder.evaluationKeys.packedBytes;
  const keyStage = { what: "made the keys, sent the evaluation keys", bytes: evaluationKeys };
  witness.onStage({ who: "key holder", milliseconds: keys.milliseconds, ...keyStage });

  const server = paging
    ? await Server.withMemoryLimit(plan, device, holder.evaluationKeys, paging)
    : new Server(plan, device, holder.evaluationKeys);
  const bar = witness.terminal.progress(plain ? "encoding the model" : "encrypting the model", 1);
  const loadOptions = { calibration, onProgress: (done: number, total: number) => bar.update(done, total) };
  const loading = await timed(device, () => equip(server, network, publicKey, source, loadOptions)).finally(() =>
    bar.stop(),
  );
  const model = loading.value;
  const bytes = { evaluationKeys, model: model.packedBytes };
  witness.onStage({
    ...(plain
      ? { who: "server", what: "encoded a network of its own, in the clear" }
      : { who: "model owner", what: "encrypted the network with the public key" }),
    milliseconds: loading.milliseconds,
    bytes: bytes.model,
  });

  return {
    plan,
    device,
    timingsMs: { keygen: keys.milliseconds, encryptModel: loading.milliseconds },
    bytes,
    diagnose: (input, observer) => runOne({ device, holder, server, model }, input, observer),
    async close() {
      model[Symbol.dispose]();
      holder[Symbol.dispose]();
      await device.close();
      paging?.store?.[Symbol.dispose]();
    },
  };
}

/** The model owner encrypts the network for the server, or the server encodes one of its own. */
async function equip(
  server: Server,
  network: Network,
  publicKey: PublicKey,
  source: Randomness,
  options: ModelOptions,
): Promise<EncryptedModel | PlainModel> {
  const { plan, residency } = server;
  if (plan.model === "plain") {
    return residency ? server.loadPlainPaged(network, options) : server.loadPlain(network, options);
  }
  const stream = source.fork();
  try {
    const owner = new ModelOwner(plan, publicKey, stream);
    return server.load(
      residency ? await owner.encryptPaged(network, options, residency) : owner.encrypt(network, options),
    );
  } finally {
    stream.wipe(); // it is as good as the secrets that were drawn from it
  }
}

interface Parties {
  readonly device: Device;
  readonly holder: KeyHolder;
  readonly server: Server;
  readonly model: EncryptedModel | PlainModel;
}

/** One image's way: the key holder encrypts, the server computes, the key holder decrypts. */
async function runOne(parties: Parties, input: Float64Array, witness?: Witness): Promise<EncryptedDiagnosis> {
  const { device, holder, server, model } = parties;
  const encryption = await timed(device, () => holder.encrypt(input));
  using image = encryption.value;
  const encryptImage = encryption.milliseconds;
  witness?.onStage({
    who: "key holder",
    what: "encrypted the image",
    milliseconds: encryptImage,
    bytes: image.packedBytes,
  });

  const bar = witness?.terminal.progress("the server computes", server.plan.program.steps.length);
  const run = await timed(device, () =>
    server.run(model, image, bar && { onStep: (_, index) => bar.update(index + 1) }),
  ).finally(() => bar?.stop());
  using result = run.value;
  const what = "computed the diagnosis, without a secret key";
  witness?.onStage({ who: "server", what, milliseconds: run.milliseconds, bytes: result.packedBytes });

  const decryption = await timed(device, () => holder.decrypt(result));
  witness?.onStage({ who: "key holder", what: "decrypted the diagnosis", milliseconds: decryption.milliseconds });
  return {
    logits: decryption.value,
    encrypted: result.encrypted,
    timingsMs: { encryptImage, server: run.milliseconds, decrypt: decryption.milliseconds },
    bytes: { input: image.packedBytes, result: result.packedBytes },
  };
}

function randomness(seed: number | undefined, terminal: Terminal): Randomness {
  if (seed === undefined) return Randomness.system();
  terminal.warn(`--seed ${seed} makes the run reproducible and UNSAFE: whoever knows the seed knows the secret key`);
  return Randomness.seededUnsafe(seed);
}

/** A stream for one purpose, overwritten afterwards: it is as good as the secrets that were drawn from it. */
async function withFork<T>(source: Randomness, use: (stream: Randomness) => T | Promise<T>): Promise<T> {
  const stream = source.fork();
  try {
    return await use(stream);
  } finally {
    stream.wipe();
  }
}

/** Launches are queued: a time counts only once the device is idle. */
async function timed<T>(device: Device, work: () => T | Promise<T>): Promise<{ value: T; milliseconds: number }> {
  const begin = performance.now();
  const value = await work();
  await device.idle();
  return { value, milliseconds: performance.now() - begin };
}
