import { type Command, Option } from "commander";
import { type CompileOptions, compile, type Plan } from "../../nn/index.js";
import { UsageError } from "../failure.js";
import { jsonOption, wholeNumber } from "../options.js";
import { openTerminal } from "../terminal.js";
import { requireNew, writeWhole } from "./files.js";
import { inGroups } from "./key-id.js";
import { prepare } from "./networks.js";

export interface PlanOptions {
  readonly json?: boolean;
  readonly calibrate?: string;
  readonly plainModel?: boolean;
  readonly throughput?: boolean;
  readonly images?: number;
  readonly maxKeys?: number;
  readonly maxModel?: number;
  readonly maxMemory?: number;
}

/** The options that decide about a plan. */
export function addPlanOptions(command: Command): Command {
  const mebibytes = (option: string) => wholeNumber(option, 1, 2 ** 22);
  return command
    .option("--calibrate <data>", "a data set's name or npz file, for networks whose activations are to be fitted")
    .option("--plain-model", "encrypt the image only: the server knows the model")
    .addOption(
      new Option("--throughput", "thousands of images at once, with a plain model").implies({ plainModel: true }),
    )
    .option("--images <n>", "images at once, side by side: a power of two", wholeNumber("--images", 1, 2 ** 15))
    .option("--max-keys <MiB>", "what evaluation keys may take", mebibytes("--max-keys"))
    .option("--max-model <MiB>", "what the encrypted model may take", mebibytes("--max-model"))
    .option(
      "--max-memory <MiB>",
      "what keys, model and image may take on the server's device",
      mebibytes("--max-memory"),
    )
    .addOption(jsonOption());
}

/** Side by side in the same ciphertexts. */
const MOST_IMAGES = 2 ** 10;

/** What the options say to `compile`. @throws UsageError for a number of images that is none */
export function compileOptions(options: PlanOptions): CompileOptions {
  const { images, maxKeys, maxModel, maxMemory } = options;
  if (images !== undefined && !options.throughput && !(images <= MOST_IMAGES && Number.isInteger(Math.log2(images)))) {
    throw new UsageError(
      `--images ${images} is no power of two up to ${MOST_IMAGES}`,
      "take 1, 2, 4, …, or --throughput for thousands",
    );
  }
  return {
    model: options.plainModel ? "plain" : "encrypted",
    ...(options.throughput && { optimize: "throughput" }),
    ...(images !== undefined && { images }),
    ...(maxKeys !== undefined && { maxKeyBytes: maxKeys * 2 ** 20 }),
    ...(maxModel !== undefined && { maxModelBytes: maxModel * 2 ** 20 }),
    ...(maxMemory !== undefined && { maxMemoryBytes: maxMemory * 2 ** 20 }),
  };
}

/** `blindsight compile`: the plan of a network as a file, which all roles take. It holds no weight. */
export async function compileCommand(model: string, options: PlanOptions & { readonly out: string }): Promise<void> {
  const terminal = openTerminal(options);
  await requireNew(options.out);
  const { network } = await prepare(model, options.calibrate, terminal, false);
  const plan = compile(network, compileOptions(options));
  const bytes = await writeWhole(options.out, await plan.toBytes());
  if (terminal.json) return terminal.object({ ...planRecord(plan), file: options.out, bytes });
  terminal.say(plan.report());
  terminal.say(`\n${options.out}: the plan ${inGroups(plan.identity)}`);
}

/** What JSON says of a plan. */
export function planRecord(plan: Plan) {
  const { bits, logN, logQP } = plan.security;
  return {
    plan: plan.identity,
    name: plan.card.name,
    model: plan.model,
    images: plan.images,
    security: { bits, logN, logQP },
    depth: plan.depth,
    evaluationKeyBytes: plan.evaluationKeyBytes,
    memory: plan.memory,
  };
}
