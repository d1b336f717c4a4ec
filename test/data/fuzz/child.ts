import { BlindsightError } from "../../../src/errors.js";
import { wordStream } from "../../seed.js";
import { deflateTargets } from "./deflate.js";
import { pictureTargets } from "./pictures.js";
import { targets as immediate, type Target } from "./targets.js";

const targets: Readonly<Record<string, Target>> = { ...immediate, ...deflateTargets, ...pictureTargets };

/** What takes a device, and seconds to make: for those that ask for it only. */
async function targetOf(name: string): Promise<Target> {
  const rooms = [
    async () => targets,
    async () => (await import("./formats.js")).formatTargets,
    async () => (await import("./exchanged.js")).exchangedTargets,
    async () => (await import("./seal.js")).sealTargets,
    async () => (await import("./plan-files.js")).planTargets,
  ];
  let found: Target | undefined;
  for (const room of rooms) found ??= (await room())[name];
  if (!found) throw new TypeError(`there is no target ${name}`);
  return found;
}

/** What a run of damaged inputs found. */
export interface Report {
  readonly inputs: number;
  /** Answered by a named error, and by a value. */
  readonly refused: number;
  readonly returned: number;
  /** The most that one input made the reader take, in bytes of typed arrays, and of the whole process. */
  readonly mostBytes: number;
  readonly peakRss: number;
  readonly slowest: { readonly index: number; readonly milliseconds: number };
  /** At most ten: what was wrong, by the index of its input. */
  readonly faults: readonly { readonly index: number; readonly fault: string }[];
}

/** Runs `count` inputs; each depends on the run's seed and its own index only, so that one can be replayed alone. */
async function run(name: string, count: number, first: number): Promise<Report> {
  const target = await targetOf(name);
  const faults: { index: number; fault: string }[] = [];
  const report = { inputs: 0, refused: 0, returned: 0, mostBytes: 0, slowest: { index: 0, milliseconds: 0 } };
  for (let index = first; index < first + count && faults.length < 10; index++) {
    if (index % 500 === 0) process.send?.({ index });
    const { bytes, originals } = await target.input(wordStream(index));
    const before = process.memoryUsage().arrayBuffers;
    const begin = performance.now();
    let fault: string | undefined;
    try {
      fault = await target.read(bytes, originals);
      report.returned++;
    } catch (error) {
      report.refused++;
      if (!(error instanceof BlindsightError)) fault = String((error as Error).stack ?? error);
      else if (!/^[^\n\r]{1,600}$/.test(error.message) || !/^[^\n\r]{1,600}$/.test(error.fix))
        fault = `no line: ${error}`;
    }
    const milliseconds = performance.now() - begin;
    const taken = process.memoryUsage().arrayBuffers - before;
    if (milliseconds > report.slowest.milliseconds) report.slowest = { index, milliseconds };
    report.mostBytes = Math.max(report.mostBytes, taken);
    if (taken > target.mostBytes) fault ??= `it takes ${taken} bytes, more than ${target.mostBytes}`;
    if (fault) faults.push({ index, fault });
    report.inputs++;
  }
  // Node gives kilobytes.
  return { ...report, peakRss: process.resourceUsage().maxRSS * 1024, faults };
}

const [name, count, first] = process.argv.slice(2);
process.send?.({ report: await run(name, Number(count), Number(first)) });
