import { Bench } from "tinybench";
import type { Operation } from "./operation.js";
import type { Timing } from "./record.js";

type Timed = Pick<Operation, "run" | "perSample">;

/**
 * Each side gets its time in this many turns, ours and the peer's taking turns: what disturbs a shared machine for a
 * second then meets both.
 */
const TURNS = 3;
/** A turn has at least as many samples, however slow the row: operations of seconds take six each. */
const FEWEST_SAMPLES = 2;

/**
 * Times operations side by side.
 * @param budgetMs time for each of them
 */
export async function measure(operations: readonly Timed[], budgetMs: number): Promise<Timing[]> {
  const samples: number[][] = operations.map(() => []);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [index, operation] of operations.entries()) {
      samples[index].push(...(await sample(operation, budgetMs / TURNS, turn === 0)));
    }
  }
  return operations.map(({ perSample }, index) => summarize(samples[index], perSample));
}

/** Order statistics of samples in milliseconds, each of `perSample` operations. */
export function summarize(samples: readonly number[], perSample: number): Timing {
  const sorted = Float64Array.from(samples, (sample) => sample / perSample).sort();
  const quantile = (share: number) => {
    const position = share * (sorted.length - 1);
    const below = Math.floor(position);
    return sorted[below] + (position - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
  };
  return {
    samples: sorted.length,
    perSample,
    minimumMs: sorted[0],
    p25Ms: quantile(0.25),
    medianMs: quantile(0.5),
    p75Ms: quantile(0.75),
  };
}

async function sample({ run }: Timed, timeMs: number, first: boolean): Promise<readonly number[]> {
  const bench = new Bench({
    time: timeMs,
    iterations: FEWEST_SAMPLES,
    warmup: first,
    warmupTime: Math.min(100, timeMs / 2),
    warmupIterations: 1,
    retainSamples: true,
    throws: true,
  });
  bench.add("operation", run);
  await bench.run();
  const { result } = bench.tasks[0];
  if (!("latency" in result) || !result.latency.samples)
    throw new Error("tinybench kept no samples", { cause: result });
  return result.latency.samples;
}
