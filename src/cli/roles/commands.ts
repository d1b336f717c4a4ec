import { type Command, Option } from "commander";
import { splits } from "../../data/dataset.js";
import { datasetNames } from "../../data/open-dataset.js";
import { UsageError } from "../failure.js";
import { addDeviceOptions, addImageFileOptions, jsonOption, memoryOption, wholeNumber } from "../options.js";
import { addPlanOptions, compileCommand } from "./compile.js";
import { decrypt } from "./decrypt.js";
import { encrypt } from "./encrypt.js";
import { encodeModel, encryptModel } from "./encrypt-model.js";
import { infer } from "./infer.js";
import { indexRange } from "./inputs.js";
import { inspect } from "./inspect.js";
import { keygen } from "./keygen.js";

/** The commands of the three roles, joined by files: see docs/roles.md. */
export function addRoleCommands(program: Command): void {
  addPlanOptions(
    program
      .command("inspect")
      .description("say whether a network can be encrypted and what that takes, or what one of our files is")
      .argument("<file>", "a built-in model, an .onnx file, or a file that blindsight wrote"),
  ).action((file, options) => inspect(file, options));

  addPlanOptions(
    program
      .command("compile")
      .description("plan a network: a file without a weight, for all three roles")
      .argument("<model>", "a built-in model, or the path of an .onnx file")
      .requiredOption("--out <file>", "where to write the plan"),
  ).action((model, options) => compileCommand(model, options));

  withPlan(program.command("keygen").description("make a key: secret, public and evaluation keys, in a folder"))
    .requiredOption("--out <folder>", "where to write the three files")
    .option("--passphrase", "wrap the secret key; asks for the passphrase, or takes BLINDSIGHT_PASSPHRASE")
    .action((options) => keygen(options));

  withModel(program.command("encrypt-model").description("encrypt a network's weights for the holder of a key"))
    .requiredOption("--public <file>", "the key holder's public key")
    .requiredOption("--key-id <id>", "its id, as the holder told it by another way than the file")
    .action((model, options) => encryptModel(model, options));

  withModel(
    program.command("encode-model").description("encode a network's weights for a server that may read them"),
  ).action((model, options) => encodeModel(model, options));

  addImageFileOptions(
    withPlan(program.command("encrypt").description("encrypt an image, or as many as the plan takes at once")),
  )
    .requiredOption("--out <file>", "where to write them")
    .option("--secret <file>", "the secret key")
    .option("--public <file>", "the public key: for somebody who is not to decrypt; twice the size")
    .option("--image <file...>", "PNGs, JPEGs or DICOMs: the centre of each, scaled to the network's size")
    .option("--dataset <name>", `${datasetNames.join(", ")}, or the path of an npz file`)
    .addOption(new Option("--split <name>", "which images of the data set").choices(splits).default("test"))
    .option("--index <n>", "which image of the split, or a range as 0-99 (default: 0)", indexRange)
    .option("--values <json>", "a list of numbers in the network's units, or a list of such lists")
    .action((options) => encrypt(options));

  withPlan(program.command("infer").description("compute on files, as the server does: without any secret"))
    .requiredOption("--evaluation <file>", "the key holder's evaluation keys")
    .requiredOption("--model <file>", "the encrypted model")
    .requiredOption("--input <file>", "the encrypted images")
    .requiredOption("--out <file>", "where to write the result")
    .addOption(memoryOption())
    .action((options) => infer(options));

  withPlan(program.command("decrypt").description("read a result, with the secret key"))
    .requiredOption("--secret <file>", "the secret key")
    .requiredOption("--input <file>", "the result")
    .option("--images <n>", "only the first n images of those at once", wholeNumber("--images", 1, 2 ** 15))
    .action((options) => decrypt(options));
}

function withPlan(command: Command): Command {
  return addDeviceOptions(command.requiredOption("--plan <file>", "what `compile` wrote")).addOption(jsonOption());
}

function withModel(command: Command): Command {
  return withPlan(command)
    .argument("<model>", "a built-in model, or the path of an .onnx file")
    .requiredOption("--out <file>", "where to write the model")
    .option("--calibrate <data>", "a data set's name or npz file (default: what the network was trained on)")
    .option("--margin <factor>", "values may become so many times larger than in these images (default: 2)", factor);
}

function factor(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= 1024) return value;
  throw new UsageError(`--margin ${text} is no factor in range`, "take a number, 1 to 1024");
}
