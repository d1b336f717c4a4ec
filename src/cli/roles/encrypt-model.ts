import { PublicKey } from "../../ckks/index.js";
import { KeyMismatchError } from "../../errors.js";
import { ModelOwner, Plan, plainModelChunks } from "../../nn/index.js";
import { sizeOf, timeOf } from "../narrate.js";
import { readFrom, requireFiles, requireNew, writeWhole } from "./files.js";
import { inGroups, keyIdFrom } from "./key-id.js";
import { prepare } from "./networks.js";
import { type Task, type TaskOptions, withTask } from "./task.js";

export interface EncodeModelOptions extends TaskOptions {
  readonly plan: string;
  readonly out: string;
  readonly calibrate?: string;
  readonly margin?: number;
}

export interface EncryptModelOptions extends EncodeModelOptions {
  readonly public: string;
  readonly keyId: string;
}

/** `blindsight encrypt-model`: a network's weights, encrypted for the holder of a key whose id its owner was told. */
export async function encryptModel(model: string, options: EncryptModelOptions): Promise<void> {
  const expected = keyIdFrom(options.keyId);
  await requireFiles(options.public);
  await requireNew(options.out);
  const plan = await readFrom(options.plan, (stream) => Plan.fromBytes(stream));
  await withTask(options, async (task) => {
    using publicKey = await readFrom(options.public, (stream) => PublicKey.fromBytes(stream, task.device));
    // The id is the digest of the key itself: a label would say whatever its maker wants.
    if (publicKey.fingerprint !== expected) {
      throw new KeyMismatchError(
        `${options.public} has the id ${inGroups(publicKey.fingerprint)}, which is not --key-id`,
        "ask the key's holder for both again; whoever exchanged the key could read the model",
      );
    }
    const owner = new ModelOwner(plan, publicKey);
    await make(model, options, task, expected, (network, made) => owner.encryptedChunks(network, made));
  });
}

/** `blindsight encode-model`: a network's weights for a server that may read them. */
export async function encodeModel(model: string, options: EncodeModelOptions): Promise<void> {
  await requireNew(options.out);
  const plan = await readFrom(options.plan, (stream) => Plan.fromBytes(stream));
  await withTask(options, (task) =>
    make(model, options, task, undefined, (network, made) => plainModelChunks(plan, network, task.device, made)),
  );
}

type Chunks = ReturnType<ModelOwner["encryptedChunks"]>;

async function make(
  model: string,
  options: EncodeModelOptions,
  { terminal, signal, elapsed }: Task,
  key: string | undefined,
  chunksOf: (...made: Parameters<ModelOwner["encryptedChunks"]>) => Chunks,
): Promise<void> {
  const { network, calibration } = await prepare(model, options.calibrate, terminal, true);
  const bar = terminal.progress(key ? "encrypting the model" : "encoding the model", 1);
  const onProgress = (done: number, total: number) => bar.update(done, total);
  const { margin } = options;
  try {
    const chunks = chunksOf(network, { calibration, onProgress, ...(margin !== undefined && { margin }) });
    const bytes = await writeWhole(options.out, chunks, { signal });
    bar.stop();
    const { out } = options;
    if (terminal.json) terminal.object({ file: out, bytes, key: key ?? null, milliseconds: elapsed() });
    else
      terminal.say(
        `${out}: ${sizeOf(bytes)}, ${key ? "encrypted" : "in the clear"}, for the server (${timeOf(elapsed())})`,
      );
  } finally {
    bar.stop();
  }
}
