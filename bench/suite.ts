/** One run: every row that was asked for, checked, then timed beside its peer. */
import { Blindsight } from "./blindsight.js";
import { beside } from "./busy.js";
import { CIRCUIT_NAMES } from "./circuits.js";
import { BenchError } from "./failure.js";
import { PRODUCT_ROWS } from "./gpu-products.js";
import { runGpu } from "./gpu-suite.js";
import { KERNEL_ROWS, Kernels } from "./kernels.js";
import { measure } from "./measure.js";
import type { BenchOptions } from "./options.js";
import type { Report, Row, Size } from "./record.js";
import { RL3_PREFIX, runRl3 } from "./rl3.js";
import { rowOf, type Selection, type TimedSide, timedRow } from "./rows.js";
import type { Seal } from "./seal.js";
import { parametersOf, settingOf } from "./settings.js";
import { LEVEL_OPERATION_NAMES, makeWorkload, OPERATION_NAMES, SIZE_NAMES } from "./workload.js";

export interface SuiteResult {
  readonly rows: readonly Row[];
  readonly sizes: readonly Size[];
}

/** Sizes are found by this word, besides their names. */
const SIZES = "bytes of ";

/** @throws BenchError when a result is wrong, or when no row has the filter's text in its name. */
export async function runSuite(options: BenchOptions, report: Report): Promise<SuiteResult> {
  const wanted = (name: string) => name.toLowerCase().includes(options.filter);
  const selection: Selection = {
    wanted,
    kernels: options.counts ? [] : KERNEL_ROWS.filter((kernel) => wanted(Kernels.nameOf(kernel))),
    operations: OPERATION_NAMES.filter(wanted),
    levelOperations: options.levels && !options.counts ? LEVEL_OPERATION_NAMES.filter(wanted) : [],
    circuits: options.circuits ? CIRCUIT_NAMES.filter(wanted) : [],
    sizes: options.counts ? [] : SIZE_NAMES.filter((name) => wanted(SIZES + name)),
  };
  // Its stages and layers have one name in front: the filter takes all of them, or none.
  const rl3 = options.rl3 && wanted(RL3_PREFIX);
  const products = options.device === "webgpu" && PRODUCT_ROWS.some(wanted);
  const { wanted: _, ...names } = selection;
  if (!rl3 && !products && Object.values(names).every((each) => each.length === 0)) {
    throw new BenchError(
      `no row has "${options.filter}" in its name`,
      `take part of "${OPERATION_NAMES.join('", "')}"`,
    );
  }
  const rows: Row[] = [];
  const sizes: Size[] = [];
  for (const [index, busy] of options.busy.entries()) {
    const add: Report = (row) => {
      const full = busy > 0 ? { ...row, busy } : row;
      rows.push(full);
      report(full);
    };
    await beside(busy, async () => {
      if (options.device === "webgpu") {
        await runGpu(options, selection, rl3, add);
        return;
      }
      for (const logN of options.logNs) {
        const ofRing = await runRing(logN, options, selection, add);
        if (index === 0) sizes.push(...ofRing);
      }
      if (rl3) for (const threads of options.threads) await runRl3(threads, options.counts, add);
    });
  }
  if (rows.length + sizes.length === 0) {
    throw new BenchError(`N = 2^${options.logNs} has no levels for these rows`, "take a larger N: --log-n 14");
  }
  return { rows, sizes };
}

