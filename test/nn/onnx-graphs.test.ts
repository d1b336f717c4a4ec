import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { FunctionProtoSchema, ModelProtoSchema } from "../../src/nn/onnx/onnx_pb.js";
import { NEWEST_OPSET } from "../../src/nn/onnx/signatures.js";
import { failure, node } from "./onnx-builder.js";
import { build, expectValue, same } from "./onnx-forms.js";

describe("what else a file says about the meaning of its nodes", () => {
  const good = () => fromBinary(ModelProtoSchema, build(["Relu", "x"], 17));
  const bytes = (change: (proto: ReturnType<typeof good>) => void): Uint8Array => {
    const proto = good();
    change(proto);
    return toBinary(ModelProtoSchema, proto);
  };
  const graphOf = (proto: ReturnType<typeof good>) => proto.graph!;

  it("an operator set that nobody here has read is refused", () => {
    expectValue(build(["Relu", "x"], NEWEST_OPSET), same);
    expectValue(build(["Relu", "x"], NEWEST_OPSET + 1), /operator set 28, of which nothing is known/);
    expectValue(build(["Relu", "x"], 0), /operator set 0/);
  });

  it("several operator sets: ONNX's own counts, and there is one of it", () => {
    const imports = (...sets: [string, bigint][]) =>
      bytes((proto) => {
        const [first] = proto.opsetImport;
        proto.opsetImport = sets.map(([domain, version]) => ({ ...first, domain, version }));
      });
    expectValue(imports(["com.microsoft", 1n], ["", 17n]), same);
    expectValue(imports(["ai.onnx", 17n], ["", 17n]), same);
    expectValue(imports(["ai.onnx", 9n], ["", 17n]), /operator sets 9 and 17 at once/);
    expectValue(imports(["ai.onnx.ml", 3n]), /names no operator set/);
    expectValue(imports(), /names no operator set/);
  });

  it("a function of the model's own that has an operator's name is not that operator", () => {
    const withFunction = (name: string, domain: string) =>
      bytes((proto) => proto.functions.push(create(FunctionProtoSchema, { name, domain })));
    expectValue(withFunction("Relu", ""), /defines "Relu" itself/);
    expectValue(withFunction("Relu", "ai.onnx"), /defines "Relu" itself/);
    expectValue(withFunction("Relu", "other"), same);
    expectValue(withFunction("Gelu", ""), same);
  });

  it("another domain's operator is another operator", () => {
    expectValue(
      bytes((proto) => (graphOf(proto).node[0].domain = "com.microsoft")),
      /com\.microsoft\.Relu "h_node": this operator is not supported/,
    );
  });

  it("a name stands for one thing", () => {
    const [again] = graphOf(fromBinary(ModelProtoSchema, build(["Add", "x scalar"], 17))).initializer;
    expectValue(
      bytes((proto) => graphOf(proto).initializer.push(again, again)),
      /two initializers of the name "scalar"/,
    );
    expectValue(
      bytes((proto) => graphOf(proto).initializer.push({ ...again, name: "h" })),
      /makes "h", which is no new name/,
    );
    expectValue(
      bytes((proto) => (graphOf(proto).node[1].output = ["h"])),
      /makes "h", which is no new name/,
    );
    expectValue(
      bytes((proto) => graphOf(proto).sparseInitializer.push({ $typeName: "onnx.SparseTensorProto", values: again })),
      /"scalar" are stored as a sparse tensor/,
    );
  });

  it("nodes out of order and outputs beside the first are named as what they are", () => {
    expectValue(
      bytes((proto) => graphOf(proto).node.reverse()),
      /Flatten "y_node" reads "h", which nothing before it makes/,
    );
    expect(failure(bytes((proto) => graphOf(proto).node.reverse())).fix).toMatch(
      /Sort the nodes: Relu "h_node" makes it/,
    );
    const mask = build(["Dropout", "x half", {}, "h mask"], 13, [node("Flatten", "mask", "y")]);
    expectValue(mask, /reads "mask", a further output of Dropout/);
  });

  it("an attribute that is there twice is refused", () => {
    expectValue(
      bytes((proto) => {
        const [, flatten] = graphOf(proto).node;
        const axis = graphOf(fromBinary(ModelProtoSchema, build(["Flatten", "x", { axis: 1 }], 17))).node[0].attribute;
        flatten.attribute.push(...axis, ...axis);
      }),
      /has an attribute twice/,
    );
  });
});
