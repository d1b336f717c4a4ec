/** Networks with branches, on one to three axes, of everything that a network may hold; all randomness comes from a seed. */
import type { Layer, Network, Shape } from "../../src/nn/graph/network.js";
import { inputsOf, outputShape, sizeOf } from "../../src/nn/graph/shapes.js";
import { RandomLayers, uniform } from "./random-network.js";

/** All optional. */
export interface GraphOptions {
  /** Quadratics at most along a way: each costs levels under encryption. */
  readonly nonlinear?: number;
  /** Blocks of layers. */
  readonly blocks?: number;
}

/** A network that is drawn again from its seed. */
export function randomGraph(seed: number, { nonlinear = 2, blocks = 4 }: GraphOptions = {}): Network {
  return new Graph(seed, nonlinear).network(blocks);
}

class Graph {
  private readonly make: RandomLayers;
  private readonly layers: Layer[] = [];
  private readonly shapes: Shape[] = [];
  /** Quadratics on the way to each value. */
  private readonly bends: number[] = [0];

  constructor(
    seed: number,
    private readonly nonlinear: number,
  ) {
    this.make = new RandomLayers(uniform(seed));
    const axes = this.make.integer(1, 3);
    const most = [14, 7, 4][axes - 1];
    this.shapes.push([this.make.integer(1, 3), ...Array.from({ length: axes }, () => this.make.integer(3, most))]);
  }

  network(blocks: number): Network {
    const input = this.shapes[0];
    let value = this.block(0);
    for (let k = 1; k < blocks; k++) value = this.block(value);
    if (this.make.random() < 0.4) value = this.put({ op: "globalAvgPool" }, value);
    value = this.put({ op: "flatten" }, value);
    const outputs = this.make.integer(1, 4);
    if (this.make.random() < 0.8) value = this.put(this.make.linear(sizeOf(this.shapes[value]), outputs), value);
    const classes = sizeOf(this.shapes[value]);
    const labels = Array.from({ length: Math.max(2, classes) }, (_, i) => `class ${i}`);
    const card = { name: "random", labels, positive: 0, threshold: 0.5, input: { scale: 1 / 127.5, offset: -1 } };
    return { input, layers: this.layers, classes: Math.max(2, classes), card };
  }

  private put(layer: Layer, ...inputs: number[]): number {
    const index = this.layers.length;
    const plain = inputs.length === 1 && inputs[0] === index;
    const placed = (plain ? layer : { ...layer, inputs }) as Layer;
    this.layers.push(placed);
    this.shapes.push(
      outputShape(
        placed,
        inputsOf(placed, index).map((value) => this.shapes[value]),
      ),
    );
    const bend = Number(placed.op === "quad" || placed.op === "multiply");
    this.bends.push(bend + Math.max(...inputs.map((each) => this.bends[each])));
    return index + 1;
  }

  private block(value: number): number {
    const { make } = this;
    const kinds = [
      "conv",
      "conv",
      "residual",
      "concat",
      "bn",
      "affine",
      "slice",
      "pad",
      "transpose",
      "pool",
      "pointwise",
      "quad",
      "multiply",
    ];
    const kind = kinds[make.integer(0, kinds.length - 1)];
    const shape = this.shapes[value];
    switch (kind) {
      case "residual": {
        const inner = this.bent(this.norm(this.conv(value, shape[0], true)));
        const outer = this.norm(this.conv(inner, shape[0], true));
        const skip = make.random() < 0.3 ? this.conv(value, shape[0], true) : value;
        const sum = this.put({ op: "add", inputs: [] }, outer, skip);
        return this.bent(sum);
      }
      case "concat": {
        const [left, right] = [this.bent(this.conv(value, make.integer(1, 3), true)), value];
        const shapes = [left, right].map((each) => this.shapes[each]);
        const joined = [shapes[0][0] + shapes[1][0], ...shape.slice(1)];
        const index = Int32Array.from({ length: sizeOf(joined) }, (_, i) => i);
        return this.put({ op: "rearrange", shape: joined, index }, left, right);
      }
      case "bn":
        return this.norm(value);
      case "affine": {
        const length = make.random() < 0.5 ? shape[0] : sizeOf(shape);
        return this.put(
          { op: "affine", scale: make.array(length, 0.3, 1.2), offset: make.array(length, -0.5, 0.5) },
          value,
        );
      }
      case "slice":
        return this.gather(value, (extent) => {
          const from = make.integer(0, Math.floor((extent - 1) / 2));
          const step = make.integer(1, 2);
          return Array.from({ length: Math.max(1, Math.floor((extent - from) / step)) }, (_, k) => from + k * step);
        });
      case "pad":
        return this.gather(value, (extent, axis) => {
          const inside = Array.from({ length: extent }, (_, k) => k);
          return axis === 0 ? inside : [...Array<number>(make.integer(0, 1)).fill(-1), ...inside, -1];
        });
      case "transpose": {
        const order = shape.map((_, d) => d).sort(() => make.random() - 0.5);
        const to = order.map((d) => shape[d]);
        const index = Int32Array.from({ length: sizeOf(to) }, (_, i) => {
          const at: number[] = [];
          for (let k = to.length - 1, rest = i; k >= 0; k--, rest = Math.floor(rest / to[k + 1]))
            at[order[k]] = rest % to[k];
          return shape.reduce((sum, extent, d) => sum * extent + at[d], 0);
        });
        return this.put({ op: "rearrange", shape: to, index }, value);
      }
      case "pool": {
        const kernel = shape.slice(1).map((extent) => make.integer(1, Math.min(3, extent)));
        const stride = make.random() < 0.7 ? kernel : kernel.map(() => 1);
        return this.bent(this.put({ op: "avgPool", kernel, stride }, value));
      }
      case "pointwise":
        return this.put({ ...this.window(shape, make.integer(1, 4), 1, 1), padding: none(shape) }, value);
      case "quad":
        return this.bent(value);
      case "multiply": {
        if (this.bends[value] >= this.nonlinear) return value;
        return this.put({ op: "multiply", inputs: [] }, this.conv(value, shape[0], true), value);
      }
      default:
        return this.bent(this.norm(this.conv(value, make.integer(1, 4), make.random() < 0.3)));
    }
  }

