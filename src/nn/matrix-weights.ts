/**
 * The numbers of a program: what the owner of the model encodes or encrypts. Vectors are made one at a time, when
 * asked for, so that a model never lies in memory as doubles.
 */
import { ParameterError } from "../errors.js";
import type { CalibratedFactors } from "./calibrate.js";
import { requireOutputScale } from "./exchange-checks.js";
import type { FoldedLayer, FoldedNetwork, Shape } from "./graph.js";
import { blocksOf, occupants, pack } from "./layout.js";
import { blockOffsets } from "./matrix.js";
import { type LinearGeometry, type LinearValues, linearGeometry, linearValues } from "./matrix-geometry.js";
import { requireArchitecture } from "./plan-match.js";
import { INPUT_SCALE, type LinearStep, type Program, type ReadoutStep, type Step } from "./program.js";
import { outputShape } from "./shapes.js";
import { sumWindows } from "./windows.js";

/** Weights for each step of a program, by its index; all vectors have `slots` values. */
export interface ProgramWeights {
  /** Of a linear step: what rotate(x, babies[baby]) is multiplied by in group `group`, the giant's rotation undone. */
  diagonal(step: number, group: number, baby: number): Float64Array;
  /** Of a linear step: added after the drop, at the step's output layout. */
  bias(step: number): Float64Array;
  /** Of a readout: what x is multiplied by, and the constant that is added to every slot after the drop. */
  readout(step: number, logit: number): { readonly weights: Float64Array; readonly bias: number };
  /** Of a quadratic: a, b, and c, which is added after the drop, at the step's output layout. */
  quad(step: number): { readonly a: Float64Array; readonly b: Float64Array; readonly c: Float64Array };
  /** What the decrypted logits are multiplied by. */
  readonly outputScale: number;
}

/**
 * The weights of `folded` as `program` wants them, calibrated. `folded` may be any network with the architecture that
 * the program was planned for.
 * @throws ParameterError when the program was planned for another architecture, or the factors are another network's.
 */
export function materialize(program: Program, folded: FoldedNetwork, factors: CalibratedFactors): ProgramWeights {
  requireArchitecture(program, folded);
  requireFactors(folded, factors);
  const layerOf = (step: Step): FoldedLayer => folded.layers[step.layer];
  const scalesOf = (step: Step): { before: number; after: number } => ({
    before: step.layer === 0 ? INPUT_SCALE : factors.scales[step.layer - 1],
    after: factors.scales[step.layer],
  });
  const matrices = new Map<number, SlotMatrix>();
  const matrixOf = (index: number): SlotMatrix => {
    let matrix = matrices.get(index);
    if (!matrix) {
      const step = expectKind(program, index, ["linear", "readout"]) as LinearStep | ReadoutStep;
      matrix = new SlotMatrix(step, layerOf(step), scalesOf(step));
      matrices.clear(); // steps are walked in order: one matrix's tables at a time suffice
      matrices.set(index, matrix);
    }
    return matrix;
  };
  return {
    outputScale: factors.outputScale,
    diagonal: (index, group, baby) => matrixOf(index).diagonal(group, baby),
    bias: (index) => matrixOf(index).bias(),
    readout: (index, logit) => matrixOf(index).readout(logit),
    quad: (index) => {
      const step = expectKind(program, index, ["quad"]);
      return quadVectors(step, layerOf(step), scalesOf(step));
    },
  };
}

function requireFactors(folded: FoldedNetwork, { scales, outputScale }: CalibratedFactors): void {
  requireOutputScale(outputScale);
  if (scales.length === folded.layers.length && scales.every((scale) => scale > 0 && Number.isFinite(scale))) return;
  throw new ParameterError("the factors are not those of this network", "take what calibrate(folded, images) gives");
}

/** One linear layer between its two layouts. */
class SlotMatrix {
  private readonly geometry: LinearGeometry;
  private readonly values: LinearValues;
  private readonly from: Int32Array;
  private readonly to: Int32Array;

  constructor(
    private readonly step: LinearStep | ReadoutStep,
    layer: FoldedLayer,
    private readonly scales: { before: number; after: number },
  ) {
    this.geometry = linearGeometry(layer, step.input)!;
    this.values = linearValues(layer, this.geometry);
    this.from = occupants(step.input);
    this.to = step.kind === "linear" ? occupants(step.target) : new Int32Array(0);
  }

