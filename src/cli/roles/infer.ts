import { EvaluationKeys } from "../../ckks/index.js";
import { EncryptedImage, Plan, Server } from "../../nn/index.js";
import { sizeOf, timeOf } from "../narrate.js";
import { readFrom, requireFiles, requireNew, writeWhole } from "./files.js";
import { residencyFor, type TaskOptions, withTask } from "./task.js";

export interface InferOptions extends TaskOptions {
  readonly plan: string;
  readonly evaluation: string;
  readonly model: string;
  readonly input: string;
  readonly out: string;
  readonly memory?: number;
}

/** `blindsight infer`: the server's work, on files. No secret is read, and none would be taken. */
export async function infer(options: InferOptions): Promise<void> {
  const { evaluation, model: modelFile, input } = options;
  await requireFiles(evaluation, modelFile, input);
  await requireNew(options.out);
  const plan = await readFrom(options.plan, (stream) => Plan.fromBytes(stream));
  await withTask(options, async ({ terminal, device, signal, elapsed }) => {
    const residency = await residencyFor(plan, options.memory, terminal);
    try {
      const keys = await readFrom(evaluation, (stream) => EvaluationKeys.fromBytes(stream, device, { residency }));
      const server = new Server(plan, device, keys, residency);
      using model = await readFrom(modelFile, (stream) => server.readModel(stream));
      using image = await readFrom(input, (stream) => EncryptedImage.fromBytes(stream, plan, device));
      const ready = elapsed();
      const bar = terminal.progress("computing", plan.program.steps.length);
      const onStep = process.stderr.isTTY ? (_: unknown, index: number) => bar.update(index + 1) : undefined;
      using result = await server.run(model, image, { signal, onStep }).finally(() => bar.stop());
      const computed = elapsed() - ready;
      const bytes = await writeWhole(options.out, result.chunks(), { signal });
      const milliseconds = { read: ready, computed, all: elapsed() };
      const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
      if (terminal.json) {
        const { encrypted } = result;
        terminal.object({
          file: options.out,
          bytes,
          plan: plan.identity,
          key: keys.fingerprint,
          encrypted,
          milliseconds,
          peakMemoryBytes,
        });
      } else {
        terminal.say(
          `${options.out}: ${sizeOf(bytes)}, for the key's holder (read in ${timeOf(ready)}, computed in ${timeOf(computed)})`,
        );
      }
    } finally {
      residency?.store[Symbol.dispose]();
    }
  });
}
