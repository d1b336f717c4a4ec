import * as v from "valibot";
import { HospitalClient } from "../../client/index.js";
import { readFileWhole } from "../../data/read-file.js";
import { DataError, FormatError } from "../../errors.js";
import { interpret, type Network, Plan } from "../../nn/index.js";
import { readFrom, requireFiles, writeWhole } from "../roles/files.js";
import { holderFrom } from "../roles/holder.js";
import { type TaskOptions, withTask } from "../roles/task.js";
import { modelUnder } from "./ask.js";
import { connectionTo } from "./connection.js";

const Numbers = v.array(v.pipe(v.number(), v.finite()));
/** Images in the network's units, and what the network says of them in the clear. */
const Answers = v.object({
  plan: v.string(),
  tolerance: v.pipe(v.number(), v.minValue(0)),
  answers: v.array(v.object({ image: Numbers, logits: Numbers })),
});
const MOST_FILE_BYTES = 2 ** 26;
/** Of the largest logit: far above the noise, far below what another network says. */
const TOLERANCE = 0.02;

/** Writes what a network says of images, for hospitals to try a service with. @returns how many */
export async function writeAnswers(
  path: string,
  network: Network,
  plan: Plan,
  images: readonly Float64Array[],
): Promise<number> {
  const answers = images.map((image) => ({ image: [...image], logits: [...interpret(network, image)] }));
  const largest = Math.max(...answers.flatMap(({ logits }) => logits.map(Math.abs)));
  const content = { plan: plan.identity, tolerance: TOLERANCE * largest, answers };
  await writeWhole(path, new TextEncoder().encode(JSON.stringify(content)));
  return answers.length;
}

export interface ProbeOptions extends TaskOptions {
  readonly service: string;
  readonly plan: string;
  readonly secret: string;
  readonly answers: string;
  readonly model?: string;
}

/** `blindsight probe`: has images diagnosed whose answers the owner gave. The service cannot tell them from others; it may still lie. */
export async function probe(options: ProbeOptions): Promise<void> {
  const hospital = new HospitalClient(connectionTo(options.service));
  await requireFiles(options.secret);
  const plan = await readFrom(options.plan, (stream) => Plan.fromBytes(stream));
  const { answers, tolerance } = await answersFrom(options.answers, plan);
  await withTask(options, async ({ terminal, device, signal }) => {
    using holder = await holderFrom(options.secret, plan, device);
    const model = await modelUnder(hospital, holder, options.model);
    const errors: number[] = [];
    const bar = terminal.progress("asking", answers.length);
    try {
      // All are asked for before one is decrypted: the service must not see what came of any.
      let asked = 0;
      const onProgress = (done: number, of: number) => done === of && bar.update(++asked);
      const images = answers.map(({ image }) => image);
      const said = await hospital.diagnoseAll(holder, device, model, images, { signal, onProgress });
      for (const [j, { logits }] of answers.entries()) {
        errors.push(Math.max(...logits.map((each, k) => Math.abs(each - said[j].logits[k]))));
      }
    } finally {
      bar.stop();
    }
    const largestError = Math.max(...errors);
    const right = errors.filter((error) => error <= tolerance).length;
    if (terminal.json) terminal.object({ model: model.id, images: answers.length, right, largestError, tolerance });
    else
      terminal.say(
        `${right} of ${answers.length} answers are the owner's (largest difference ${largestError.toPrecision(2)})`,
      );
    if (right === answers.length) return;
    const fix = "do not use its diagnoses; ask the owner which model the service has";
    throw new DataError(`${answers.length - right} of ${answers.length} answers differ from the owner's`, fix);
  });
}

async function answersFrom(path: string, plan: Plan): Promise<v.InferOutput<typeof Answers>> {
  const bytes = await readFileWhole(path, MOST_FILE_BYTES);
  if (!bytes) throw new DataError(`there is no file ${path}`, "ask the model's owner for it");
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    read = undefined;
  }
  const { success, output } = v.safeParse(Answers, read);
  if (!success || output.answers.length === 0) {
    throw new FormatError(`${path} holds no answers`, "take the file that `owner --answers` wrote");
  }
  if (output.plan === plan.identity) return output;
  throw new FormatError(`${path} is for another plan`, "take the answers of the plan's owner");
}
