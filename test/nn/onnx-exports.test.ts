import { describe, expect, it } from "vitest";
import { BlindsightError } from "../../src/errors.js";
import { interpret } from "../../src/nn/graph/interpret.js";
import { all, open, present, REFUSED, TAILS } from "./exports.js";

describe.skipIf(!present)("what exporters write is read right, or refused in one line with a way out", () => {
  it.each(all.filter(({ name }) => !(name in REFUSED)))("$name: onnxruntime's logits", (each) => {
    const notes: string[] = [];
    const network = open(each.name, (note) => notes.push(note));
    const logits = interpret(network, Float64Array.from(each.input));
    const tail = TAILS[each.name];
    const outputs = tail ? tail(logits, network) : logits;
    // Those written before opset 7 are refused by onnxruntime, and those with a rest of training.
    expect(outputs.length).toBe(each.reference?.length ?? outputs.length);
    for (const [k, wanted] of (each.reference ?? []).entries()) {
      expect(Math.abs(outputs[k] - wanted)).toBeLessThan(1e-6 * Math.max(1, Math.abs(wanted)));
    }
    expect(notes.join()).toMatch(tail ? /was dropped: the key holder computes the probabilities/ : /^$/);
  });

  it.each(Object.entries(REFUSED))("%s: refused", (name, [message, fix]) => {
    let error: unknown;
    try {
      open(name);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(BlindsightError);
    expect((error as BlindsightError).message).toMatch(message);
    expect((error as BlindsightError).fix).toMatch(fix);
    expect(`${(error as BlindsightError).message} ${(error as BlindsightError).fix}`).toMatch(/^[^\n]+$/);
  });

  it("the table names files that are there", () => {
    expect(all).toHaveLength(48);
    for (const name of Object.keys({ ...REFUSED, ...TAILS })) expect(all.map((each) => each.name)).toContain(name);
  });
});
