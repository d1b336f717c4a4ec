import type { FoldedLinear, LinearTerm } from "../fold/folded.js";
import type { Shape } from "../graph/network.js";
import { sizeOf } from "../graph/shapes.js";
import { eachTap } from "../graph/windows.js";
import { connectionOf, windowsOf } from "../plan/connection.js";
import { poolWindows } from "../plan/pool-windows.js";

/** Where a number of an output comes from: which of the layer's terms, and where in its weights. */
interface Source {
  readonly term: number;
  readonly weight: number;
  /** Of the term's value. */
  readonly element: number;
  /** The output's, before the pools. */
  readonly output: number;
}

/** One output of a linear layer: the elements that it sees, and what each is multiplied by. */
export interface CombinationRow {
  /** Places in the elements of all values that the layer takes, each value once, in the order of its terms. Outputs that see the same ones share the list. */
  readonly of: readonly number[];
  /** For each of these, where its number comes from: one source, or one for each window of a pool and each term. */
  readonly sources: readonly (readonly Source[])[];
}

/** The outputs of a linear layer after its pools, from its geometry alone. */
export function rowsOf(
  layer: FoldedLinear,
  shapes: readonly Shape[],
  pools: readonly (readonly number[])[],
): CombinationRow[] {
  const starts = startsOf(layer, shapes);
  const outputs = shapes[layer.terms[0].input].map((_, d) => layer.shape[d] ?? 1);
  const plane = sizeOf(outputs.slice(1));
  const seen = layer.terms.map((term) => new Views(layer, term, shapes[term.input], starts.get(term.input)!));
  const lists = new Map<string, readonly number[]>();
  return poolWindows(outputs, pools).map((members) => {
    const found = new Map<number, Source[]>();
    for (const output of members) {
      const [channel, window] = [Math.floor(output / plane), output % plane];
      for (const [term, views] of seen.entries()) {
        views.visit(channel, window, (place, weight, element) => {
          const source = { term, weight, element, output };
          const sources = found.get(place);
          if (sources) sources.push(source);
          else found.set(place, [source]);
        });
      }
    }
    const own = [...found.keys()];
    const key = own.join();
    if (!lists.has(key)) lists.set(key, own);
    return { of: lists.get(key)!, sources: [...found.values()] };
  });
}

/** Of each value that a layer takes, where its elements begin among those of all. */
function startsOf({ terms }: FoldedLinear, shapes: readonly Shape[]): Map<number, number> {
  const starts = new Map<number, number>();
  let next = 0;
  for (const { input } of terms) {
    if (starts.has(input)) continue;
    starts.set(input, next);
    next += sizeOf(shapes[input]);
  }
  return starts;
}

/** What each window of a term sees. */
class Views {
  private readonly taps: [tap: number, element: number][][];
  private readonly perTap: number;
  private readonly plane: number;
  private readonly inGroup: number;
  private readonly outGroup: number;

  constructor(
    layer: FoldedLinear,
    term: LinearTerm,
    input: Shape,
    private readonly start: number,
  ) {
    const connection = connectionOf(layer, term, input);
    const { output, kernel, groups } = connection;
    this.taps = Array.from({ length: sizeOf(output.slice(1)) }, () => []);
    eachTap(windowsOf(connection), (window, tap, element) => this.taps[window].push([tap, element]));
    this.perTap = sizeOf(kernel);
    this.plane = sizeOf(input.slice(1));
    this.inGroup = input[0] / groups;
    this.outGroup = output[0] / groups;
  }

  visit(channel: number, window: number, visit: (place: number, weight: number, element: number) => void): void {
    const first = Math.floor(channel / this.outGroup) * this.inGroup;
    for (let i = 0; i < this.inGroup; i++) {
      for (const [tap, at] of this.taps[window]) {
        const element = (first + i) * this.plane + at;
        visit(this.start + element, (channel * this.inGroup + i) * this.perTap + tap, element);
      }
    }
  }
}
