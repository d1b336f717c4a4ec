import type { UnitCosts } from "../../ckks/unit-costs.js";
import { ParameterError } from "../../errors.js";
import { describeLayout, occupants } from "../layout/layout.js";
import { countStep, keySwitches, modelSize, packedBytes, rotationsOf } from "./counts.js";
import { levelAfter, levelBefore, operandLevels, rotations } from "./levels.js";
import type { Program, Step } from "./program.js";
import { predictedMs, type Worked, workOf } from "./work.js";

/** A step of a plan, for people and for whoever compares plans. */
export interface PlanRow {
  /** Its index in the program. */
  readonly step: number;
  /** What it does. */
  readonly op: Step["op"];
  /** Of what it takes, and of what it gives. */
  readonly levels: readonly [before: number, after: number];
  /** Of what it gives: see `describeLayout`. */
  readonly layout: string;
  /** Share of the slots of what it gives that hold an element, copies counted: 1 where no slot is junk. */
  readonly utilization: number;
  /** Hoisted rotations, rotations of sums, and those of folds and pairs. */
  readonly rotations: number;
  /** Vectors that are multiplied. */
  readonly products: number;
  /** Rotations and relinearisations: nearly all of its time. */
  readonly keySwitches: number;
  /** Of the weights and biases, as a file has them. */
  readonly bytes: number;
  /** With `costs`: what it will take on that device. */
  readonly predictedMs?: number;
  /** With `measured`: what it took. */
  readonly measuredMs?: number;
}

/** All optional. */
export interface PlanTableOptions {
  /** Of a device: `measureUnitCosts(device, plan.parameters)`. */
  readonly costs?: UnitCosts;
  /** Milliseconds of each step, as `Server.run`'s `onStep` tells them. */
  readonly measured?: readonly number[];
}

/** A row for each step. @throws ParameterError for a plan for throughput */
export function planRows(plan: Worked, { costs, measured }: PlanTableOptions = {}): PlanRow[] {
  const { program, parameters, model } = plan;
  if (program.throughput) {
    throw new ParameterError(
      "a plan for throughput has a step for each element",
      "print plan.report(), which sums them up",
    );
  }
  return program.steps.map((step, index) => {
    const counts = countStep(program, step, model);
    const alone = { program: { ...program, steps: [step] }, parameters, model };
    const vectors = operandLevels(program, step).length;
    return {
      step: index,
      op: step.op,
      levels: [levelBefore(program, step), levelAfter(program, step)],
      layout: describeLayout(program.layouts[program.values[step.outputs[0]].layout]),
      utilization: utilization(program, step.outputs),
      rotations: rotationsOf(counts),
      products: counts.weights,
      keySwitches: keySwitches(counts),
      bytes: vectors === 0 ? 0 : Math.round(packedBytes(modelSize(alone).limbs, parameters.logN)),
      ...(costs && { predictedMs: predictedMs(workOf(plan, step), costs) }),
      ...(measured && { measuredMs: measured[index] }),
    };
  });
}

/** The rows and their sums as a table in Markdown. */
export function planTable(
  plan: Worked & { readonly evaluationKeyBytes: number },
  options: PlanTableOptions = {},
): string {
  const rows = planRows(plan, options);
  const sum = (of: (row: PlanRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const timed = [options.costs && "predicted ms", options.measured && "measured ms"].filter(
    (each) => each !== undefined,
  );
  const head = ["step", "level", "layout", "used", "rotations", "products", "key switches", "MB", ...timed];
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const times = (predicted: number, measured: number) => [
    ...(options.costs ? [predicted.toFixed(1)] : []),
    ...(options.measured ? [measured.toFixed(1)] : []),
  ];
  const lines = rows.map((row) => [
    `${row.step} ${row.op}`,
    `${row.levels[0]} → ${row.levels[1]}`,
    row.layout,
    `${Math.round(100 * row.utilization)} %`,
    row.rotations,
    row.products,
    row.keySwitches,
    megabytes(row.bytes),
    ...times(row.predictedMs ?? 0, row.measuredMs ?? 0),
  ]);
  const total = [
    "all",
    "",
    `${rotations(plan.program).size} rotations with keys of ${megabytes(plan.evaluationKeyBytes)} MB`,
    "",
    sum((row) => row.rotations),
    sum((row) => row.products),
    sum((row) => row.keySwitches),
    megabytes(sum((row) => row.bytes)),
    ...times(
      sum((row) => row.predictedMs ?? 0),
      sum((row) => row.measuredMs ?? 0),
    ),
  ];
  return [head, head.map(() => "---"), ...lines, total].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function utilization({ layouts, values }: Program, outputs: readonly number[]): number {
  const shares = outputs.map((value) => {
    const { layout, ciphertext } = values[value];
    const holds = occupants(layouts[layout], ciphertext);
    return holds.reduce((used, element) => used + Number(element >= 0), 0) / holds.length;
  });
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}
