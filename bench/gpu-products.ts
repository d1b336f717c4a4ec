/** The two ways to multiply by a constant in WGSL, side by side in forward butterflies: K-RED, which the kernels use, and Shoup. */
import { openGpu } from "../src/gpu/adapter.js";
import { factorWord, shoupWords } from "../src/gpu/constants.js";
import { Profiler } from "../src/gpu/profile.js";
import { shaders } from "../src/gpu/shaders.generated.js";
import { BUFFER_USE, MAP_READ } from "../src/gpu/usage.js";
import { multiplyModulo, powerModulo } from "../src/ntt/modulus.js";
import { primePool } from "../src/ntt/primes.js";
import { BenchError } from "./failure.js";
import { summarize } from "./measure.js";
import type { Report } from "./record.js";

export const PRODUCT_ROWS = ["butterfly with K-RED products", "butterfly with Shoup products"] as const;

const INVOCATIONS = 2 ** 17;
const ROUNDS = 128;
const FACTORS = 61;
const REPEATS = 7;
/** Invocations that are held against plain arithmetic. */
const CHECKED = 64;

/** Times what is wanted, of one butterfly. Nothing without timestamps: launching would cost more than what is timed. */
export async function runProducts(wanted: (name: string) => boolean, add: Report): Promise<void> {
  const rows = PRODUCT_ROWS.filter(wanted);
  if (rows.length === 0) return;
  const { gpu, name } = await openGpu();
  try {
    if (!gpu.features.has("timestamp-query")) return;
    for (const row of rows) {
      const samples = await time(gpu, row === "butterfly with Shoup products");
      const timing = summarize(samples, INVOCATIONS * ROUNDS * 4);
      const parameters = `${INVOCATIONS} invocations, ${ROUNDS} rounds of four butterflies in registers, WebGPU, ${name}`;
      add({
        group: "kernel",
        name: row,
        logN: 16,
        threads: 1,
        ours: { subject: { label: "blindsight", threads: 1, parameters }, ...timing },
      });
    }
  } finally {
    gpu.destroy();
  }
}

/** Forward butterflies a second in registers: the roof of what multiplies. Absent without timestamps. */
export async function butterflyRate(): Promise<number | undefined> {
  const { gpu } = await openGpu();
  try {
    if (!gpu.features.has("timestamp-query")) return undefined;
    return (INVOCATIONS * ROUNDS * 4 * 1000) / Math.min(...(await time(gpu, true)));
  } finally {
    gpu.destroy();
  }
}

async function time(gpu: GPUDevice, shoup: boolean): Promise<number[]> {
  const [p] = primePool();
  const factors = Array.from({ length: FACTORS }, (_, i) => powerModulo(3, i + 1, p));
  const words = factors.flatMap((w) => (shoup ? shoupWords(w, p) : [factorWord(w, p), 0]));
  const usage = BUFFER_USE.storage | BUFFER_USE.copyTarget | BUFFER_USE.copySource;
  const data = gpu.createBuffer({ size: 32 * INVOCATIONS, usage });
  const table = gpu.createBuffer({ size: 8 * (FACTORS + 1), usage });
  gpu.queue.writeBuffer(table, 0, Uint32Array.of(p, FACTORS, ...words));
  const input = Uint32Array.from({ length: 8 * INVOCATIONS }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 0) % p);
  const module = gpu.createShaderModule({ code: shaders.products });
  const compute = { module, constants: { SHOUP: Number(shoup), ROUNDS } };
  const pipeline = await gpu.createComputePipelineAsync({ layout: "auto", compute });
  const entries = [data, table].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const samples: number[] = [];
  for (let i = 0; i <= REPEATS; i++) {
    gpu.queue.writeBuffer(data, 0, input);
    const profiler = new Profiler(gpu);
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass(profiler.next("products", { bytes: 0, products: 0 }));
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(INVOCATIONS / 256);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    const { milliseconds } = (await profiler.read()).get("products")!;
    if (i > 0) samples.push(milliseconds); // the first one compiles
  }
  check(await read(gpu, data), input, factors, p, shoup);
  for (const buffer of [data, table]) buffer.destroy();
  return samples;
}

async function read(gpu: GPUDevice, data: GPUBuffer): Promise<Uint32Array> {
  const size = 32 * CHECKED;
  const readable = gpu.createBuffer({ size, usage: BUFFER_USE.mapRead | BUFFER_USE.copyTarget });
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(data, 0, readable, 0, size);
  gpu.queue.submit([encoder.finish()]);
  await readable.mapAsync(MAP_READ);
  const words = new Uint32Array(readable.getMappedRange().slice(0));
  readable.destroy();
  return words;
}

/** The same rounds in plain numbers. */
function check(found: Uint32Array, input: Uint32Array, factors: readonly number[], p: number, shoup: boolean): void {
  for (let id = 0; id < CHECKED; id++) {
    let [u, v] = [0, 4].map((at) => [...input.subarray(8 * id + at, 8 * id + at + 4)]);
    for (let round = 0; round < ROUNDS; round++) {
      const y = v.map((x) => multiplyModulo(x, factors[(round + id) % FACTORS], p));
      const difference = u.map((x, i) => (x - y[i] + p) % p);
      u = u.map((x, i) => (x + y[i]) % p);
      v = [...difference.slice(1), difference[0]];
    }
    if ([...u, ...v].some((x, i) => x !== found[8 * id + i])) {
      throw new BenchError(
        `${shoup ? "Shoup" : "K-RED"} products are wrong on this adapter`,
        "find out why before timing anything",
      );
    }
  }
}
