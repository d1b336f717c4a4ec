import { describe, it } from "vitest";
import { type Attribute, type ModelInit, node } from "./onnx-builder.js";
import { build, expectValue, type Form, refused, TABLE, unknown } from "./onnx-forms.js";

describe("operator set × form: the right value, or a refusal", () => {
  const rows = TABLE.flatMap(([form, byOpset]) =>
    Object.entries(byOpset).map(([opset, wanted]) => ({
      form,
      opset: Number(opset),
      wanted,
      name: JSON.stringify(form),
    })),
  );
  it.each(rows)("opset $opset: $name", ({ form, opset, wanted }) => expectValue(build(form, opset), wanted));

  // A pad is part of the convolution behind it: 1×2×2×2 becomes 3×3 by a row above and a column to the right.
  const conv = node("Conv", "h kernel", "c");
  const behind = [conv, node("Flatten", "c", "y")];
  const padded = [1 * 3 + 2 * 4 + 20, 2 * 3, 70, 2 * 1 + 4 * 3];
  it.each<[Form, Record<number, number[] | RegExp>]>([
    [["Pad", "x", { paddings: [0, 0, 1, 0, 0, 0, 0, 1] }], { 1: padded, 2: unknown }],
    [["Pad", "x", { pads: [0, 0, 1, 0, 0, 0, 0, 1] }], { 1: unknown, 2: padded, 10: padded, 11: unknown }],
    [["Pad", "x pads", {}], { 10: refused(/has 2 inputs/), 11: padded, 13: padded, 25: padded }],
    [["Pad", "x pads zero", {}], { 11: padded }],
    [["Pad", "x pads one", {}], { 11: [1 + 2 + 3 + 8 + 20, 1 + 2 + 6 + 4 + 1, 70, 2 + 2 + 12 + 4 + 1] }],
    [["Pad", "x pads2 _ spatial", {}], { 17: refused(/has 4 inputs/), 18: padded }],
    [["Pad", "x noPads", { mode: "edge" }], { 11: [70] }],
  ])("%j in front of a convolution", (form, byOpset) => {
    for (const [opset, wanted] of Object.entries(byOpset)) expectValue(build(form, Number(opset), behind), wanted);
  });

  it("a Pad in front of anything else is zeros among the values", () => {
    const relu = [node("Relu", "h", "c"), node("Flatten", "c", "y")];
    expectValue(build(["Pad", "x pads"], 13, relu), [0, 0, 0, 1, 2, 0, 3, 4, 0, 0, 0, 0, 10, 20, 0, 30, 40, 0]);
  });

  const both = (...values: number[]) => [...values, ...values.map((value) => 10 * value)];
  it.each<[Form, number, number[] | RegExp]>([
    [
      ["Pad", "x", { pads: [0, 0, 1, 0, 0, 0, 0, 1], value: { float: 2 } }],
      10,
      [2, 2, 2, 1, 2, 2, 3, 4, 2, 2, 2, 2, 10, 20, 2, 30, 40, 2],
    ],
    [["Pad", "x pads twos", {}], 11, refused(/pads with 2 numbers/)],
    [["Pad", "x pads", { mode: "mirror" }], 11, refused(/mode "mirror"/)],
    [["Pad", "x pads", { mode: "edge" }], 11, both(1, 2, 2, 1, 2, 2, 3, 4, 4)],
    [["Pad", "x pads", { mode: "reflect" }], 11, both(3, 4, 3, 1, 2, 1, 3, 4, 3)],
    [["Pad", "x pads", { mode: "wrap" }], 19, both(3, 4, 3, 1, 2, 1, 3, 4, 3)],
    [["Pad", "x crop", {}], 13, [0, 20]],
    [["Pad", "x cropAll", {}], 13, refused(/which holds nothing/)],
    [["Pad", "x cropMore", {}], 13, refused(/pads \[1, 2, 2, 2\] by \[0, 0, -3/)],
  ])("%j in opset %i", (form, opset, wanted) => expectValue(build(form, opset), wanted));

  it("Gemm: C is broadcast by an attribute before opset 7 and may be missing since 11", () => {
    const gemm = (opset: number, inputs: string, attributes: Record<string, Attribute> = {}) =>
      build(["Flatten", "x"], opset, [node("Gemm", `h ${inputs}`, "y", attributes)]);
    expectValue(gemm(6, "matrix bias", { broadcast: 1 }), [141]);
    expectValue(gemm(7, "matrix bias"), [141]);
    expectValue(gemm(7, "matrix bias", { broadcast: 1 }), /does not know/);
    expectValue(gemm(9, "matrix"), /has 2 inputs, which are 3/);
    expectValue(gemm(11, "matrix"), [41]);
  });

  it.each([
    "Softmax",
    "LogSoftmax",
  ])("%s: along axis 1 by default before opset 13, along the last one since", (operator) => {
    const tail = (opset: number, source: string, attributes: Record<string, Attribute> = {}) =>
      build(["GlobalAveragePool", "x"], opset, [node("Flatten", "h", "f"), node(operator, source, "y", attributes)]);
    for (const opset of [1, 11, 12]) expectValue(tail(opset, "h"), [2.5, 25]);
    expectValue(tail(13, "h"), /Softmax.* cannot be encrypted/i); // over the width, which is one pixel
    for (const opset of [1, 12, 13, 22]) expectValue(tail(opset, "f"), [2.5, 25]);
    expectValue(tail(13, "h", { axis: 1 }), [2.5, 25]);
    expectValue(tail(13, "f", { axis: 0 }), /cannot be encrypted/);
  });

  it("Squeeze and Unsqueeze: axes are an attribute before opset 13 and an input since", () => {
    const chain = (opset: number, squeeze: [string, Record<string, Attribute>?], more: ModelInit["nodes"] = []) =>
      build(["GlobalAveragePool", "x"], opset, [
        node("Squeeze", `h${squeeze[0]}`, more.length ? "s" : "y", squeeze[1]),
        ...more,
      ]);
    expectValue(chain(12, ["", { axes: [2, 3] }]), [2.5, 25]);
    expectValue(chain(12, [" spatial"]), /has 2 inputs/);
    expectValue(chain(13, [" spatial"]), [2.5, 25]);
    expectValue(chain(13, [" last"]), [2.5, 25]);
    expectValue(chain(13, ["", { axes: [2, 3] }]), /does not know/);
    expectValue(chain(13, [""]), [2.5, 25]); // all axes of one, the batch among them
    const back = [node("Unsqueeze", "s spatial", "u"), node("Flatten", "u", "y")];
    expectValue(chain(13, [" spatial"], back), [2.5, 25]);
  });
});
