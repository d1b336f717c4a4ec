/** Which elements of a value a linear layer's outputs see: its geometry, without its weights. Public. */
import type { FoldedLinear, LinearTerm } from "../fold/folded.js";
import type { Shape } from "../graph/network.js";
import { sizeOf } from "../graph/shapes.js";
import { tapsOf, type Windows } from "../graph/windows.js";

export interface Connection {
  readonly input: Shape;
  /** [channels, ...windows], as many dimensions as the input has. */
  readonly output: Shape;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
  readonly groups: number;
}

/** Of one term of a layer, on a value of the shape `input`. */
export function connectionOf({ shape }: Pick<FoldedLinear, "shape">, term: LinearTerm, input: Shape): Connection {
  const { kernel, stride, dilation, before, groups } = term;
  const output = input.map((_, d) => shape[d] ?? 1);
  return { input, output, kernel, stride, dilation, before, groups };
}

/** Windows over the axes. */
export function windowsOf({ input, output, kernel, stride, dilation, before }: Connection): Windows {
  return { input: input.slice(1), output: output.slice(1), kernel, stride, dilation, padding: { before } };
}

/** Coordinates that see each other: all of the outputs all of the inputs. */
export interface Meeting {
  readonly outputs: readonly number[];
  readonly inputs: readonly number[];
}

/** Meetings by connection: a search asks for the same ones thousands of times. */
const known = new WeakMap<Connection, Meeting[][]>();

/** Coordinates of one dimension that see each other. */
export function meetings(connection: Connection, dimension: number): readonly Meeting[] {
  let all = known.get(connection);
  if (!all) known.set(connection, (all = []));
  return (all[dimension] ??= meetingsOf(connection, dimension));
}

function meetingsOf(connection: Connection, dimension: number): Meeting[] {
  if (dimension > 0) {
    return tapsOf(windowsOf(connection), dimension - 1).map(([at, , from]) => ({ outputs: [at], inputs: [from] }));
  }
  const { input, output, groups } = connection;
  const [inGroup, outGroup] = [input[0] / groups, output[0] / groups];
  const run = (first: number, count: number) => Array.from({ length: count }, (_, k) => first + k);
  return run(0, groups).map((group) => ({
    outputs: run(group * outGroup, outGroup),
    inputs: run(group * inGroup, inGroup),
  }));
}

/**
 * Where in a term's weights the number is that an output has for an input: a function of their row-major indices, −1 where they do
 * not see each other.
 */
export function weightIndex(connection: Connection): (to: number, from: number) => number {
  const { input, output, kernel, stride, dilation, before, groups } = connection;
  const [inGroup, outGroup] = [input[0] / groups, output[0] / groups];
  const taps = sizeOf(kernel);
  const axes = kernel.length;
  const [inPlane, outPlane] = [sizeOf(input.slice(1)), sizeOf(output.slice(1))];
  return (to, from) => {
    const [outChannel, inChannel] = [Math.floor(to / outPlane), Math.floor(from / inPlane)];
    const own = inChannel - Math.floor(outChannel / outGroup) * inGroup;
    if (own < 0 || own >= inGroup) return -1;
    let [at, element] = [to % outPlane, from % inPlane];
    let tap = 0;
    let scale = 1;
    for (let axis = axes - 1; axis >= 0; axis--) {
      const window = at % output[axis + 1];
      const place = element % input[axis + 1];
      at = Math.floor(at / output[axis + 1]);
      element = Math.floor(element / input[axis + 1]);
      const distance = place - window * stride[axis] + before[axis];
      const step = distance / dilation[axis];
      if (step < 0 || step >= kernel[axis] || !Number.isInteger(step)) return -1;
      tap += scale * step;
      scale *= kernel[axis];
    }
    return (outChannel * inGroup + own) * taps + tap;
  };
}
