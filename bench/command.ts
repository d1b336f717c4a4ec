import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { kernelsSha256 } from "../src/ntt/index.js";
import { BenchError, failureOf } from "./failure.js";
import { type BenchOptions, parseOptions, USAGE } from "./options.js";
import { writePlots } from "./plots.js";
import { type BenchRecord, describeMachine, readRecord } from "./record.js";
import { runSuite } from "./suite.js";
import { footOf, lineOf, markdownOf, sizeLine } from "./tables.js";

/** Where text goes: results, and what accompanies them. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** `npm run bench -- …` as a function. @returns the exit code */
export async function bench(args: readonly string[], streams: Streams): Promise<number> {
  try {
    const options = parseOptions(args);
    if (!options) streams.out(USAGE);
    else await obey(options, args, streams);
    return 0;
  } catch (error) {
    const { line, exitCode } = failureOf(error);
    streams.err(`${line}\n`);
    if (exitCode === 1 && error instanceof Error) streams.err(`${error.stack}\n`);
    return exitCode;
  }
}

async function obey(options: BenchOptions, args: readonly string[], { out, err }: Streams): Promise<void> {
  // Only one thing goes to stdout: the JSON, the markdown, or the lines.
  const toStdout = options.json === "-" ? "json" : options.markdown ? "markdown" : "lines";
  const say = toStdout === "lines" ? out : err;
  const record = options.from === undefined ? await run(options, args, say) : readRecord(options.from);
  if (options.from !== undefined) for (const row of record.rows) say(`${lineOf(row)}\n`);
  for (const size of record.sizes) say(`${sizeLine(size)}\n`);
  say(`\n${footOf(record)}\n`);
  if (toStdout === "markdown") out(`${markdownOf(record)}\n`);
  if (options.json !== undefined) writeJson(record, options.json, out);
  if (options.results !== undefined) {
    const path = join(options.results, resultName(record));
    writeJson(record, path, out);
    say(`${path}\n`);
  }
  if (options.plot !== undefined) for (const path of writePlots(record, options.plot)) say(`${path}\n`);
}

async function run(options: BenchOptions, args: readonly string[], say: (text: string) => void): Promise<BenchRecord> {
  const { rows, sizes } = await runSuite(options, (row) => say(`${lineOf(row)}\n`));
  return {
    schema: 1,
    date: new Date().toISOString(),
    machine: describeMachine(),
    versions: {
      blindsight: ownVersion(),
      kernels: kernelsSha256.slice(0, 16),
      ...(options.device === "cpu" && { "node-seal": (await import("./seal.js")).SEAL_VERSION }),
    },
    command: ["npm", "run", "bench", "--", ...args],
    rows,
    sizes,
  };
}

/** "NVIDIA-H100-80GB-HBM3-2026-11-24T09-30-00.json": of a GPU its name, else the processor's. */
function resultName({ rows, machine, date }: BenchRecord): string {
  const texts = rows.flatMap(({ ours }) => (ours ? [ours.subject.parameters, ours.subject.label] : []));
  const gpu = texts.map((text) => /WebGPU, (.*)$/.exec(text)?.[1]).find(Boolean);
  const name = (gpu ?? machine.cpu).replace(/[^A-Za-z0-9.]+/g, "-").replace(/^-|-$/g, "");
  return `${name}-${date.slice(0, 19).replaceAll(":", "-")}.json`;
}

function writeJson(record: BenchRecord, path: string, out: (text: string) => void): void {
  const text = `${JSON.stringify(record, null, 2)}\n`;
  try {
    if (path === "-") out(text);
    else writeFileSync(path, text);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new BenchError(`${path} cannot be written (${code})`, "name a file in a folder that is there", { cause });
  }
}

/** From the sources as well as from build/: the first package.json on the way up is ours. */
function ownVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
    } catch {
      // Further up.
    }
  }
  return "unknown";
}
