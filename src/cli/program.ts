import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { defaultPhantomCounts, defaultPhantomSeed } from "../data/phantom-set.js";
import { depth } from "./depth.js";
import { devices } from "./devices.js";
import { diagnose } from "./diagnose.js";
import { evaluate } from "./evaluate.js";
import { addImageFileOptions, addModelOption, addRunOptions, jsonOption, wholeNumber } from "./options.js";
import { phantoms } from "./phantoms.js";
import { addRoleCommands } from "./roles/commands.js";
import { addServiceCommands } from "./service/commands.js";

/**
 * The `blindsight` command and its options. It throws instead of ending the process, and writes no error by itself.
 * @param bare whether it is called without any argument
 */
export function buildProgram(bare: boolean): Command {
  const program = new Command("blindsight")
    .description(
      "Diagnoses an encrypted medical image with an encrypted network. Research software, no medical device.",
    )
    .version(version())
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .showSuggestionAfterError(false)
    .exitOverride();

  const what = "a PNG, JPEG or DICOM instead: its centre square, scaled to the network's size";
  const image = new Option("--image <file>", what);
  addRunOptions(
    addImageFileOptions(
      program
        .command("diagnose", { isDefault: true })
        .description("diagnose one image, step by step (the default command)")
        .option(
          "--index <n>",
          "number of the image in its split (default: 0)",
          wholeNumber("--index", 0, Number.MAX_SAFE_INTEGER),
        )
        .addOption(image.conflicts(["index", "split"])),
    ),
  ).action((options) => diagnose(options, bare));

  addRunOptions(
    program.command("evaluate").description("diagnose every image of a split, and compare with the clear network"),
  )
    .option("--limit <n>", "only the first n images", wholeNumber("--limit", 1, Number.MAX_SAFE_INTEGER))
    .action((options) => evaluate(options));

  const count = (split: keyof typeof defaultPhantomCounts) =>
    [
      `--${split} <n>`,
      `images of the ${split} split`,
      wholeNumber(`--${split}`, 1, 1_000_000),
      defaultPhantomCounts[split],
    ] as const;
  program
    .command("phantoms")
    .description("draw phantoms, and write them as an npz file like MedMNIST's")
    .argument("[file]", "what to write", "phantoms.npz")
    .option("--seed <n>", "series of pictures to draw", wholeNumber("--seed", 0, 2 ** 32 - 1), defaultPhantomSeed)
    .option(...count("train"))
    .option(...count("val"))
    .option(...count("test"))
    .addOption(jsonOption())
    .action((file, options) => phantoms(file, options));

  addModelOption(program.command("depth").description("levels of a network with each fold on and off"))
    .addOption(jsonOption())
    .action((options) => depth({ model: "rl3-pneumoniamnist", ...options }));

  program
    .command("devices")
    .description("list what this machine can compute on")
    .addOption(jsonOption())
    .action((options) => devices(options));

  addRoleCommands(program);
  addServiceCommands(program);
  return program;
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}
