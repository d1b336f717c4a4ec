import { CHANGE_LOG } from "./change-log.js";
import type { OperatorNode } from "./node.js";

/** The newest operator set whose changes are in the log. */
export const NEWEST_OPSET = 27;

/**
 * Nothing that a node says is passed over: an input, an output or an attribute that its operator does not have in this
 * operator set would be a meaning that nobody reads.
 * @throws FormatError naming it.
 */
export function expectSignature(node: OperatorNode): void {
  const { opset } = node;
  const versions = CHANGE_LOG[node.operator] ?? [];
  const signature = versions.findLast(({ since }) => since <= opset);
  if (!signature) {
    throw node.contradicts(`is an operator that there is since operator set ${versions[0]?.since}, not in ${opset}`);
  }
  const unknown = node.attributeNames.find((name) => !signature.attributes.includes(name));
  if (unknown !== undefined) throw node.foreignAttribute(unknown);
  const [least, most] = signature.inputs;
  if (node.inputCount < least || node.inputCount > most) {
    const wanted =
      least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `${least} or more` : `${least} to ${most}`;
    throw node.contradicts(`has ${node.inputCount} inputs, which are ${wanted} in operator set ${opset}`);
  }
  if (node.outputs.length < 1 || node.outputs.length > signature.outputs) {
    throw node.contradicts(
      `has ${node.outputs.length} outputs, which are ${signature.outputs} at most in operator set ${opset}`,
    );
  }
}
