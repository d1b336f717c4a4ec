import { type Command, Option } from "commander";
import { splits } from "../../data/dataset.js";
import { datasetNames } from "../../data/open-dataset.js";
import { addDeviceOptions, addImageFileOptions, jsonOption, wholeNumber } from "../options.js";
import { ask } from "./ask.js";
import { deleteKey, deleteTenant, revokeToken } from "./deletions.js";
import { owner } from "./owner.js";
import { plans } from "./plans.js";
import { probe } from "./probe.js";
import { sendKey } from "./send-key.js";
import { serveCommand, workerCommand } from "./serve.js";
import { token } from "./token.js";

/** The commands around a service: see docs/deploy.md. Tokens come from BLINDSIGHT_TOKEN: other users see arguments. */
export function addServiceCommands(program: Command): void {
  const port = (option: string) => wholeNumber(option, 0, 65_535);
  withPlace(program.command("serve").description("run a diagnosis service: on this machine, or before workers"))
    .option("--port <n>", "where to listen", port("--port"), 8080)
    .option("--host <address>", "on which interface; TLS is for what stands before it", "127.0.0.1")
    .option("--metrics-port <n>", "for Prometheus, on the loopback interface", port("--metrics-port"))
    .option("--origin <url...>", "pages of this origin may ask; none unless said")
    .addOption(jsonOption())
    .action((options) => serveCommand(options));

  withPlace(program.command("worker").description("compute a service's jobs, with its Redis in BLINDSIGHT_REDIS"))
    .addOption(jsonOption())
    .action((options) => workerCommand(options));

  withService(program.command("token").description("make a party's token, with the operator's in BLINDSIGHT_TOKEN"))
    .addOption(
      new Option("--scope <scope>", "what it may do").choices(["operator", "owner", "hospital"]).makeOptionMandatory(),
    )
    .requiredOption("--tenant <name>", "whose it is: a-z, 0-9 and -")
    .option("--days <n>", "until it expires", wholeNumber("--days", 1, 3650), 365)
    .action((options) => token(options));

  addDeviceOptions(
    withService(program.command("owner").description("give a model to the hospitals whose key ids are approved")),
  )
    .requiredOption("--model <name>", "a built-in model, or the path of an .onnx file")
    .option("--calibrate <data>", "a data set's name or npz file (default: what the network was trained on)")
    .option("--approve <id...>", "key ids, as the hospitals told them by another way; without, the keys are listed")
    .option("--model-version <text>", "what the model is known by beside its name", "1")
    .option(
      "--budget <n>",
      "diagnoses that may be made with it",
      wholeNumber("--budget", 0, Number.MAX_SAFE_INTEGER),
      1000,
    )
    .option("--answers <file>", "write what the network says of a few images, for `probe`")
    .option("--salt <file>", "keeps the salt of the commitment to the .onnx file", "commitment.json")
    .action((options) => owner(options));

  withService(program.command("plans").description("list the plans of a service, or get one"))
    .option("--get <id>", "its id, or the beginning of it")
    .option("--out <file>", "where to write it")
    .action((options) => plans(options));

  addDeviceOptions(
    withService(program.command("send-key").description("register a key that `keygen` made; needs no secret")),
  )
    .requiredOption("--plan <file>", "the plan that it was made for")
    .requiredOption("--public <file>", "the public key")
    .requiredOption("--evaluation <file>", "the evaluation keys")
    .action((options) => sendKey(options));

  addImageFileOptions(
    addDeviceOptions(withService(program.command("ask").description("have an image diagnosed by a service"))),
  )
    .requiredOption("--plan <file>", "the plan of the model")
    .requiredOption("--secret <file>", "the secret key; it stays here")
    .option("--model <id>", "which of the models under the key (default: the newest)")
    .option("--image <file...>", "a PNG, JPEG or DICOM: its centre square, scaled to the network's size")
    .option("--dataset <name>", `${datasetNames.join(", ")}, or the path of an npz file`)
    .addOption(new Option("--split <name>", "which images of the data set").choices(splits).default("test"))
    .option("--index <n>", "which image of the split", wholeNumber("--index", 0, Number.MAX_SAFE_INTEGER), 0)
    .option("--values <json>", "a list of numbers in the network's units")
    .action((options) => ask(options));

  addDeviceOptions(
    withService(program.command("probe").description("try a service with images whose answers the owner gave")),
  )
    .requiredOption("--plan <file>", "the plan of the model")
    .requiredOption("--secret <file>", "the secret key; it stays here")
    .requiredOption("--answers <file>", "what `owner --answers` wrote")
    .option("--model <id>", "which of the models under the key (default: the newest)")
    .action((options) => probe(options));

  addDeletions(program);
}

function addDeletions(program: Command): void {
  withService(program.command("delete-key").description("delete a key at a service, with the models under it"))
    .requiredOption("--key <id>", "as keygen printed it")
    .action((options) => deleteKey(options));
  withService(program.command("delete-tenant").description("delete everything of a party, with the operator's token"))
    .requiredOption("--tenant <name>", "the party's name")
    .action((options) => deleteTenant(options));
  withService(program.command("revoke-token").description("have a token let nobody in, with the operator's token"))
    .requiredOption("--id <id>", "16 digits, which stand in the token after bs_")
    .action((options) => revokeToken(options));
}

function withPlace(command: Command): Command {
  return addDeviceOptions(command)
    .option("--folder <dir>", "where everything is kept; with BLINDSIGHT_REDIS set, the objects")
    .option("--s3 <url>", "a bucket for the objects, as in https://s3.example/bucket; credentials in AWS_ACCESS_KEY_ID")
    .option(
      "--master-key <file>",
      "the key that wraps the tenants' keys (default: FOLDER/master-key, made at the first start)",
    );
}

function withService(command: Command): Command {
  return command.requiredOption("--service <url>", "where the service is").addOption(jsonOption());
}
