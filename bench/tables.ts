/** Records as text: a line for each row while it is measured, and the tables of the README. */

import type { BenchRecord, GpuFigures, KernelCounts, Machine, Measurement, Row, Size } from "./record.js";
import { speedupLines } from "./speedups.js";

/** One line of a terminal. */
export function lineOf({ name, logN, threads, level, busy, ours, peer, ratio, counts }: Row): string {
  const rest = `${level === undefined ? "" : `, level ${level}`}${busy ? `, ${busy} busy` : ""}`;
  const where = `2^${logN}, ${threads} thread${threads > 1 ? "s" : ""}${rest}`;
  const head = `${name.padEnd(52)} ${where.padEnd(26)}`;
  if (!ours) return `${head} ${counts ? describeCounts(counts) : ""}`;
  const queued = ours.perSample > 1 ? `; ${ours.perSample} a sample` : "";
  const spread = ours.medianMs > 0 ? ((ours.p75Ms - ours.p25Ms) / ours.medianMs) * 100 : 0;
  const own = `${timeOf(ours)} ±${spread.toFixed(0)} % (${ours.samples}${queued})`;
  const theirs = peer ? `${peer.subject.label} ${timeOf(peer)}${ratio ? ` ${ratioText(ratio)}` : ""}` : "";
  return [`${head} ${own.padEnd(48)} ${theirs}`.trimEnd(), ...(ours.gpu ? [gpuLine(ours.gpu)] : [])].join("\n");
}

/** What the GPU says of a row, under it. */
function gpuLine({ kernelMs, kernels, together, dispatches, submits, bytes, bytesMoved, ...roof }: GpuFigures): string {
  const passes = `${passesOf(dispatches, submits)}${together > 1 ? ` for ${together} together` : ""}`;
  const share = (text: string, value: number | undefined) =>
    value ? [`${(100 * value).toFixed(0)} % of ${text}`] : [];
  if (kernelMs === undefined) return `    ${passes}, ${sizeText(bytes)} asked for; no timestamps`;
  const time = timeText(kernelMs);
  const { gigabytesPerSecond, gigaproductsPerSecond } = roof;
  const bandwidth = gigabytesPerSecond ? [`${digits(gigabytesPerSecond)} GB/s`] : [];
  bandwidth.push(...share("the copy kernel's", roof.shareOfCopy), ...share("the data sheet's", roof.shareOfNominal));
  const rate = gigaproductsPerSecond ? [`${digits(gigaproductsPerSecond)} G products/s`] : [];
  rate.push(...share("registers'", roof.shareOfButterflies));
  const total = Object.values(kernels ?? {}).reduce((sum, milliseconds) => sum + milliseconds, 0);
  const parts = Object.entries(kernels ?? {})
    .sort(([, a], [, b]) => b - a)
    .map(([name, milliseconds]) => `${name} ${((100 * milliseconds) / total).toFixed(0)} %`);
  // In records of before there are no bytes moved, and the rate is of those asked for.
  const moved = bytesMoved === undefined ? [] : [`${sizeText(bytesMoved)} moved`];
  const traffic = [[`${sizeText(bytes)} asked for`, ...moved].join(", "), bandwidth.join(", ")]
    .filter(Boolean)
    .join(": ");
  const split = parts.length > 1 ? [parts.join(", ")] : [];
  const multiplied = rate.length > 0 ? [rate.join(", ")] : [];
  return `    on the GPU ${[time, passes, traffic, ...multiplied, ...split].join("; ")}`;
}

/** What the columns of a line are, and where the numbers come from. */
export function footOf(record: BenchRecord): string {
  const { rows, machine } = record;
  const subjects = new Map<string, string>();
  for (const { ours, peer } of rows) {
    for (const side of [ours, peer]) {
      if (side) subjects.set(`${side.subject.label}|${side.subject.parameters}`, subjectLine(side));
    }
  }
  return [
    "minimum (median) ± quartile distance in % of the median (samples); ratio of the minima: peer over ours",
    ...speedupLines(record),
    ...subjects.values(),
    describe(machine),
  ].join("\n");
}

function subjectLine({ subject: { label, parameters } }: Measurement): string {
  return `${label}: ${parameters}`;
}

/** The table of bench/README.md, one for each N and number of threads. */
export function markdownOf(record: BenchRecord): string {
  const tables: string[] = [];
  const settings = new Set(record.rows.map(({ logN, threads, busy = 0 }) => `${logN}/${threads}/${busy}`));
  for (const setting of settings) {
    const [logN, threads, busy] = setting.split("/").map(Number);
    const rows = record.rows.filter(
      (row) => row.logN === logN && row.threads === threads && (row.busy ?? 0) === busy && row.ours,
    );
    const common = commonest(rows.flatMap(({ peer }) => (peer ? [peer.subject.label] : [])));
    const title = `N = 2^${logN}${threads > 1 ? `, ${threads} threads` : ""}${busy ? `, ${busy} busy processes` : ""}`;
    const lines = [
      `| ${title} | blindsight, min (median) | ${common ?? "peer"}, min (median) | ratio | bits, worst slot | bytes |`,
      "|---|---|---|---|---|---|",
      ...rows.map((row) => markdownRow(row, common)),
    ];
    if (
      busy === Math.min(...record.rows.map((row) => row.busy ?? 0)) &&
      threads === Math.min(...record.rows.filter((row) => row.logN === logN).map((row) => row.threads))
    ) {
      lines.push(...record.sizes.filter((size) => size.logN === logN).map(markdownSize));
    }
    if (rows.length > 0) tables.push(lines.join("\n"));
  }
  return [...tables, footOf(record)].join("\n\n");
}

