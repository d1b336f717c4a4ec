import { describe, expect, it } from "vitest";
import { importOnnx } from "../../src/nn/onnx.js";
import { failure, type ModelInit, model, node } from "./onnx-builder.js";

describe("what ends a network is left to the key holder", () => {
  const flat = [node("Flatten", "x", "f")];
  const open = (nodes: ModelInit["nodes"], input: readonly number[] = [1, 2, 1, 3]) => {
    const notes: string[] = [];
    return { network: importOnnx(model({ nodes, input }), (note) => notes.push(note)), notes };
  };

  it.each<[string, ModelInit["nodes"], string | undefined, RegExp[]]>([
    ["a Sigmoid", [node("Sigmoid", "f", "y")], "sigmoid", [/^Sigmoid "y_node" was dropped/]],
    [
      "a Sigmoid in another shape",
      [node("Sigmoid", "x", "s"), node("Flatten", "s", "y")],
      "sigmoid",
      [/^Sigmoid "s_node" was dropped/],
    ],
    [
      "an ArgMax",
      [node("ArgMax", "f", "y", { axis: 1 })],
      undefined,
      [/^ArgMax "y_node" was dropped: the key holder takes the largest/],
    ],
    [
      "an ArgMax of a Softmax",
      [
        node("Softmax", "f", "s"),
        node("ArgMax", "s", "a", { axis: -1, keepdims: 0 }),
        node("Cast", "a", "y", { to: 6 }),
      ],
      "softmax",
      [/^Softmax/, /^ArgMax/],
    ],
    [
      "an ArgMax of a Sigmoid",
      [node("Sigmoid", "f", "s"), node("ArgMax", "s", "y", { axis: 1 })],
      "sigmoid",
      [/^Sigmoid/, /^ArgMax/],
    ],
  ])("%s", (_, nodes, activation, notes) => {
    const opened = open([...flat, ...nodes]);
    expect(opened.network.card.activation).toBe(activation);
    expect(opened.network.layers).toEqual([{ op: "flatten" }]);
    expect(opened.network.classes).toBe(6);
    expect(opened.notes).toEqual(notes.map((note) => expect.stringMatching(note)));
  });

  it.each<[string, ModelInit["nodes"], RegExp]>([
    ["an ArgMax along another axis", [node("ArgMax", "x", "y")], /takes the largest along axis 0 of \[1, 2, 1, 3\]/],
    [
      "a layer behind an ArgMax",
      [node("ArgMax", "f", "a", { axis: 1 }), node("Relu", "a", "y")],
      /Relu "y_node": it comes after ArgMax "a_node"/,
    ],
    ["a transpose behind a Softmax", [node("Softmax", "f", "s"), node("Tile", "s", "y")], /Tile/],
  ])("%s is refused", (_, nodes, message) => {
    expect(failure({ nodes: [...flat, ...nodes], input: [1, 2, 1, 3] }).message).toMatch(message);
  });
});
