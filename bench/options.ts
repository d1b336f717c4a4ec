import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { BenchError } from "./failure.js";
import { LOG_NS } from "./settings.js";

export interface BenchOptions {
  readonly logNs: readonly number[];
  readonly threads: readonly number[];
  /** Numbers of busy processes beside which everything is measured. */
  readonly busy: readonly number[];
  /** Part of a row's name, in lower case. */
  readonly filter: string;
  readonly peer: boolean;
  readonly levels: boolean;
  readonly rl3: boolean;
  readonly circuits: boolean;
  /** Only what each operation launches, without a time. */
  readonly counts: boolean;
  /** Operations in a sample with several threads. */
  readonly queued: number;
  /** For each side of a row. */
  readonly timeMs: number;
  readonly fullPrimes: boolean;
  /** Ours: beside a GPU stands the CPU device instead of a peer. */
  readonly device: "cpu" | "webgpu";
  /** A file, or "-" for stdout. */
  readonly json?: string;
  /** A folder for a record named after the device and the time. */
  readonly results?: string;
  readonly plot?: string;
  readonly markdown: boolean;
  /** A record to print again, instead of a run. */
  readonly from?: string;
}

export const USAGE = `npm run bench -- [options]

  --log-n LIST      log2 N, of ${LOG_NS.join(", ")} (default 14)
  --device KIND     cpu (default), or webgpu: kernel times by timestamps, a roofline, and the CPU device beside them
  --threads LIST    of ours; "all" for every processor (default 1); the peer has one
  --busy LIST       everything beside so many busy processes, 0 for none (default 0); "all" for one a processor
  --filter TEXT     only rows whose name contains it: "rotate", "kernel", "bytes", "RL-3"
  --against NAME    node-seal (default) or none
  --levels          multiply and rotate at every level too
  --rl3             RL-3 by stage and by layer too, with the model encrypted and plain
  --circuits        polynomials, sums over slots and products of matrices too; not on a GPU
  --counts          only what each operation launches: transforms, conversions, bytes; no times
  --time MS         for each side of a row (default 1000)
  --queued COUNT    operations in a sample with several threads (default 4; 1 times latency)
  --full-primes     30-bit primes only, where the library would choose smaller ones to save a digit
  --markdown        the tables as bench/README.md has them
  --json FILE       the record as JSON; "-" for stdout, and nothing else there
  --results FOLDER  the record as JSON too, named after the device and the time
  --plot FOLDER     SVG plots: cost against N, and against level where there is --levels
  --from FILE       print, plot or convert a record that --json wrote, without a run
  --help            this text
`;

/** @throws BenchError naming the option; undefined for --help. */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const { against = "node-seal" } = values;
  if (against !== "node-seal" && against !== "none") {
    throw new BenchError(`--against ${against} is no peer`, "take node-seal or none");
  }
  const { device = "cpu" } = values;
  if (device !== "cpu" && device !== "webgpu")
    throw new BenchError(`there is no --device ${device}`, "take cpu or webgpu");
  if (values.circuits && device !== "cpu") {
    throw new BenchError("--circuits has no rows on a GPU", "take --device cpu, or leave --circuits out");
  }
  return {
    device,
    logNs: distinct("--log-n", values["log-n"] ?? "14", (text) => oneOf(text, LOG_NS)),
    threads: distinct("--threads", values.threads ?? (device === "webgpu" ? "all" : "1"), threadCount),
    busy: distinct("--busy", values.busy ?? "0", busyCount),
    filter: (values.filter ?? "").toLowerCase(),
    peer: against === "node-seal",
    levels: values.levels ?? false,
    rl3: values.rl3 ?? false,
    circuits: values.circuits ?? false,
    counts: values.counts ?? false,
    queued: whole("--queued", values.queued ?? "4", 1, 64),
    timeMs: whole("--time", values.time ?? "1000", 1, 600_000),
    fullPrimes: values["full-primes"] ?? false,
    json: values.json,
    results: values.results,
    plot: values.plot,
    markdown: values.markdown ?? false,
    from: values.from,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        device: { type: "string" },
        "log-n": { type: "string" },
        threads: { type: "string" },
        busy: { type: "string" },
        filter: { type: "string" },
        against: { type: "string" },
        levels: { type: "boolean" },
        rl3: { type: "boolean" },
        circuits: { type: "boolean" },
        counts: { type: "boolean" },
        time: { type: "string" },
        queued: { type: "string" },
        "full-primes": { type: "boolean" },
        markdown: { type: "boolean" },
        json: { type: "string" },
        results: { type: "string" },
        plot: { type: "string" },
        from: { type: "string" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (cause) {
    throw refusedOption(cause, "npm run bench -- --help");
  }
}

/** What `parseArgs` threw, in one line: Node's own words run on with advice about "--". */
export function refusedOption(cause: unknown, help: string): BenchError {
  const message = (cause as Error).message.split(/\. (?=To )/)[0].replace(/\.$/, "");
  return new BenchError(message, `see ${help}`, { cause });
}

const ALLOWED = {
  "--log-n": LOG_NS.join(", "),
  "--threads": "numbers from 1 to 64, or all",
  "--busy": "numbers from 0 to 64, or all",
} as const;

function distinct(
  option: keyof typeof ALLOWED,
  text: string,
  parseOne: (text: string) => number | undefined,
): number[] {
  const numbers = text.split(",").map((part) => {
    const number = parseOne(part.trim());
    if (number === undefined) {
      const allowed = ALLOWED[option];
      throw new BenchError(`${option} ${text} is no list of what there is`, `take ${allowed}, with commas between`);
    }
    return number;
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function oneOf(text: string, allowed: readonly number[]): number | undefined {
  return allowed.find((number) => String(number) === text);
}

function threadCount(text: string): number | undefined {
  if (text === "all") return availableParallelism();
  return /^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 64 ? Number(text) : undefined;
}

function busyCount(text: string): number | undefined {
  return text === "0" ? 0 : threadCount(text);
}

/** @throws BenchError that names the option */
export function whole(option: string, text: string, low: number, high: number): number {
  if (/^\d+$/.test(text) && Number(text) >= low && Number(text) <= high) return Number(text);
  throw new BenchError(`${option} ${text} is not a whole number in range`, `take ${low} to ${high}`);
}