/** The peer of most rows: the column is named after it, and the others by name where they stand. */
function commonest(labels: readonly string[]): string | undefined {
  const count = (label: string) => labels.filter((other) => other === label).length;
  return [...new Set(labels)].sort((a, b) => count(b) - count(a))[0];
}

function markdownRow({ name, level, ours, peer, ratio }: Row, common: string | undefined): string {
  const pair = (own: string, theirs: string) => [own, theirs].filter((text) => text !== "").join(" / ");
  const bits = (side?: Measurement) => (side?.precision ? (side.precision.worstBits?.toFixed(1) ?? "exact") : "");
  const bytes = (side?: Measurement) => (side?.bytes === undefined ? "" : sizeText(side.bytes));
  const cells = [
    level === undefined ? name : `${name}, level ${level}`,
    ours ? timeOf(ours) : "",
    peer ? `${peer.subject.label === common ? "" : `${peer.subject.label} `}${timeOf(peer)}` : "",
    ratio ? ratioText(ratio) : "",
    pair(bits(ours), bits(peer)),
    pair(bytes(ours), bytes(peer)),
  ];
  return `| ${cells.join(" | ")} |`;
}

function markdownSize({ name, bytes, peerBytes, peerCompressedBytes, ratio }: Size): string {
  const peer = peerBytes === undefined ? "" : `${sizeText(peerBytes)} (zstd ${sizeText(peerCompressedBytes!)})`;
  return `| ${name} | ${sizeText(bytes)} | ${peer} | ${ratio === undefined ? "" : ratio.toFixed(2)} | | |`;
}

/** One line of a terminal for a size. */
export function sizeLine({ name, logN, bytes, peerBytes, peerCompressedBytes, ratio }: Size): string {
  const head = `${name.padEnd(52)} ${`2^${logN}`.padEnd(26)} ${sizeText(bytes).padEnd(48)}`;
  if (peerBytes === undefined) return head.trimEnd();
  return `${head} ${sizeText(peerBytes)}, zstd ${sizeText(peerCompressedBytes!)}; ours ${ratio!.toFixed(2)} of it`;
}

function describeCounts(counts: KernelCounts): string {
  const { operations, rows, convertedLimbs, bytesRead, bytesWritten, bytesUploaded } = counts;
  const kernels = Object.entries(rows).map(([kernel, count]) => {
    return kernel === "baseConvert" ? `${count} baseConvert into ${convertedLimbs} limbs` : `${count} ${kernel}`;
  });
  const traffic = `reads ${sizeText(bytesRead)}, writes ${sizeText(bytesWritten)}`;
  const uploads = bytesUploaded > 0 ? [`uploads ${sizeText(bytesUploaded)}`] : [];
  const passes = counts.dispatches === undefined ? [] : [passesOf(counts.dispatches, counts.submits ?? 0)];
  const parts = [...passes, ...kernels, traffic, ...uploads].join(", ");
  return operations > 1 ? `${operations} together: ${parts}` : parts;
}

export function describe({ cpu, processors, memoryGiB, system, node }: Machine): string {
  return `${cpu}, ${processors} processors, ${memoryGiB} GiB, ${system}, Node ${node}`;
}

/** Minimum and median, in the unit that suits. */
export function timeOf({ minimumMs, medianMs }: Pick<Measurement, "minimumMs" | "medianMs">): string {
  const [factor, unit] = unitOf(minimumMs);
  return `${digits(minimumMs * factor)} ${unit} (${digits(medianMs * factor)})`;
}

function timeText(milliseconds: number): string {
  const [factor, unit] = unitOf(milliseconds);
  return `${digits(milliseconds * factor)} ${unit}`;
}

function unitOf(milliseconds: number): readonly [factor: number, unit: string] {
  if (milliseconds < 1e-4) return [1e6, "ns"];
  return milliseconds < 0.1 ? [1000, "µs"] : milliseconds < 10_000 ? [1, "ms"] : [0.001, "s"];
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_500
    ? `${digits(bytes / 1e3)} kB`
    : bytes < 999.5e6
      ? `${digits(bytes / 1e6)} MB`
      : `${digits(bytes / 1e9)} GB`;
}

function ratioText(ratio: number): string {
  return `${ratio < 0.95 ? ratio.toPrecision(2) : ratio.toFixed(1)}×`;
}

function passesOf(dispatches: number, submits: number): string {
  return `${dispatches} dispatch${dispatches === 1 ? "" : "es"} in ${submits} submission${submits === 1 ? "" : "s"}`;
}
