import { linearTransform } from "../../src/ckks/index.js";
import type { Expectation } from "./expectation.js";
import { levelOf, type Operands, ROTATIONS, type Tracked } from "./random-operands.js";
import { clear } from "./settings.js";

type Operation = (p: Operands) => Tracked | undefined;

/** By name: `undefined` where the operands that were drawn do not allow it. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  encrypt(p) {
    const level = p.draw.chance(0.7) ? p.parameters.maxLevel : p.draw.whole(0, p.parameters.maxLevel);
    const slots = p.slots();
    const { values, bound } = p.message(slots, level);
    const key = p.draw.pick(["secret", "public"] as const);
    const encryptor = key === "secret" ? p.alice : p.encryptor;
    return p.result([p.model.fresh(values, level, key)], () => encryptor.encrypt(values, { level, slots, bound }));
  },

  add: (p) => sum(p, 1),
  subtract: (p) => sum(p, -1),
  "add plain": (p) => sumPlain(p, 1),
  "subtract plain": (p) => sumPlain(p, -1),

  negate(p) {
    const x = p.operand()!;
    const { real, imaginary } = x.expected.values;
    const values = { real: real.map((y) => -y), imaginary: imaginary.map((y) => -y) };
    return { ct: p.he.negate(x.ct), expected: { ...x.expected, values } };
  },

  multiply(p) {
    const pair = product(p);
    if (!pair) return undefined;
    const { model, he } = p;
    return p.result([...pair.stages, model.rescaled(model.keySwitched(pair.stages[2]))], () =>
      he.multiply(pair.x.ct, pair.y.ct),
    );
  },

  "relinearize ∘ tensor"(p) {
    const pair = product(p);
    if (!pair) return undefined;
    return p.result([...pair.stages, p.model.keySwitched(pair.stages[2])], () => {
      using three = p.he.tensor(pair.x.ct, pair.y.ct);
      return p.he.relinearize(three);
    });
  },

  "sum of products"(p) {
    const { model, he } = p;
    const operands = Array.from({ length: 2 * p.draw.whole(1, 3) }, () => p.operand()!);
    const level = Math.min(...operands.map(levelOf));
    if (level < 1) return undefined;
    const reached = operands.map((x) => model.lowered(x.expected, level));
    const pairs = operands.flatMap((x, i) => (i % 2 ? [[operands[i - 1].ct, x.ct] as const] : []));
    const products = reached.flatMap((x, i) => (i % 2 ? [model.multiply(reached[i - 1], x)] : []));
    const total = products.reduce((a, b) => model.add(a, b, 1));
    const stages = [...reached, ...products, total, model.rescaled(model.keySwitched(total))];
    return p.result(stages, () => he.sumOfProducts(pairs));
  },

  /** Terms of any levels from a common one on, with numbers; alone, or joining a product. */
  "linear sum"(p) {
    const { model, he } = p;
    const pair = p.draw.chance(0.5) ? product(p) : undefined;
    const level = pair ? pair.stages[2].level : p.draw.whole(1, p.parameters.maxLevel);
    const usable = (y: Tracked) => y.ct.state === "canonical" && y.ct.level >= level;
    const drawn = Array.from({ length: p.draw.whole(1, 3) }, () => p.operand(usable));
    const terms = drawn.flatMap((x) => (x ? [{ x, factor: p.number() }] : []));
    if (terms.length === 0) return undefined;
    const parts = terms.map(({ x, factor }) => model.multipleAt(x.expected, factor, level));
    const constant = p.number();
    const linear = parts.reduce((a, b) => model.add(a, b, 1), model.constantAt(constant, level));
    const sum = { terms: terms.map(({ x, factor }) => [x.ct, factor] as const), constant };
    if (!pair) return p.result([...parts, linear], () => he.linearSum(sum, level));
    const total = model.add(pair.stages[2], linear, 1);
    const stages = [...pair.stages, ...parts, total, model.rescaled(model.keySwitched(total))];
    return p.result(stages, () => he.sumOfProducts([[pair.x.ct, pair.y.ct]], sum));
  },

  "multiply plain"(p) {
    const x = p.operand((y) => levelOf(y) > 0);
    if (!x) return undefined;
    const level = levelOf(x);
    const slots = x.ct.slots;
    const number = p.draw.chance(0.4) ? p.number() : undefined;
    const values = p.values(slots, level);
    const operand = number === undefined ? p.model.plain(values, level) : p.model.factor(number, level, slots);
    const stages = [p.model.rescaled(x.expected), operand];
    const unrescaled = p.model.multiply(stages[0], operand);
    const other = () => number ?? (p.draw.chance(0.5) ? values : p.he.encoder.encode(values, level, slots));
    if (p.draw.chance(0.5)) return p.result([...stages, unrescaled], () => p.he.multiplyPlain(x.ct, other()));
    return p.result([...stages, unrescaled, p.model.rescaled(unrescaled)], () => p.he.multiply(x.ct, other()));
  },

  "sum of plain products"(p) {
    const x = p.operand((y) => y.ct.state === "canonical" && y.ct.level > 0);
    if (!x) return undefined;
    const { level, slots } = x.ct;
    const fitting = (y: Tracked) => y.ct.state === "canonical" && y.ct.level === level && y.ct.slots === slots;
    const terms = Array.from({ length: p.draw.whole(1, 3) }, () => ({
      x: p.operand(fitting)!,
      w: p.values(slots, level),
    }));
    const products = terms.map(({ x, w }) => p.model.multiply(x.expected, p.model.plain(w, level)));
    const plain = terms.map(({ w }) => p.model.plain(w, level));
    return p.result([...plain, ...products, products.reduce((a, b) => p.model.add(a, b, 1))], () =>
      p.he.multiplyPlaintextSum(terms.map(({ x, w }) => [x.ct, p.he.encoder.encode(w, level, slots)])),
    );
  },

  rotate(p) {
    const x = p.operand()!;
    // Any step that equals one with a key modulo the slots.
    const steps = p.draw.pick([0, ...ROTATIONS]) + x.ct.slots * p.draw.whole(-2, 2);
    return p.result([rotated(p, x.expected, steps)], () => p.he.rotate(x.ct, steps));
  },

  "linear transform"(p) {
    const x = p.operand((y) => y.ct.state === "canonical" && y.ct.level > 0);
    if (!x) return undefined;
    const { level, slots } = x.ct;
    const { model, he, draw } = p;
    const plan = Array.from({ length: draw.whole(1, 2) }, () => ({
      giant: draw.pick([0, ...ROTATIONS]),
      terms: Array.from({ length: draw.whole(1, 2) }, () => ({
        baby: draw.pick([0, ...ROTATIONS]),
        values: p.values(slots, level),
      })),
    }));
    const stages: Expectation[] = [];
    const sums = plan.map(({ giant, terms }) => {
      const products = terms.map(({ baby, values }) => {
        const diagonal = model.plain(values, level);
        const product = model.multiply(rotated(p, x.expected, baby), diagonal);
        stages.push(diagonal, product);
        return product;
      });
      return rotated(
        p,
        products.reduce((a, b) => model.add(a, b, 1)),
        giant,
      );
    });
    const total = sums.reduce((a, b) => model.add(a, b, 1));
    stages.push(...sums, model.keySwitched(total), model.rescaled(model.keySwitched(total)));
    return p.result(stages, () => {
      const groups = plan.map(({ giant, terms }) => ({
        giant,
        terms: terms.map(({ baby, values }) => ({ baby, diagonal: he.encoder.encode(values, level, slots) })),
      }));
      return linearTransform(he, x.ct, { groups });
    });
  },

  conjugate(p) {
    const x = p.operand()!;
    const values = clear.conjugate(x.expected.values);
    return p.result([p.model.keySwitched({ ...x.expected, values })], () => p.he.conjugate(x.ct));
  },

  toLevel(p) {
    const x = p.operand()!;
    if (levelOf(x) < 0) return undefined;
    const level = p.draw.whole(0, levelOf(x));
    return p.result([p.model.rescaled(x.expected), p.model.lowered(x.expected, level)], () =>
      p.he.toLevel(x.ct, level),
    );
  },

  rescale(p) {
    const x = p.operand((y) => y.ct.state === "product");
    return x && p.result([p.model.rescaled(x.expected)], () => p.he.rescale(x.ct));
  },
};

