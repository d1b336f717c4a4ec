import { isPowerOfTwo } from "../../ckks/slots.js";
import type { Draft } from "./draft.js";

/**
 * An average pooling becomes a sum over the same windows, which costs no level; its 1/k² goes into the next layers with
 * weights, through poolings and squares on the way (squared there). One that something without weights takes stays, and so does
 * one that rotations cannot be: as a linear map it still joins others.
 */
export function foldPools(draft: Draft): void {
  for (const [id] of draft.entries()) {
    const layer = draft.linear(id);
    const pooling = draft.pooling(id);
    if (!layer || !pooling) continue;
    const [{ input }] = layer.terms;
    if (!summable(draft, input, pooling.kernel)) continue;
    const changes = absorbing(draft, id, pooling.weight);
    if (!changes) continue;
    for (const change of changes) change();
    draft.set(id, { op: "sumPool", input, kernel: pooling.kernel });
  }
}

/** Whether a sum over windows of that value can be rotations at the end of what gives it (`isRotations`); else it is a level, as it was. */
function summable(draft: Draft, value: number, kernel: readonly number[]): boolean {
  const before = draft.at(value)?.op;
  const made = before === "linear" || before === "square" || before === "quad" || before === "sumPool";
  return made && draft.consumers(value).length === 1 && kernel.every(isPowerOfTwo);
}

/** What has to be done for all takers of `value` to give with it what they gave with factor·value; undefined where one cannot. */
function absorbing(draft: Draft, value: number, factor: number): (() => void)[] | undefined {
  const consumers = draft.consumers(value);
  if (draft.output === value || consumers.length === 0) return undefined;
  const changes: (() => void)[] = [];
  for (const id of consumers) {
    const own = absorbingIn(draft, id, value, factor);
    if (!own) return undefined;
    changes.push(...own);
  }
  return changes;
}

function absorbingIn(draft: Draft, id: number, value: number, factor: number): (() => void)[] | undefined {
  const layer = draft.at(id)!;
  const times = (values: Float64Array, by: number) => values.map((each) => each * by);
  switch (layer.op) {
    case "linear": {
      if (draft.pooling(id)) return absorbing(draft, id, factor);
      const scaled = () => {
        const now = draft.linear(id)!;
        const terms = now.terms.map((term) =>
          term.input === value ? { ...term, weights: times(term.weights, factor) } : term,
        );
        draft.set(id, { ...now, terms });
      };
      return [scaled];
    }
    case "quad":
      return [() => draft.set(id, { ...layer, a: times(layer.a, factor * factor), b: times(layer.b, factor) })];
    case "square":
      return absorbing(draft, id, factor * factor);
    case "sumPool":
      return absorbing(draft, id, factor);
    case "shift": {
      const behind = absorbing(draft, id, factor);
      return behind && [...behind, () => draft.set(id, { ...layer, offset: times(layer.offset, 1 / factor) })];
    }
    default:
      return undefined;
  }
}
