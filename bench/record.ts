/** What a run leaves behind: plain data, printed as tables and plots, written as JSON and compared. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { BenchError } from "./failure.js";

/** One side's time for one operation. */
export interface Timing {
  readonly samples: number;
  /** Operations in a sample; the times are of one. */
  readonly perSample: number;
  readonly minimumMs: number;
  readonly p25Ms: number;
  readonly medianMs: number;
  readonly p75Ms: number;
}

/** −log2 of the slot errors against doubles: bits after the point. Null where every slot is exact. */
export interface Precision {
  readonly worstBits: number | null;
  readonly meanBits: number | null;
}

/** Where a number comes from. */
export interface Subject {
  /** "blindsight", or the peer with its version. */
  readonly label: string;
  readonly threads: number;
  /** One line for people. */
  readonly parameters: string;
  readonly logQ?: number;
  readonly logQP?: number;
  /** 0 where nobody vouches for it. */
  readonly securityBits?: number;
}

/** What a GPU did: times and bytes are of one operation, or of one row of a kernel. */
export interface GpuFigures {
  /** Time of its kernels, by timestamps; absent where the adapter has none. */
  readonly kernelMs?: number;
  /** The same by kernel. */
  readonly kernels?: Readonly<Record<string, number>>;
  /** Operations or rows that go together, and the passes over memory and submissions of all of them. */
  readonly together: number;
  readonly dispatches: number;
  readonly submits: number;
  /** Read and written, as the kernels of the table ask for it. */
  readonly bytes: number;
  /** Read and written by the passes that ran: less where kernels are fused, more in transforms of two, twiddle factors too. */
  readonly bytesMoved?: number;
  /** bytesMoved / kernelMs, and its share of what the kernel `copy` moves, and of the adapter's data sheet where known. */
  readonly gigabytesPerSecond?: number;
  readonly shareOfCopy?: number;
  readonly shareOfNominal?: number;
  /** Modular multiplications, so many 10^9 a second, and that as a share of butterflies in registers. */
  readonly products?: number;
  readonly gigaproductsPerSecond?: number;
  readonly shareOfButterflies?: number;
}

export interface Measurement extends Timing {
  readonly gpu?: GpuFigures;
  readonly subject: Subject;
  readonly precision?: Precision;
  /** Size of the result on the wire. */
  readonly bytes?: number;
}

/** What one operation asks of the device. */
export interface KernelCounts {
  /** What is counted: this many operations, or rotations of one hoisting. */
  readonly operations: number;
  /** Rows by kernel, those that ran. */
  readonly rows: Readonly<Record<string, number>>;
  /** Limbs that base conversions wrote. */
  readonly convertedLimbs: number;
  /** By kernels, each operand counted where it is named. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** From the host into limbs. */
  readonly bytesUploaded: number;
  /** Of a GPU: passes over memory, and submissions. */
  readonly dispatches?: number;
  readonly submits?: number;
}

export type Group = "kernel" | "primitive" | "level" | "circuit" | "RL-3";

export interface Row {
  readonly group: Group;
  readonly name: string;
  readonly logN: number;
  /** Of our side; the peer has one. */
  readonly threads: number;
  /** Busy processes beside it; absent for none. */
  readonly busy?: number;
  /** In the group "level": of the operands, and their log2 Q. */
  readonly level?: number;
  /** Absent where only counts were asked for. */
  readonly ours?: Measurement;
  readonly peer?: Measurement;
  /** Minimum of the peer over ours: above 1 ours is quicker. */
  readonly ratio?: number;
  readonly counts?: KernelCounts;
}

export interface Size {
  readonly name: string;
  readonly logN: number;
  readonly bytes: number;
  /** The peer's file without compression, and with zstd. */
  readonly peerBytes?: number;
  readonly peerCompressedBytes?: number;
  readonly ratio?: number;
}

export interface Machine {
  readonly cpu: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

export interface BenchRecord {
  readonly schema: 1;
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  /** The command line that made it. */
  readonly command: readonly string[];
  readonly rows: readonly Row[];
  readonly sizes: readonly Size[];
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    processors: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
  };
}

/** @throws BenchError for a file that is not there or is no record of ours. */
export function readRecord(path: string): BenchRecord {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new BenchError(`${path} cannot be read (${code})`, "name a file that --json wrote", { cause });
  }
  try {
    const record = JSON.parse(text) as BenchRecord;
    if (record.schema === 1 && Array.isArray(record.rows) && Array.isArray(record.sizes)) return record;
  } catch {
    // Said below.
  }
  throw new BenchError(`${path} is no record of this bench`, "name a file that --json wrote");
}

/** Rows with the same key measure the same thing. */
export function keyOf({ group, name, logN, threads, level, busy }: Row): string {
  const rest = [level === undefined ? "" : `level ${level}`, ...(busy ? [`${busy} busy`] : [])];
  return [group, name, `2^${logN}`, `threads ${threads}`, ...rest].join(" | ");
}

/** Told of each row when it is there. */
export type Report = (row: Row) => void;
