import type { Affine, Layer, Shape } from "../graph/network.js";
import { sameShape } from "../graph/shapes.js";
import type { LayerBody, Stage } from "./stage.js";

/**
 * The layers that lead from the image to `last`, each after those that it takes, and the image's shape. A constant that is
 * added to what one convolution or matrix gives becomes its bias; what only reshapes or transposes the image becomes the shape
 * that the image is given in, and `note` is told of a transpose.
 */
export function emitted(last: Stage, note: (text: string) => void): { input: Shape; layers: Layer[] } {
  const order = inOrder(last);
  const { input, images } = takenIn(order, note);
  const users = usersOf(order);
  const biases = new Map<Stage, Stage>();
  for (const stage of order) {
    const [source] = stage.inputs;
    if (source && users.get(source) === 1 && isBias(stage.layer, source.layer)) biases.set(source, stage);
  }
  const layers: Layer[] = [];
  const numbers = new Map<Stage, number>();
  for (const stage of order) {
    if (images.has(stage)) numbers.set(stage, 0);
    if (!stage.layer || images.has(stage) || biases.has(stage)) continue;
    const [source] = stage.inputs;
    const biased = biases.get(source) === stage;
    const taken = (biased ? source : stage).inputs.map((each) => numbers.get(each) ?? 0);
    const body = biased ? withBias(source.layer, stage.layer) : stage.layer;
    const follows = taken.length === 1 && taken[0] === layers.length && body.op !== "add" && body.op !== "multiply";
    layers.push((follows ? body : { ...body, inputs: taken }) as Layer);
    numbers.set(stage, layers.length);
  }
  return { input, layers };
}

/** All that the last stage needs, each stage after its inputs and, where it can be, right behind them. */
function inOrder(last: Stage): Stage[] {
  const order: Stage[] = [];
  const seen = new Set<Stage>([last]);
  const open = [{ stage: last, next: 0 }];
  while (open.length > 0) {
    const top = open[open.length - 1];
    const input = top.stage.inputs[top.next++];
    if (!input) {
      order.push(top.stage);
      open.pop();
    } else if (!seen.has(input)) {
      seen.add(input);
      open.push({ stage: input, next: 0 });
    }
  }
  return order;
}

function usersOf(order: readonly Stage[]): Map<Stage, number> {
  const users = new Map<Stage, number>();
  for (const { inputs } of order) for (const input of inputs) users.set(input, (users.get(input) ?? 0) + 1);
  return users;
}

/** The stages that are the image itself, and its shape: all that takes it may first do the same to its order. */
function takenIn(order: readonly Stage[], note: (text: string) => void): { input: Shape; images: Set<Stage> } {
  const images = new Set(order.filter(({ layer }) => !layer));
  let input = [...images][0].shape;
  for (;;) {
    const users = order.filter((stage) => !images.has(stage) && stage.inputs.some((each) => images.has(each)));
    if (users.length === 0) break;
    const [{ shape, layer, marks }] = users;
    const alike = users.every((user) => sameShape(user.shape, shape) && user.layer?.op === layer?.op);
    const turned = marks.turn && users.every((user) => user.marks.turn?.order === marks.turn?.order);
    // A network for images takes an image: what makes another one of it, or flattens it, stays a layer.
    const same = sameShape(withoutOnes(shape), withoutOnes(input));
    const shaped = layer?.op === "reshape" && (input.length === 1 || same);
    if (!alike || !(turned || shaped)) break;
    if (marks.turn) note(marks.turn.note);
    for (const user of users) images.add(user);
    input = shape;
  }
  return { input, images };
}

function withoutOnes(shape: Shape): Shape {
  return shape.filter((extent) => extent !== 1);
}

/** Adding one number to each output of a convolution or of a matrix. */
function isBias(layer: LayerBody | undefined, before: LayerBody | undefined): layer is Omit<Affine, "inputs"> {
  if (layer?.op !== "affine" || (before?.op !== "conv" && before?.op !== "linear")) return false;
  return layer.offset.length === before.bias.length && layer.scale.every((value) => value === 1);
}

function withBias(layer: LayerBody | undefined, added: LayerBody): LayerBody {
  if (added.op !== "affine" || (layer?.op !== "conv" && layer?.op !== "linear")) return added;
  return { ...layer, bias: layer.bias.map((bias, i) => bias + added.offset[i]) };
}
