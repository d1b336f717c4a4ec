import { createHash, randomBytes } from "node:crypto";
import { type KeyState, OwnerClient } from "../../client/index.js";
import { readFileWhole } from "../../data/read-file.js";
import { DataError } from "../../errors.js";
import { compile } from "../../nn/index.js";
import { UsageError } from "../failure.js";
import { modelFile } from "../models.js";
import { writeWhole } from "../roles/files.js";
import { inGroups, keyIdFrom } from "../roles/key-id.js";
import { prepare } from "../roles/networks.js";
import { type Task, type TaskOptions, withTask } from "../roles/task.js";
import { connectionTo } from "./connection.js";
import { writeAnswers } from "./probe.js";

export interface OwnerOptions extends TaskOptions {
  readonly service: string;
  readonly model: string;
  readonly calibrate?: string;
  readonly approve?: readonly string[];
  readonly modelVersion: string;
  readonly budget: number;
  readonly salt: string;
  readonly answers?: string;
}

/** Images in a file of answers. */
const ANSWERS = 8;

/** `blindsight owner`: lists keys that a model can be given for, and gives it for those that are approved. */
export async function owner(options: OwnerOptions): Promise<void> {
  const client = new OwnerClient(connectionTo(options.service));
  const approved = (options.approve ?? []).map(keyIdFrom);
  await withTask(options, async (task) => {
    const { terminal, device, signal } = task;
    const { network, name, calibration } = await prepare(options.model, options.calibrate, terminal, true);
    const plan = compile(network);
    await client.register(plan);
    if (options.answers) await writeAnswers(options.answers, network, plan, calibration.slice(0, ANSWERS));
    const keys = (await client.keys()).filter((key) => key.plan === plan.identity);
    if (approved.length === 0) return list(keys, task);
    const commitment = await commitmentTo((await modelFile(options.model)).bytes, options.salt);
    const given: object[] = [];
    for (const id of approved) {
      const key = keys.find(({ fingerprint }) => fingerprint === id);
      if (!key)
        throw new UsageError(
          `no key of the id ${inGroups(id)} waits for this model`,
          "ask its hospital to send it again",
        );
      const description = { name, version: options.modelVersion, commitment, budget: options.budget };
      const bar = terminal.progress(`encrypting and sending to ${key.holder}`, 1);
      const onProgress = (done: number, of: number) => bar.update(done, of);
      const model = { plan, network, options: { calibration } };
      const made = await client
        .give(key, id, model, description, device, { signal, onProgress })
        .finally(() => bar.stop());
      given.push({ model: made.id, holder: key.holder, key: id, bytes: made.bytes });
      if (!terminal.json) terminal.say(`${key.holder}: model ${made.id}, ${options.budget} diagnoses`);
    }
    if (terminal.json) terminal.object({ plan: plan.identity, commitment, models: given });
  });
}

function list(keys: readonly KeyState[], { terminal }: Task): void {
  if (terminal.json) {
    terminal.object({ keys });
    return;
  }
  if (keys.length === 0) terminal.say("no key waits for a model of this plan");
  else
    terminal.say(
      "Keys for this plan, as the service says. Approve those whose ids their hospitals told you by another way:\n",
    );
  for (const { holder, fingerprint, models } of keys) {
    terminal.say(`  ${holder}, ${models === 0 ? "no model yet" : `${models} models`}\n    ${inGroups(fingerprint)}`);
  }
}

/** The salt of a file, or a new one that is written there, and what it and the network come to. */
async function commitmentTo(onnx: Uint8Array, path: string): Promise<string> {
  const digest = (salt: string) => createHash("sha256").update(Buffer.from(salt, "hex")).update(onnx).digest("hex");
  const there = await readFileWhole(path, 4096);
  if (!there) {
    const salt = randomBytes(32).toString("hex");
    const commitment = digest(salt);
    await writeWhole(path, new TextEncoder().encode(`${JSON.stringify({ salt, commitment }, null, 1)}\n`), {
      mode: 0o600,
    });
    return commitment;
  }
  const { salt, commitment } = JSON.parse(new TextDecoder().decode(there));
  if (digest(salt) === commitment) return commitment;
  throw new DataError(`${path} is the commitment to another file`, "name another file with --salt");
}
