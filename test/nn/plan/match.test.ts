/** A program of which anything is changed runs no network: it is refused, or gives the same logits. */
import { expect, test } from "vitest";
import { ParameterError } from "../../../src/errors.js";
import { compile, interpret, Plan, type Program, simulate, weightsFor } from "../../../src/nn/index.js";
import { networkOf, RandomLayers, randomImage, uniform } from "../random-network.js";

const make = new RandomLayers(uniform(3));
const network = networkOf(
  [2, 10, 10],
  [
    make.conv(2, 4, [3, 3], [2, 2], [1, 1, 1, 1]),
    make.quad(4),
    { ...make.conv(2, 4, [3, 3], [2, 2], [1, 1, 1, 1]), inputs: [0] },
    make.quad(4),
    { op: "add", inputs: [2, 4] },
    make.conv(4, 8, [3, 3], [1, 1], [1, 1, 1, 1]),
    make.quad(8),
    { op: "globalAvgPool" },
    { op: "flatten" },
    make.linear(8, 3),
  ],
);
const chain = networkOf(
  [1, 12, 12],
  [
    make.conv(1, 4, [3, 3], [2, 2], [1, 1, 1, 1]),
    make.quad(4),
    { op: "globalAvgPool" },
    { op: "flatten" },
    make.linear(4, 2),
  ],
);
const image = (of: typeof network) => randomImage(of, 1);

type Path = readonly (string | number)[];

/** Every place in a program at which something stands. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]))];
}

function changed(value: unknown, random: () => number): unknown {
  if (typeof value === "number") return [value + 1, value - 1, 2 * value, 0, 64][Math.floor(5 * random())];
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return random() < 0.5 ? "replica" : "junk";
  if (Array.isArray(value)) return [value.slice(1), value.slice(0, -1), value.toReversed()][Math.floor(3 * random())];
  return undefined;
}

test.each([
  ["branches", network],
  ["taps", chain],
] as const)("%s: each field changed", (_, of) => {
  const plan = compile(of);
  expect(plan.program.taps !== undefined).toBe(of === chain);
  const wanted = interpret(of, image(of));
  const random = uniform(17);
  // One of each kind of field, several times.
  const kinds = new Map<string, Path[]>();
  for (const path of pathsOf(plan.program).slice(1)) {
    const kind = path.map((key) => (Number.isNaN(Number(key)) ? key : "#")).join(".");
    kinds.set(kind, [...(kinds.get(kind) ?? []), path]);
  }
  let refused = 0;
  for (const paths of kinds.values()) {
    for (let round = 0; round < 2; round++) {
      const path = paths[Math.floor(random() * paths.length)];
      const program = structuredClone(plan.program) as Program;
      // biome-ignore lint/suspicious/noExplicitAny: any field of a program
      const holder = path.slice(0, -1).reduce((each: any, key) => each[key], program);
      const key = path[path.length - 1];
      holder[key] = changed(holder[key], random);
      let weights: ReturnType<typeof weightsFor>["weights"];
      try {
        const other = new Plan({ ...plan, program });
        ({ weights } = weightsFor(other, of, { calibration: [image(of)] }));
      } catch (error) {
        expect(error instanceof ParameterError || error instanceof TypeError, `${path}: ${error}`).toBe(true);
        refused++;
        continue;
      }
      const { logits } = simulate(program, weights, image(of));
      for (const [k, logit] of wanted.entries()) expect(Math.abs(logits[k] - logit), path.join(".")).toBeLessThan(1e-3);
    }
  }
  expect(refused).toBeGreaterThan(kinds.size);
});
