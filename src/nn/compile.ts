import { Parameters } from "../ckks/parameters.js";
import type { Security } from "../ckks/security.js";
import { depthOf, fold } from "./fold.js";
import type { FoldedNetwork, FoldOptions, Network } from "./graph.js";
import { chooseSlots, planProgram, programDepth } from "./plan.js";
import { costsOf } from "./plan-cost.js";
import { type Program, rotations } from "./program.js";
import { describe } from "./program-counts.js";

export interface CompileOptions {
  /** Whether the server computes with encrypted weights (default) or with plain ones. The image is always encrypted. */
  readonly model?: "encrypted" | "plain";
  /** Folds to switch off: each costs levels, none changes the result. */
  readonly fold?: Partial<FoldOptions>;
}

const NO_FOLDS: FoldOptions = { batchNorm: false, square: false, pooling: false, linear: false };
/** N = 2^12: the smallest ring in use. */
const FEWEST_SLOTS = 2048;
/**
 * Of the 58 bits at level 0: results below 2^10, and scales that grow towards it (2^47, 38.5, 34.3, 32.1, …), so that
 * the last layers add next to no noise.
 */
const BASE_SCALE_BITS = 47;

/**
 * Everything that is public about an encrypted network: its program, parameters and keys to make. It follows from the
 * architecture alone: no weight, and nothing that was calibrated, is in it.
 */
export class Plan {
  constructor(
    readonly program: Program,
    readonly parameters: Parameters,
    readonly model: "encrypted" | "plain",
    readonly fold: Partial<FoldOptions>,
    /** Levels that one image takes: as planned, and as it would be with every fold off. */
    readonly depth: { readonly used: number; readonly withoutFolding: number },
  ) {}

  get security(): Security {
    return this.parameters.security;
  }

  /** Rotation steps, each with the level that its key must reach. */
  get rotations(): ReadonlyMap<number, number> {
    return rotations(this.program);
  }

  /** Level that the relinearisation key must reach: that of the first product of two ciphertexts. */
  get relinearizationLevel(): number {
    const { steps } = this.program;
    const products =
      this.model === "encrypted" ? steps : steps.filter((step) => step.kind === "square" || step.kind === "quad");
    return Math.max(0, ...products.map((step) => step.level));
  }

  /** Two plans with the same identity exchange keys, models and images. */
  get identity(): string {
    return JSON.stringify([this.model, this.program, this.parameters]);
  }

  /** The plan for people: parameters, steps, sizes. */
  report(): string {
    return [
      this.parameters.describe(),
      describe(this.program, this),
      `depth ${this.depth.used} (${this.depth.withoutFolding} without folding)`,
    ].join("\n");
  }
}

/**
 * Plans a network: folds it, chooses the smallest ring at 128 bits that is deep and wide enough, lays its maps into
 * slots and chooses every rotation. Reads no weight but to fold them away.
 * @throws UnsupportedLayerError for a network that cannot be encrypted; its `fix` names the way out.
 */
export function compile(network: Network, options: CompileOptions = {}): Plan {
  const { model = "encrypted", fold: folds = {} } = options;
  const { folded } = fold(network, folds);
  const parameters = Parameters.choose({
    depth: programDepth(folded),
    slots: chooseSlots(folded, FEWEST_SLOTS),
    // A quadratic grows without bound: one image of PneumoniaMNIST's test set has a logit five times the largest in training.
    wideBase: true,
    baseScaleBits: BASE_SCALE_BITS,
    smallerPrimes: false, // the noise of the first layers' weights has no bit to spare
  });
  const program = planProgram(folded, {
    slots: parameters.slots,
    levelsLimit: parameters.maxLevel,
    costs: costsOf(parameters, model),
  });
  return new Plan(program, parameters, model, folds, {
    used: program.depth,
    withoutFolding: depthWithoutFolding(network),
  });
}

/** The network as the plan's folds leave it. */
export function foldFor(plan: Plan, network: Network): FoldedNetwork {
  return fold(network, plan.fold).folded;
}

function depthWithoutFolding(network: Network): number {
  return depthOf(fold(network, NO_FOLDS).folded.layers);
}
