import type { Shape } from "../graph/network.js";
import type { ChannelRanges } from "./curvature.js";
import { type FoldedLayer, type FoldedLinear, type LinearTerm, takenBy } from "./folded.js";
import { poolingOf } from "./terms.js";

/** Folded layers that are still being rewritten: each has a number of its own that stays, 0 is the image. */
export class Draft {
  private readonly layers = new Map<number, FoldedLayer>();
  private readonly shapes = new Map<number, Shape>();
  /** Layers in an order in which each stands behind those that it takes. */
  private readonly order: number[] = [];
  private next = 1;
  /** What the network gives. */
  output = 0;
  /** Of quadratics, by number: the values that they are given, where that is known, element by element. */
  readonly ranges = new Map<number, ChannelRanges>();

  constructor(input: Shape) {
    this.shapes.set(0, input);
  }

  /** Puts a layer at the end, or before the layer `before`; gives its number, which is that of its value. */
  add(layer: FoldedLayer, shape: Shape, before?: number): number {
    const id = this.next++;
    this.layers.set(id, layer);
    this.shapes.set(id, shape);
    if (before === undefined) this.order.push(id);
    else this.order.splice(this.order.indexOf(before), 0, id);
    return id;
  }

  /** All layers, in order, with their numbers; the list may be changed meanwhile. */
  entries(): [id: number, layer: FoldedLayer][] {
    return this.order.map((id) => [id, this.layers.get(id)!]);
  }

  at(id: number): FoldedLayer | undefined {
    return this.layers.get(id);
  }

  linear(id: number): FoldedLinear | undefined {
    const layer = this.layers.get(id);
    return layer?.op === "linear" ? layer : undefined;
  }

  shape(id: number): Shape {
    return this.shapes.get(id)!;
  }

  set(id: number, layer: FoldedLayer, shape = this.shape(id)): void {
    this.layers.set(id, layer);
    this.shapes.set(id, shape);
  }

  /** Takes a layer out; whoever took its value takes `instead`. */
  remove(id: number, instead: number): void {
    for (const consumer of this.consumers(id)) this.replaceInput(consumer, id, instead);
    if (this.output === id) this.output = instead;
    this.layers.delete(id);
    this.order.splice(this.order.indexOf(id), 1);
  }

  replaceInput(consumer: number, value: number, instead: number): void {
    const to = (input: number) => (input === value ? instead : input);
    const layer = this.layers.get(consumer)!;
    if (layer.op === "linear") {
      const terms = layer.terms.map((term): LinearTerm => ({ ...term, input: to(term.input) }));
      this.layers.set(consumer, { ...layer, terms });
    } else if (layer.op === "multiply") {
      this.layers.set(consumer, { ...layer, inputs: [to(layer.inputs[0]), to(layer.inputs[1])] });
    } else if (layer.op === "add") this.layers.set(consumer, { ...layer, inputs: layer.inputs.map(to) });
    else this.layers.set(consumer, { ...layer, input: to(layer.input) });
  }

  /** The pooling that a layer is, if it is one: see `poolingOf`. */
  pooling(id: number): ReturnType<typeof poolingOf> {
    const layer = this.linear(id);
    return layer && poolingOf(layer, this.shape(layer.terms[0].input));
  }

  /** Layers that take a value; the network's result is taken by none of them. */
  consumers(value: number): number[] {
    return this.order.filter((id) => takenBy(this.layers.get(id)!).includes(value));
  }

  /** The one layer that takes a value, once, and nothing else does. */
  soleConsumer(value: number): number | undefined {
    const consumers = this.consumers(value);
    if (consumers.length !== 1 || this.output === value) return undefined;
    const [only] = consumers;
    return takenBy(this.layers.get(only)!).filter((input) => input === value).length === 1 ? only : undefined;
  }

  /** The layers that lead to the result, numbered in order. */
  finish(): FoldedLayer[] {
    const needed = new Set<number>();
    const pending = [this.output];
    while (pending.length > 0) {
      const id = pending.pop()!;
      if (id === 0 || needed.has(id)) continue;
      needed.add(id);
      pending.push(...takenBy(this.layers.get(id)!));
    }
    for (const id of [...this.order]) if (!needed.has(id)) this.drop(id);
    // The result comes last.
    this.order.splice(this.order.indexOf(this.output), 1);
    this.order.push(this.output);
    const numbers = new Map([[0, 0], ...this.order.map((id, index): [number, number] => [id, index + 1])]);
    return this.order.map((id) => {
      const layer = this.layers.get(id)!;
      const to = (value: number) => numbers.get(value)!;
      switch (layer.op) {
        case "linear":
          return { ...layer, terms: layer.terms.map((term) => ({ ...term, input: to(term.input) })) };
        case "add":
          return { ...layer, inputs: layer.inputs.map(to) };
        case "multiply":
          return { ...layer, inputs: [to(layer.inputs[0]), to(layer.inputs[1])] };
        default:
          return { ...layer, input: to(layer.input) };
      }
    });
  }

  private drop(id: number): void {
    this.layers.delete(id);
    this.order.splice(this.order.indexOf(id), 1);
  }
}