async function runRing(logN: number, options: BenchOptions, selection: Selection, add: Report): Promise<Size[]> {
  for (const threads of options.threads) await runKernels(logN, threads, options, selection, add);
  if (
    selection.operations.length +
      selection.levelOperations.length +
      selection.sizes.length +
      selection.circuits.length ===
    0
  )
    return [];
  const workload = makeWorkload(2 ** (logN - 1));
  const parameters = parametersOf(logN, options.fullPrimes);
  // Loaded when it is needed: the bundle for GPU machines has none.
  const openSeal = async () => (await import("./seal.js")).Seal.open(logN, settingOf(logN), workload);
  const seal = options.peer && !options.counts ? await openSeal() : undefined;
  const sizes: Size[] = [];
  try {
    for (const [index, threads] of options.threads.entries()) {
      const ours = await Blindsight.open(parameters, threads, options.queued, workload);
      try {
        for (const name of selection.operations) {
          const row = { group: "primitive", name, logN, threads, counts: await ours.count(name) } as const;
          const sides: TimedSide[] = [{ subject: ours.subject, operation: ours.operations[name] }];
          const peer = seal?.operations[name];
          if (seal && peer) sides.push({ subject: seal.subject, operation: peer });
          add(await timedRow(row, sides, options));
        }
        await runLevels(logN, options, selection, ours, index === 0 ? seal : undefined, add); // SEAL knows no threads
        await runCircuits(logN, options, selection, ours, add);
        if (index === 0) sizes.push(...sizeRows(logN, selection, ours, seal));
      } finally {
        await ours.close();
      }
    }
  } finally {
    seal?.close();
  }
  return sizes;
}

async function runKernels(logN: number, threads: number, options: BenchOptions, { kernels }: Selection, add: Report) {
  if (kernels.length === 0) return;
  const bench = await Kernels.open(logN, threads);
  try {
    for (const kernel of kernels) {
      const scalar = kernel === "ntt" && options.peer ? bench.scalar() : undefined;
      const operations = [await bench.operation(kernel), ...(scalar ? [scalar] : [])];
      const [ours, peer] = await measure(operations, options.timeMs);
      add(
        rowOf(
          { group: "kernel", name: Kernels.nameOf(kernel), logN, threads },
          { subject: bench.subject, ...ours },
          scalar && { subject: scalar.subject, ...peer },
        ),
      );
    }
  } finally {
    await bench.close();
  }
}

/**
 * Every level of ours. Each of SEAL's levels stands beside that of ours which is nearest in log2 Q; the two ladders have
 * different rungs, so these rows have no ratio.
 */
async function runLevels(
  logN: number,
  options: BenchOptions,
  { levelOperations }: Selection,
  ours: Blindsight,
  seal: Seal | undefined,
  add: Report,
): Promise<void> {
  const { threads } = ours.subject;
  for (const name of levelOperations) {
    const peers = new Map(seal?.primeCounts.map((primes) => [ours.levelNear(seal.logQOf(primes)), primes]));
    for (const level of ours.levels) {
      const subject = { ...ours.subject, logQ: ours.logQAt(level) };
      const sides: TimedSide[] = [{ subject, operation: ours.atLevel(name, level) }];
      const primes = peers.get(level);
      if (seal && primes !== undefined) {
        const peer = { ...seal.subject, logQ: seal.logQOf(primes) };
        sides.push({ subject: peer, operation: seal.atPrimes(name, primes) });
      }
      const { ratio: _, ...row } = await timedRow({ group: "level", name, logN, threads, level }, sides, options);
      add(row);
    }
  }
}

/** Those that N has levels for. */
async function runCircuits(
  logN: number,
  options: BenchOptions,
  { circuits }: Selection,
  ours: Blindsight,
  add: Report,
): Promise<void> {
  if (circuits.length === 0) return;
  const { subject } = ours;
  const made = ours.circuits();
  for (const name of circuits) {
    const circuit = made[name];
    if (!circuit) continue;
    const { recipe, expected } = circuit;
    const counts = await ours.countOf(recipe);
    const row = { group: "circuit", name, logN, threads: subject.threads, counts } as const;
    add(await timedRow(row, [{ subject, operation: ours.operation(recipe, expected) }], options));
  }
}

function sizeRows(logN: number, { sizes }: Selection, ours: Blindsight, seal: Seal | undefined): Size[] {
  if (sizes.length === 0) return [];
  const own = ours.sizes();
  const theirs = seal?.sizes();
  return sizes.map((name) => {
    const size = { name: SIZES + name, logN, bytes: own[name] };
    if (!theirs) return size;
    const { bytes, compressedBytes } = theirs[name];
    return { ...size, peerBytes: bytes, peerCompressedBytes: compressedBytes, ratio: own[name] / bytes };
  });
}
