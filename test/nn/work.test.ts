import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { measureUnitCosts } from "../../src/ckks/index.js";
import { compile, KeyHolder, ModelOwner, modelSize, type Network, planRows, Server } from "../../src/nn/index.js";
import { countStep, keySwitches } from "../../src/nn/program/counts.js";
import { predictedMs, workOf } from "../../src/nn/program/work.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import type { DotProductRow, TensorRow } from "../../src/ntt/kernels.js";
import { type Brick, randomImage, randomNetwork } from "./random-network.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

const pooled: Brick[] = [{ conv: 4, padding: 1 }, "bn", "quad", { pool: 2 }, { conv: 6 }, "bn", "quad", "flatten"];
const deep: Brick[] = [{ conv: 3, kernel: 3, stride: 2 }, "quad", { conv: 5, padding: 1 }, "quad", "gap", "flatten"];
const networks: Readonly<Record<string, Network>> = {
  pooled: randomNetwork([1, 8, 8], [...pooled, { linear: 2 }], 3),
  deep: randomNetwork([2, 12, 12], [...deep, { linear: 3 }], 5),
};

/** What a step's launches were: transforms, terms of sums with keys or plaintexts, terms of products. */
class Launches {
  steps: { transforms: number; sums: number; products: number }[] = [];
  private now = { transforms: 0, sums: 0, products: 0 };

  constructor() {
    const launch = device.launch;
    device.launch = ((kernel: string, logN: number, rows: readonly unknown[]) => {
      if (kernel === "ntt" || kernel === "intt") this.now.transforms += rows.length;
      if (kernel === "dotProduct") for (const row of rows as DotProductRow[]) this.now.sums += row.terms.length;
      if (kernel === "tensor") for (const row of rows as TensorRow[]) this.now.products += row.terms.length;
      (launch as (...all: unknown[]) => void).call(device, kernel, logN, rows);
    }) as typeof launch;
    this.end = () => {
      device.launch = launch;
    };
  }

  step(): void {
    this.steps.push(this.now);
    this.now = { transforms: 0, sums: 0, products: 0 };
  }

  readonly end: () => void;
}

describe.each(Object.keys(networks))("%s: what is predicted of a step's work is what was launched", (name) => {
  const network = networks[name];
  test.each([
    ["encrypted", 2 ** 30],
    ["encrypted", 0],
    ["plain", 0],
  ] as const)("%s weights, %i bytes of keys", async (model, maxKeyBytes) => {
    const plan = compile(network, { model, maxKeyBytes });
    using holder = await KeyHolder.create(plan, device);
    const server = new Server(plan, device, holder.evaluationKeys);
    const calibration = [1, 2].map((seed) => randomImage(network, seed));
    using weights =
      model === "plain"
        ? server.loadPlain(network, { calibration })
        : server.load(new ModelOwner(plan, holder.publicKey).encrypt(network, { calibration }));
    using image = holder.encrypt(calibration[0]);
    await device.idle();
    const launches = new Launches();
    const times: number[] = [];
    try {
      using _result = await server.run(weights, image, {
        onStep: (_step, index, milliseconds) => {
          times[index] = milliseconds;
          launches.step();
        },
      });
    } finally {
      launches.end();
    }
    const predicted = plan.program.steps.map((step) => {
      const { decompose, divide, keyProduct, product, plainProduct } = workOf(plan, step);
      return { transforms: decompose + divide, sums: keyProduct + plainProduct, products: product };
    });
    expect(launches.steps).toEqual(predicted);

    const costs = { decompose: 60, divide: 60, keyProduct: 20, product: 12, plainProduct: 8 };
    const rows = planRows(plan, { costs, measured: times });
    const sum = (of: (row: (typeof rows)[0]) => number) => rows.reduce((total, row) => total + of(row), 0);
    const counted = plan.program.steps.reduce(
      (total, step) => total + keySwitches(countStep(plan.program, step, model)),
      0,
    );
    expect(sum((row) => row.keySwitches)).toBe(counted);
    expect(sum((row) => row.bytes)).toBeCloseTo((modelSize(plan).limbs * 30 * 2 ** plan.parameters.logN) / 8, 0);
    expect(rows.map((row) => row.measuredMs)).toEqual(times);
    expect(rows[0].predictedMs).toBe(predictedMs(workOf(plan, plan.program.steps[0]), costs));
    for (const { utilization } of rows) expect(utilization > 0 && utilization <= 1).toBe(true);
    const report = plan.report({ costs, measured: times });
    expect(report.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| step"))).toHaveLength(rows.length + 2); // biome-ignore format: one line
    expect(report).toContain("predicted ms | measured ms");
    expect(plan.report()).not.toContain("ms |");
  });
});

test("unit costs of a device are measured once, and are times", async () => {
  const { parameters } = compile(networks.pooled);
  const measuring = measureUnitCosts(device, parameters);
  expect(measureUnitCosts(device, parameters)).toBe(measuring);
  const costs = await measuring;
  const { rows } = device.statistics();
  expect(await measureUnitCosts(device, parameters)).toBe(costs);
  expect(device.statistics().rows).toEqual(rows);
  for (const [part, microseconds] of Object.entries(costs)) {
    expect(Number.isFinite(microseconds) && microseconds > 0, part).toBe(true);
  }
});
