/** Where the harness of the HomomorphicEncryption.org ML-inference workload puts things, and where we put ours. */
import { createReadStream, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { writeChunks } from "../../src/cli/roles/write-chunks.js";
import { Plan } from "../../src/nn/plan.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";

const NAMES = ["single", "small", "medium", "large"] as const;
type Name = (typeof NAMES)[number];

/** Which of our plans an instance takes: one image after the other, or thousands at once. */
export type Mode = "one" | "many";

/** One size of the workload. */
export interface Instance {
  readonly name: Name;
  readonly mode: Mode;
  /** What the harness gives: 784 numbers in [0, 1] a line. */
  readonly pixels: string;
  /** Where it wants the predictions, a label a line. */
  readonly predictions: string;
  /** A folder under io/NAME, made where it is not there. */
  folder(name: "public_keys" | "secret_key" | "ciphertexts_upload" | "ciphertexts_download" | "intermediate"): string;
}

/** The instance that the harness names by its only argument: 0 to 3. Paths are relative to its root, where it runs us. */
export function instanceOf(argument: string | undefined): Instance {
  const name = NAMES[/^[0-3]$/.test(argument ?? "") ? Number(argument) : -1];
  if (!name) throw new Error(`the instance's size is 0, 1, 2 or 3, not ${argument}`);
  return ofName(name);
}

/** Those whose keys are there: the step that prepares the model is not told which. */
export function instancesWithKeys(): Instance[] {
  return NAMES.map(ofName).filter(({ name }) => filesOf(join("io", name, "public_keys")).length > 0);
}

function ofName(name: Name): Instance {
  return {
    name,
    mode: name === "single" || !hasMany() ? "one" : "many",
    pixels: join("datasets", name, "intermediate", "test_pixels.txt"),
    predictions: join("io", name, "encrypted_model_predictions.txt"),
    folder(which) {
      const folder = join("io", name, which);
      mkdirSync(folder, { recursive: true });
      return folder;
    },
  };
}

/** A file of the submission: beside `build`, in whose `steps` the script that runs lies. */
export function ours(...names: string[]): string {
  return join(dirname(process.argv[1]), "..", "..", ...names);
}

/** With encrypted weights images run one after the other. */
function hasMany(): boolean {
  return filesOf(ours("plans")).includes("many.plan");
}

export async function planOf(mode: Mode): Promise<Plan> {
  return Plan.fromBytes(readFileSync(ours("plans", `${mode}.plan`)));
}

/** On all processors, for steps that compute long enough: workers take 50 ms to start. */
export function openParallel(): Promise<Device> {
  return openCpuDevice({ threads: Math.min(availableParallelism(), 8) });
}

/** Where the server keeps its model for an instance. */
export function modelFile({ name, mode }: Instance, model: Plan["model"]): string {
  mkdirSync(join("io", "server"), { recursive: true });
  // An encrypted model is under an instance's key.
  return join("io", "server", model === "encrypted" ? `${name}.model` : `${mode}.model`);
}

export function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Empties a folder of what an earlier run left: the harness counts its bytes. */
export function emptied(folder: string): string {
  for (const name of filesOf(folder)) rmSync(join(folder, name), { recursive: true });
  return folder;
}

export async function write(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  mode = 0o644,
): Promise<void> {
  const file = await open(path, "w", mode);
  try {
    await writeChunks(file, content);
  } finally {
    await file.close();
  }
}

export function stream(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 2 ** 22 });
}

/** Rows of doubles, in a file of nothing else. */
export function rowsOf(path: string, length: number): Float64Array[] {
  const bytes = readFileSync(path);
  const values = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return Array.from({ length: values.length / length }, (_, k) => values.subarray(k * length, (k + 1) * length));
}

export function bytesOf(rows: readonly ArrayLike<number>[]): Uint8Array {
  const all = Float64Array.from(rows.flatMap((row) => Array.from(row)));
  return new Uint8Array(all.buffer);
}
