import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { PublicKey } from "../../ckks/index.js";
import { HospitalClient, type Upload } from "../../client/index.js";
import { Plan } from "../../nn/index.js";
import { readFrom, requireFiles } from "../roles/files.js";
import { inGroups } from "../roles/key-id.js";
import { type TaskOptions, withTask } from "../roles/task.js";
import { connectionTo } from "./connection.js";

export interface SendKeyOptions extends TaskOptions {
  readonly service: string;
  readonly plan: string;
  readonly public: string;
  readonly evaluation: string;
}

/** `blindsight send-key`: public key and evaluation keys to a service. */
export async function sendKey(options: SendKeyOptions): Promise<void> {
  const hospital = new HospitalClient(connectionTo(options.service));
  await requireFiles(options.public, options.evaluation);
  const plan = await readFrom(options.plan, (stream) => Plan.fromBytes(stream));
  await withTask(options, async ({ terminal, device, signal }) => {
    using publicKey = await readFrom(options.public, (stream) => PublicKey.fromBytes(stream, device));
    const { fingerprint } = publicKey;
    const files = {
      plan: plan.identity,
      fingerprint,
      publicKey: await uploadOf("public key", options.public),
      evaluationKeys: await uploadOf("evaluation keys", options.evaluation),
    };
    const bar = terminal.progress("sending", 1);
    const onUpload = (sent: number, bytes: number) => bar.update(sent, bytes);
    const key = await hospital.ensureKeyFiles(files, { signal, onUpload }).finally(() => bar.stop());
    if (terminal.json) return terminal.object(key);
    terminal.say(
      `the service has key ${key.id}; tell its id to the model's owner by another way:\n  ${inGroups(fingerprint)}`,
    );
  });
}

/** A file, to be sent. */
export async function uploadOf<Kind extends Upload["kind"]>(
  kind: Kind,
  path: string,
): Promise<Upload & { kind: Kind }> {
  const { size } = await stat(path);
  return { kind, bytes: size, chunks: () => createReadStream(path, { highWaterMark: 2 ** 22 }) };
}
