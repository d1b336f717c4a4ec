import type { Parameters } from "../../ckks/parameters.js";
import type { FoldOptions } from "../fold/folded.js";
import type { PlanCard } from "../graph/card.js";
import type { Program } from "../program/program.js";

/** All that a plan says. */
export interface PlanContent {
  readonly program: Program;
  readonly parameters: Parameters;
  /** Whether the weights are encrypted. */
  readonly model: "encrypted" | "plain";
  /** Folds that were switched off; see FoldOptions. */
  readonly fold: Partial<FoldOptions>;
  /** Levels that one image takes: as planned, and as it would be with every fold off. */
  readonly depth: { readonly used: number; readonly withoutFolding: number };
  /** What the network is for, as its owner says. */
  readonly card: PlanCard;
  /** Giant steps with a second key, for products that are rotated: steps, each with the levels that keys must reach. */
  readonly productRotations: readonly (readonly [step: number, level: number])[];
}

/** What is not said as parameters. */
export type PlanText = Omit<PlanContent, "parameters">;
