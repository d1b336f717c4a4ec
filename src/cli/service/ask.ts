import { HospitalClient, type ModelState } from "../../client/index.js";
import { DataError } from "../../errors.js";
import { type KeyHolder, Plan } from "../../nn/index.js";
import { UsageError } from "../failure.js";
import { notADevice } from "../narrate.js";
import { readFrom, requireFiles } from "../roles/files.js";
import { holderFrom } from "../roles/holder.js";
import { type ImageOptions, inputsFor } from "../roles/inputs.js";
import { type TaskOptions, withTask } from "../roles/task.js";
import { verdictOf } from "../verdict.js";
import { connectionTo } from "./connection.js";

export interface AskCommandOptions extends TaskOptions, Omit<ImageOptions, "index"> {
  readonly service: string;
  readonly plan: string;
  readonly secret: string;
  readonly model?: string;
  readonly index: number;
}

/** `blindsight ask`: encrypts an image, has it diagnosed, and says what came of it. */
export async function ask(options: AskCommandOptions): Promise<void> {
  const hospital = new HospitalClient(connectionTo(options.service));
  await requireFiles(options.secret);
  const plan = await readFrom(options.plan, (stream) => Plan.fromBytes(stream));
  await withTask(options, async ({ terminal, device, signal, elapsed }) => {
    const [image] = await inputsFor(plan, { ...options, index: [options.index, options.index] }, terminal);
    using holder = await holderFrom(options.secret, plan, device);
    const model = await modelUnder(hospital, holder, options.model);
    const bar = terminal.progress("computing", plan.program.steps.length);
    const onProgress = (done: number, of: number) => bar.update(done, of);
    const diagnosis = await hospital
      .diagnose(holder, device, model, image, { signal, onProgress })
      .finally(() => bar.stop());
    const { verdict, probabilities } = verdictOf(diagnosis.logits, plan.card);
    const label = plan.card.labels[verdict];
    if (terminal.json) {
      const { logits, ...told } = diagnosis;
      return terminal.object({
        label,
        index: verdict,
        probabilities,
        logits: [...logits],
        ...told,
        milliseconds: elapsed(),
      });
    }
    const shares = probabilities.map(
      (share, c) => `${plan.card.labels[c] ?? `class ${c}`} ${(100 * share).toFixed(1)} %`,
    );
    terminal.say(`  ${label} (${shares.join(", ")})`);
    terminal.say(
      `\nby ${model.owner}'s ${model.name}, version ${model.version}, as the service says; nothing proves what it ran\n${notADevice}`,
    );
  });
}

/** A model under the holder's key: the one that is named, or the newest. @throws DataError where there is none */
export async function modelUnder(hospital: HospitalClient, holder: KeyHolder, id?: string): Promise<ModelState> {
  const { fingerprint } = holder.publicKey;
  const { identity } = holder.plan;
  const models = (await hospital.models()).filter((each) => each.fingerprint === fingerprint && each.plan === identity);
  return chosen(models, id);
}

function chosen(models: readonly ModelState[], id: string | undefined): ModelState {
  const open = models.filter(({ revoked }) => !revoked).sort((a, b) => b.created - a.created);
  const owners = new Set(open.map(({ owner }) => owner));
  if (id === undefined && owners.size > 1) {
    const what = `${[...owners].join(" and ")} gave models for this key`;
    const ids = open.map((model) => `${model.owner}: ${model.id}`).join(", ");
    throw new UsageError(what, `name the one that you trust with --model (${ids})`);
  }
  const found = id === undefined ? open[0] : models.find((model) => model.id === id);
  if (found) return found;
  const what = id === undefined ? "there is no model under this key yet" : `there is no model ${id} under this key`;
  throw new DataError(what, "send the key with `send-key`, tell its id to the owner, and wait for the model");
}
