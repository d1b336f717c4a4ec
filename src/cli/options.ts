import { type Command, Option } from "commander";
import { splits } from "../data/dataset.js";
import { datasetNames } from "../data/open-dataset.js";
import { type DeviceKind, MAX_THREADS } from "../device.js";
import { UsageError } from "./failure.js";

/** What `diagnose` and `evaluate` have in common. */
export interface RunOptions {
  readonly json?: boolean;
  readonly device: DeviceKind;
  readonly threads?: number;
  readonly model?: string;
  readonly dataset?: string;
  readonly split: "train" | "val" | "test";
  readonly plainModel?: boolean;
  /** MiB of the device's memory for keys and weights; absent when all of them stay inside. */
  readonly memory?: number;
  readonly seed?: number;
}

/** Adds the options of `RunOptions` to a command. */
export function addRunOptions(command: Command): Command {
  return addDeviceOptions(addModelOption(command))
    .option("--dataset <name>", `${datasetNames.join(", ")}, or the path of an npz file of images and labels`)
    .addOption(new Option("--split <name>", "which images of the data set").choices(splits).default("test"))
    .addOption(memoryOption())
    .option("--plain-model", "encrypt the image only: the server knows the model")
    .option(
      "--seed <n>",
      "draw the keys from this number: reproducible, and therefore UNSAFE",
      wholeNumber("--seed", 0, Number.MAX_SAFE_INTEGER),
    )
    .addOption(jsonOption());
}

export function addModelOption(command: Command): Command {
  return command.option("--model <name>", "a built-in model, or the path of an .onnx file");
}

/** Where to compute. */
export function addDeviceOptions(command: Command): Command {
  return command
    .addOption(new Option("--device <kind>", "where to compute").choices(["auto", "cpu", "webgpu"]).default("auto"))
    .option("--threads <n>", "threads of the CPU device", wholeNumber("--threads", 1, MAX_THREADS));
}

export function memoryOption(): Option {
  const what = "keep keys and weights packed in a scratch file, outside of the device's memory but for this much";
  return new Option("--memory <MiB>", what).argParser(wholeNumber("--memory", 0, 2 ** 22));
}

/** What goes with `--image`: see `ImageFileOptions`. */
export function addImageFileOptions(command: Command): Command {
  return command
    .option("--frame <n>", "which frame of a DICOM that has several, from 1", wholeNumber("--frame", 1, 2 ** 31 - 1))
    .option("--any-modality", "take a DICOM of another modality than the network is for");
}

export function jsonOption(): Option {
  return new Option("--json", "print one JSON object and nothing else");
}

/** A parser for whole numbers in a range. @throws UsageError naming the option and the range. */
export function wholeNumber(option: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    const range = high === Number.MAX_SAFE_INTEGER ? `${low} or more` : `${low} to ${high}`;
    throw new UsageError(`${option} ${text} is not a whole number in range`, `take a whole number, ${range}`);
  };
}
