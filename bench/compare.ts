/** Two records beside each other: `npm run bench:compare -- before.json after.json`. */
import { BenchError } from "./failure.js";
import { type BenchRecord, keyOf, type Row, readRecord } from "./record.js";
import { describe, digits, timeOf } from "./tables.js";

/** A ratio of minima between these is what two runs of one program give on a shared machine. */
const NOISE = 0.05;

/** @throws BenchError unless two records are named that have rows in common. */
export function compareFiles(args: readonly string[]): string {
  if (args.length !== 2 || args.some((arg) => arg.startsWith("-"))) {
    throw new BenchError("two files were expected", "npm run bench:compare -- before.json after.json");
  }
  const [before, after] = args.map(readRecord);
  return compare(before, after);
}

/** Warnings first, then a line for each row that both have, then what only one has. */
export function compare(before: BenchRecord, after: BenchRecord): string {
  const timed = (record: BenchRecord) =>
    new Map(record.rows.filter(({ ours }) => ours).map((row) => [keyOf(row), row]));
  const [old, now] = [timed(before), timed(after)];
  const common = [...old.keys()].filter((key) => now.has(key));
  const oldSizes = new Map(before.sizes.map((size) => [`${size.name}, N = 2^${size.logN}`, size.bytes]));
  const newSizes = after.sizes.flatMap((size) => {
    const name = `${size.name}, N = 2^${size.logN}`;
    const bytes = oldSizes.get(name);
    return bytes === undefined || bytes === size.bytes ? [] : [`${name}: ${bytes} → ${size.bytes} bytes`];
  });
  if (common.length === 0 && newSizes.length === 0) {
    throw new BenchError("the two records have no row in common", "run both with the same options");
  }
  const width = Math.max(20, ...common.map((key) => key.length));
  const peer = new Map(common.map((key) => [key, peerDrift(old.get(key)!, now.get(key)!)]));
  return [
    ...warnings(before, after, common, old, now),
    `${"row".padEnd(width)}  before, min (median)      after, min (median)       before/after  peer's`,
    ...common.map((key) => {
      const [a, b] = [old.get(key)!.ours!, now.get(key)!.ours!];
      const ratio = a.minimumMs / b.minimumMs;
      const verdict = Math.abs(Math.log(ratio)) < Math.log1p(NOISE) ? "" : ratio > 1 ? "  quicker" : "  slower";
      const drift = peer.get(key);
      const cells = [key.padEnd(width), timeOf(a).padEnd(24), timeOf(b).padEnd(24), `${digits(ratio)}×`.padEnd(12)];
      return `${cells.join("  ")}  ${drift === undefined ? "" : `${digits(drift)}×`}${verdict}`.trimEnd();
    }),
    ...newSizes,
    ...onlyIn("before", old, now),
    ...onlyIn("after", now, old),
  ].join("\n");
}

/** How much quicker the same peer was: the machine's share of a ratio. */
function peerDrift({ peer: before }: Row, { peer: after }: Row): number | undefined {
  if (!before || !after || before.subject.parameters !== after.subject.parameters) return undefined;
  return before.minimumMs / after.minimumMs;
}

function warnings(
  before: BenchRecord,
  after: BenchRecord,
  common: readonly string[],
  old: ReadonlyMap<string, Row>,
  now: ReadonlyMap<string, Row>,
): string[] {
  const machines = [describe(before.machine), describe(after.machine)];
  const changed = new Map<string, string>();
  for (const key of common) {
    const [a, b] = [old.get(key)!.ours!, now.get(key)!.ours!];
    if (a.subject.parameters !== b.subject.parameters) {
      changed.set(a.subject.parameters, `warning: other parameters: ${a.subject.parameters} → ${b.subject.parameters}`);
    }
    if (a.perSample !== b.perSample) {
      changed.set(key, `warning: ${key}: ${a.perSample} operations a sample, then ${b.perSample}`);
    }
  }
  return [
    ...(machines[0] === machines[1] ? [] : [`warning: other machines: ${machines.join(" → ")}`]),
    ...changed.values(),
  ];
}

function onlyIn(which: string, one: ReadonlyMap<string, Row>, other: ReadonlyMap<string, Row>): string[] {
  const keys = [...one.keys()].filter((key) => !other.has(key));
  return keys.length === 0 ? [] : [`only ${which}: ${keys.join("; ")}`];
}
