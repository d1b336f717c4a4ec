import { describe, expect, it } from "vitest";
import { interpret } from "../../src/nn/graph/interpret.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { type ModelInit, model, node, type TensorInit, tensor } from "./onnx-builder.js";

const integers = (...values: number[]): TensorInit => ({
  dims: [BigInt(values.length)],
  dataType: 7,
  int64Data: values.map(BigInt),
});

describe("an image that the file takes in another order", () => {
  const w = tensor([1, 3, 1, 1], [1, 10, 100]);
  const transpose = node("Transpose", "x", "t", { perm: [0, 3, 1, 2] });
  const rest = [node("Conv", "h w", "c"), node("Flatten", "c", "y")];
  /** Pixel (y, x) of channel c is 4c + 2y + x. */
  const image = Float64Array.from({ length: 12 }, (_, i) => i);
  const wanted = [0, 1, 2, 3].map((pixel) => pixel + 10 * (4 + pixel) + 100 * (8 + pixel));

  function open(nodes: ModelInit["nodes"], weights: ModelInit["weights"] = {}, input = [1, 2, 2, 3]) {
    const notes: string[] = [];
    const network = importOnnx(model({ nodes, weights: { w, ...weights }, input }), (note) => notes.push(note));
    return { network, notes };
  }

  it("is given [channel][row][column], and that is said", () => {
    const { network, notes } = open([{ ...transpose, output: ["h"] }, ...rest]);
    expect(network.input).toEqual([3, 2, 2]);
    expect(network.layers.map(({ op }) => op)).toEqual(["conv", "flatten"]);
    expect(notes).toEqual([
      'Transpose "t_node" was taken into the input: images are given [channel][row][column], not [row][column][channel] as to the file.',
    ]);
    expect([...interpret(network, image)]).toEqual(wanted);
  });

  it("with arithmetic in front of the transpose, per channel as the file counts them", () => {
    const mean = tensor([3], [1, 2, 3]);
    const { network } = open([node("Sub", "x mean", "m"), { ...transpose, input: ["m"], output: ["h"] }, ...rest], {
      mean,
    });
    expect(network.input).toEqual([3, 2, 2]);
    expect(network.layers[0]).toMatchObject({ op: "affine", offset: Float64Array.of(-1, -2, -3) });
    expect([...interpret(network, image)]).toEqual(wanted.map((value) => value - 321));
  });

  it("with two branches that both transpose it", () => {
    const again = { ...transpose, output: ["u"], name: "again" };
    const { network, notes } = open([transpose, again, node("Relu", "t", "a"), node("Add", "a u", "h"), ...rest]);
    expect(network.input).toEqual([3, 2, 2]);
    expect(notes).toHaveLength(1);
    expect([...interpret(network, image)]).toEqual(wanted.map((value) => 2 * value));
  });

  it("stays as the file has it where something else takes it, too", () => {
    const { network, notes } = open([
      transpose,
      node("Flatten", "x", "f"),
      node("Conv", "t w", "c"),
      node("Flatten", "c", "g"),
      node("Concat", "f g", "y", { axis: 1 }),
    ]);
    expect(network.input).toEqual([2, 2, 3]);
    expect(notes).toEqual([]);
    const inFile = Float64Array.from({ length: 12 }, (_, i) => image[4 * (i % 3) + Math.floor(i / 3)]);
    expect([...interpret(network, inFile)]).toEqual([...inFile, ...wanted]);
  });

  it("a vector that the file makes an image of is an image", () => {
    const to = (...dims: number[]) => ({ shape: integers(...dims) });
    const flat = open([node("Reshape", "x shape", "h"), ...rest], to(-1, 3, 2, 2), [1, 12]);
    expect(flat.network.input).toEqual([3, 2, 2]);
    expect([...interpret(flat.network, image)]).toEqual(wanted);
    const nhwc = open(
      [node("Reshape", "x shape", "r"), { ...transpose, input: ["r"], output: ["h"] }, ...rest],
      to(1, 2, 2, 3),
      [1, 12],
    );
    expect(nhwc.network.input).toEqual([3, 2, 2]);
    expect(nhwc.notes).toHaveLength(1);
    expect([...interpret(nhwc.network, image)]).toEqual(wanted);
  });

  it("another image that the file makes of an image is none that is given", () => {
    const { network } = open([node("Reshape", "x shape", "h"), ...rest], { shape: integers(1, 3, 2, 2) }, [1, 2, 2, 3]);
    expect(network.input).toEqual([2, 2, 3]);
    expect(network.layers[0]).toEqual({ op: "reshape", shape: [3, 2, 2] });
    expect([...interpret(network, image)]).toEqual(wanted);
  });

  it("a signal, too", () => {
    const { network, notes } = open(
      [node("Transpose", "x", "h", { perm: [0, 2, 1] }), node("Conv", "h w1", "c"), node("Flatten", "c", "y")],
      { w1: tensor([1, 3, 1], [1, 10, 100]) },
      [1, 4, 3],
    );
    expect(network.input).toEqual([3, 4]);
    expect(notes[0]).toMatch(/given \[channel\]\[position\], not \[position\]\[channel\]/);
    expect([...interpret(network, image)]).toEqual(wanted);
  });
});
