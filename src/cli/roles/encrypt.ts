import { PublicKey } from "../../ckks/index.js";
import { type EncryptedImage, ImageEncryptor, Plan } from "../../nn/index.js";
import { UsageError } from "../failure.js";
import { sizeOf, timeOf } from "../narrate.js";
import { readFrom, requireFiles, requireNew, writeWhole } from "./files.js";
import { holderFrom } from "./holder.js";
import { type ImageOptions, inputsFor } from "./inputs.js";
import { type Task, type TaskOptions, withTask } from "./task.js";

export interface EncryptOptions extends TaskOptions, ImageOptions {
  readonly plan: string;
  readonly out: string;
  readonly secret?: string;
  readonly public?: string;
}

/** `blindsight encrypt`: images for a plan, with the secret key or, by whoever is not to decrypt, with the public one. */
export async function encrypt(options: EncryptOptions): Promise<void> {
  if ((options.secret === undefined) === (options.public === undefined)) {
    throw new UsageError("the images need a key", "name the secret one with --secret, or the public one with --public");
  }
  await requireFiles(options.secret ?? options.public!);
  await requireNew(options.out);
  const plan = await readFrom(options.plan, (stream) => Plan.fromBytes(stream));
  await withTask(options, async (task) => {
    const { terminal, signal, elapsed } = task;
    const inputs = await inputsFor(plan, options, terminal);
    try {
      using image = await encrypted(plan, inputs, options, task);
      const bytes = await writeWhole(options.out, image.chunks(), { signal });
      const [{ fingerprint }] = image.ciphertexts;
      const { length } = inputs;
      if (terminal.json) {
        terminal.object({
          file: options.out,
          bytes,
          images: length,
          plan: plan.identity,
          key: fingerprint,
          milliseconds: elapsed(),
        });
      } else {
        const what = length === 1 ? "one image" : `${length} images`;
        terminal.say(`${options.out}: ${sizeOf(bytes)}, ${what}, encrypted, for the server (${timeOf(elapsed())})`);
      }
    } finally {
      for (const input of inputs) input.fill(0);
    }
  });
}

async function encrypted(
  plan: Plan,
  inputs: readonly Float64Array[],
  options: EncryptOptions,
  { device }: Task,
): Promise<EncryptedImage> {
  const given = plan.images === 1 ? inputs[0] : inputs;
  if (options.secret !== undefined) {
    using holder = await holderFrom(options.secret, plan, device);
    return holder.encrypt(given);
  }
  using key = await readFrom(options.public!, (stream) => PublicKey.fromBytes(stream, device));
  using encryptor = new ImageEncryptor(plan, key);
  return encryptor.encrypt(given);
}