  /** @param same whether the extents stay */
  private conv(value: number, outputs: number, same: boolean): number {
    const { make } = this;
    const shape = this.shapes[value];
    const size = make.integer(1, 3);
    const layer = this.window(shape, outputs, size, same ? 1 : make.integer(1, 2));
    if (!same) return this.put(layer, value);
    const reach = layer.kernel.map((taps, axis) => (taps - 1) * layer.dilation[axis]);
    const before = reach.map((each) => Math.floor(each / 2));
    const padding = { before, after: reach.map((each, axis) => each - before[axis]) };
    return this.put({ ...layer, stride: layer.stride.map(() => 1), padding }, value);
  }

  private window(shape: Shape, outputs: number, size: number, stride: number) {
    const { make } = this;
    const extents = shape.slice(1);
    const kernel = extents.map((extent) => Math.min(size, extent));
    const dilation = kernel.map((taps, axis) => ((taps - 1) * 2 + 1 <= extents[axis] && make.random() < 0.3 ? 2 : 1));
    const groups = outputs % shape[0] === 0 && make.random() < 0.3 ? shape[0] : 1;
    const reach = Math.sqrt((3 * groups) / (shape[0] * sizeOf(kernel)));
    const padding = {
      before: kernel.map(() => make.integer(0, 1)),
      after: kernel.map(() => make.integer(0, 1)),
    };
    return {
      op: "conv",
      inChannels: shape[0],
      outChannels: outputs,
      kernel,
      stride: kernel.map(() => stride),
      dilation,
      padding,
      groups,
      weights: make.array((outputs * shape[0] * sizeOf(kernel)) / groups, -reach, reach),
      bias: make.array(outputs, -0.5, 0.5),
    } as const;
  }

  private norm(value: number): number {
    return this.make.random() < 0.6 ? this.put(this.make.batchNorm(this.shapes[value][0]), value) : value;
  }

  /** A quadratic, where there may be one more. */
  private bent(value: number): number {
    if (this.bends[value] >= this.nonlinear || this.make.random() < 0.2) return value;
    const shape = this.shapes[value];
    return this.put(this.make.quad(this.make.random() < 0.85 ? shape[0] : sizeOf(shape)), value);
  }

  /** A choice of places along each axis; −1 for a zero. */
  private gather(value: number, choose: (extent: number, axis: number) => number[]): number {
    const shape = this.shapes[value];
    const places = shape.map(choose);
    const to = places.map(({ length }) => length);
    const index = Int32Array.from({ length: sizeOf(to) }, (_, i) => {
      const at: number[] = [];
      for (let d = to.length - 1, rest = i; d >= 0; d--, rest = Math.floor(rest / to[d + 1]))
        at[d] = places[d][rest % to[d]];
      return at.some((each) => each < 0) ? -1 : shape.reduce((sum, extent, d) => sum * extent + at[d], 0);
    });
    return this.put({ op: "rearrange", shape: to, index }, value);
  }
}

function none(shape: Shape) {
  const zeros = shape.slice(1).map(() => 0);
  return { before: zeros, after: zeros };
}