  /** u[i] = M_d[(i − giant) mod slots] for d = giant + baby. */
  diagonal(group: number, baby: number): Float64Array {
    const step = this.step as LinearStep;
    const { slots, grid } = step.input;
    const { giant, babies } = step.groups[group];
    const offsets = blockOffsets(step.input, step.period);
    const blocks = blocksOf(step.input);
    const area = grid ** 2;
    const vector = new Float64Array(slots);
    for (let j = 0; j < slots; j++) {
      if (this.to[j] < 0) continue;
      const i = (j + giant + babies[baby]) & (slots - 1);
      if (this.from[i] < 0) continue;
      const block = Math.floor(j / area);
      const offset = (Math.floor(i / area) - block) & (blocks - 1);
      if (!offsets.active(block) || offset % offsets.stride !== 0 || offset / offsets.stride >= offsets.count) continue;
      vector[(j + giant) & (slots - 1)] = this.weight(this.to[j], this.from[i]);
    }
    return vector;
  }

  bias(): Float64Array {
    const step = this.step as LinearStep;
    const sums = poolSums(this.values.bias, this.geometry.output, step.pools);
    return pack(
      step.output,
      sums.map((value) => value * this.scales.after),
    );
  }

  readout(logit: number): { weights: Float64Array; bias: number } {
    const weights = Float64Array.from(this.from, (from) => (from < 0 ? 0 : this.weight(logit, from)));
    return { weights, bias: this.values.bias[logit] * this.scales.after };
  }

  /** Entry of the matrix from value `from` of the input to value `to` of the output, calibrated; 0 outside a window. */
  private weight(to: number, from: number): number {
    const { input, output, kernel, stride, padding, depthwise } = this.geometry;
    const row = Math.floor(from / input.width) % input.height;
    const outRow = Math.floor(to / output.width) % output.height;
    const y = row - outRow * stride[0] + padding[0];
    const x = (from % input.width) - (to % output.width) * stride[1] + padding[1];
    if (y < 0 || y >= kernel[0] || x < 0 || x >= kernel[1]) return 0;
    const channel = Math.floor(from / (input.width * input.height));
    const outChannel = Math.floor(to / (output.width * output.height));
    if (depthwise && channel !== outChannel) return 0;
    const plane = depthwise ? channel : outChannel * input.channels + channel;
    const { before, after } = this.scales;
    return this.values.weights[(plane * kernel[0] + y) * kernel[1] + x] * (after / before);
  }
}

function quadVectors(
  step: Step & { kind: "quad" },
  layer: FoldedLayer,
  { before, after }: { before: number; after: number },
): { a: Float64Array; b: Float64Array; c: Float64Array } {
  if (layer.op !== "quad") throw new TypeError(`layer ${step.layer} is ${layer.op}, not quad`);
  const { channels, height, width } = step.input;
  const each = (values: Float64Array, factor: number): Float64Array =>
    Float64Array.from(
      { length: channels * height * width },
      (_, i) => values[Math.floor(i / (height * width))] * factor,
    );
  return {
    a: pack(step.input, each(layer.a, after / before ** 2)),
    b: pack(step.input, each(layer.b, after / before)),
    c: pack(step.output, poolSums(each(layer.c, after), step.input, step.pools)),
  };
}

/** Sums over the windows of one pool after another, [channel][row][column]; a rest at the border is dropped. */
function poolSums(values: Float64Array, shape: Shape, [kernel, ...rest]: Step["pools"]): Float64Array {
  if (!kernel) return values;
  const pooled = outputShape({ op: "sumPool2d", kernel }, shape);
  return poolSums(sumWindows(kernel, shape, values), pooled, rest);
}

function expectKind<K extends Step["kind"]>(program: Program, index: number, kinds: readonly K[]): Step & { kind: K } {
  const step = program.steps[index];
  if (!step || !(kinds as readonly string[]).includes(step.kind)) {
    throw new TypeError(`step ${index} is ${step?.kind ?? "not there"}, not ${kinds.join(" or ")}`);
  }
  return step as Step & { kind: K };
}
