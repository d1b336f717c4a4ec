import { ParameterError } from "../../errors.js";
import { KeyHolder, Plan } from "../../nn/index.js";
import { sizeOf, timeOf } from "../narrate.js";
import { readFrom, requireNew, writeFolder } from "./files.js";
import { inGroups } from "./key-id.js";
import { askPassphrase } from "./passphrase.js";
import { type TaskOptions, withTask } from "./task.js";

export interface KeygenOptions extends TaskOptions {
  readonly plan: string;
  readonly out: string;
  readonly passphrase?: boolean;
}

/** A plan from elsewhere may ask for any number of keys; a device has 4 GiB. */
const MOST_KEY_BYTES = 3 * 2 ** 30;

/** `blindsight keygen`: a secret key, its public key, and the evaluation keys that a plan takes, in a folder of their own. */
export async function keygen(options: KeygenOptions): Promise<void> {
  await requireNew(options.out);
  const plan = await readFrom(options.plan, (stream) => Plan.fromBytes(stream));
  if (plan.evaluationKeyBytes > MOST_KEY_BYTES) {
    const what = `${options.plan} asks for evaluation keys of ${sizeOf(plan.evaluationKeyBytes)}`;
    throw new ParameterError(what, `at most ${sizeOf(MOST_KEY_BYTES)} are made: ask its maker for a smaller plan`);
  }
  const passphrase = options.passphrase ? await askPassphrase("the new secret key", true) : undefined;
  await withTask(options, async ({ terminal, device, signal, elapsed }) => {
    using holder = await KeyHolder.create(plan, device);
    const secret = passphrase === undefined ? await holder.toSecretBytes() : await holder.toWrappedBytes(passphrase);
    try {
      const { publicKey, evaluationKeys } = holder;
      const files = new Map([
        ["secret", { content: secret, mode: 0o600 }],
        ["public", { content: await publicKey.toBytes(), mode: 0o644 }],
        ["evaluation", { content: evaluationKeys.chunks(), mode: 0o644 }],
      ]);
      const bytes = Object.fromEntries(await writeFolder(options.out, files, { signal }));
      const key = publicKey.fingerprint;
      if (terminal.json) {
        terminal.object({
          key,
          plan: plan.identity,
          wrapped: passphrase !== undefined,
          bytes,
          milliseconds: elapsed(),
        });
        return;
      }
      terminal.say(
        `${options.out}/secret      ${sizeOf(bytes.secret)}, never to leave this machine${passphrase ? ", under the passphrase" : ""}`,
      );
      terminal.say(`${options.out}/public      ${sizeOf(bytes.public)}, for the model's owner`);
      terminal.say(`${options.out}/evaluation  ${sizeOf(bytes.evaluation)}, for the server (${timeOf(elapsed())})`);
      terminal.say(
        `\nThe key's id, to be told to the model's owner by another way than these files:\n  ${inGroups(key)}`,
      );
    } finally {
      secret.fill(0);
    }
  });
}
