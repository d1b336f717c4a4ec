import { EncryptedResult, Plan } from "../../nn/index.js";
import { notADevice } from "../narrate.js";
import { verdictOf } from "../verdict.js";
import { readFrom, requireFiles } from "./files.js";
import { holderFrom } from "./holder.js";
import { type TaskOptions, withTask } from "./task.js";

export interface DecryptOptions extends TaskOptions {
  readonly plan: string;
  readonly secret: string;
  readonly input: string;
  readonly images?: number;
}

/** `blindsight decrypt`: what a result says, to the holder of the key. */
export async function decrypt(options: DecryptOptions): Promise<void> {
  await requireFiles(options.input, options.secret);
  const plan = await readFrom(options.plan, (stream) => Plan.fromBytes(stream));
  const { card } = plan;
  await withTask(options, async ({ terminal, device, elapsed }) => {
    using result = await readFrom(options.input, (stream) => EncryptedResult.fromBytes(stream, plan, device));
    using holder = await holderFrom(options.secret, plan, device);
    const { images = plan.images } = options;
    const logits = await holder.decryptAll(result, { images: Math.min(images, plan.images) });
    const all = logits.map((each) => {
      const { verdict, probabilities } = verdictOf(each, card);
      return { label: card.labels[verdict], index: verdict, probabilities, logits: [...each] };
    });
    if (terminal.json) {
      const key = holder.publicKey.fingerprint;
      terminal.object({ images: all, encrypted: result.encrypted, plan: plan.identity, key, milliseconds: elapsed() });
      return;
    }
    const { image, model } = result.encrypted;
    terminal.say(
      `${card.name}, by a server that ${image && model ? "saw neither image nor model" : "did not see the image"}, as its result says\n`,
    );
    for (const [k, { label, probabilities }] of all.entries()) {
      const shares = probabilities.map((share, c) => `${card.labels[c] ?? `class ${c}`} ${(100 * share).toFixed(1)} %`);
      terminal.say(`  ${all.length > 1 ? `image ${k}: ` : ""}${label} (${shares.join(", ")})`);
    }
    terminal.say(`\n${notADevice}`);
  });
}
