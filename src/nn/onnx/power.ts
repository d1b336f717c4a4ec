import { Polynomial } from "../../ckks/circuits/polynomial.js";
import { readBinaryConstant } from "./arithmetic.js";
import { isZero, scaled, sum } from "./coefficients.js";
import { applied, listFor } from "./elementwise.js";
import { broadcast, broadcastDims } from "./moves.js";
import type { OperatorNode } from "./node.js";
import { placedDims, unequal } from "./placed.js";
import { movedSignal, settle } from "./settle.js";
import { type Signal, signalOf, type Value } from "./signal.js";
import { append } from "./stage.js";

/** Powers beyond this need more levels than networks have. */
const MOST_POWER = 16;

/** x to a constant whole number, or to one for each element. */
export function readPow(node: OperatorNode): Value {
  if (node.value(0).kind === "tensor") return readBinaryConstant(node);
  const base = node.signal(0);
  const exponent = { ...node.tensor(1), dims: placedDims(node, base, node.value(1)) };
  const dims = broadcastDims(base.dims, exponent.dims);
  if (!dims) throw unequal(node, base, exponent);
  const signal = movedSignal(base, broadcast(base.dims, dims), node.label, () => ({}));
  const powers = listFor(node, exponent, signal);
  const wrong = powers.find((power) => !(Number.isInteger(power) && power >= 0 && power <= MOST_POWER));
  if (wrong !== undefined) {
    throw node.unsupported(
      `exponent ${wrong}: only whole powers up to ${MOST_POWER} can be encrypted`,
      "Replace it by a quadratic a·x² + b·x + c per channel and fine-tune.",
    );
  }
  const [highest] = [...powers].sort((x, y) => y - x);
  if (highest > 3 && powers.length === 1) return highPower(node, signal, highest);
  if (highest > 3) {
    throw node.unsupported(
      `exponents from ${Math.min(...powers.slice(0, 8))} to ${highest} by element`,
      "Raise all elements to the same power, or to at most the third one.",
    );
  }
  return mixed(node, signal, powers);
}

function highPower(node: OperatorNode, signal: Signal, power: number): Signal {
  const coefficients = Array.from({ length: power + 1 }, (_, n) => (n === power ? 1 : 0));
  const layer = { op: "polynomial", polynomial: Polynomial.monomial(coefficients) } as const;
  return signalOf(append([settle(signal, node.label)], layer, node.label), signal.dims);
}

/** Of elements with powers of their own: each power where it is asked for, nothing elsewhere. */
function mixed(node: OperatorNode, signal: Signal, powers: Float64Array): Signal {
  const highest = powers.reduce((most, power) => Math.max(most, power), 0);
  const top = applied(node, signal, highest);
  const settled: Signal = top.stage === signal.stage ? signal : signalOf(top.stage, signal.dims);
  const terms = [0, 1, 2, 3].map((power) => {
    const where = powers.map((each) => (each === power ? 1 : 0));
    return isZero(where) ? [] : scaled(applied(node, settled, power).polynomial ?? [], where);
  });
  return { ...settled, polynomial: terms.reduce(sum), gated: undefined };
}