function rotated(p: Operands, x: Expectation, steps: number): Expectation {
  const error = clear.rotate({ real: x.error, imaginary: x.error }, steps).real;
  return p.model.keySwitched({ ...x, values: clear.rotate(x.values, steps), error });
}

/** Both operands where they meet, and their product in three parts. */
function product(p: Operands) {
  const [x, y] = [p.operand()!, p.operand()!];
  const level = Math.min(levelOf(x), levelOf(y));
  if (level < 1) return undefined;
  const reached = [x, y].map(({ expected }) => p.model.lowered(expected, level));
  return { x, y, stages: [...reached, p.model.multiply(reached[0], reached[1])] };
}

function sum(p: Operands, sign: 1 | -1): Tracked | undefined {
  const [x, y] = [p.operand()!, p.operand()!];
  const together = x.ct.state === "product" && y.ct.state === "product" && x.ct.level === y.ct.level;
  const level = Math.min(levelOf(x), levelOf(y));
  const reached = [x, y].map(({ expected }) => (together ? expected : p.model.lowered(expected, level)));
  const stages = [...reached, p.model.add(reached[0], reached[1], sign)];
  return p.result(stages, () => (sign === 1 ? p.he.add(x.ct, y.ct) : p.he.subtract(x.ct, y.ct)));
}

function sumPlain(p: Operands, sign: 1 | -1): Tracked | undefined {
  const x = p.operand()!;
  const level = levelOf(x);
  const { slots } = x.ct;
  const number = p.draw.chance(0.4) ? p.number() : undefined;
  const values = number === undefined ? p.values(slots, level) : clear.constant(slots, number);
  const plain = p.model.plain(values, level);
  const reached = p.model.rescaled(x.expected);
  const other = number ?? (p.draw.chance(0.5) ? values : p.he.encoder.encode(values, level, slots));
  return p.result([reached, plain, p.model.add(reached, plain, sign)], () =>
    sign === 1 ? p.he.add(x.ct, other) : p.he.subtract(x.ct, other),
  );
}
