import { KERNEL_NAMES } from "../kernels.js";
import { compileModule } from "../webassembly.js";
import { kernelsBase64, sharedKernelsBase64 } from "./kernels.generated.js";
import type { KernelFunction } from "./worker.js";

/** The exports of the embedded WebAssembly module; addresses and sizes are bytes. See `assembly/`. */
export interface Kernels {
  ntt(out: number, input: number, w: number, ws: number, logN: number, p: number): void;
  intt(out: number, input: number, w: number, ws: number, logN: number, p: number, scale: number): void;
  quotients(w: number, ws: number, n: number, p: number): void;
  add(out: number, a: number, b: number, bytes: number, p: number): void;
  subtract(out: number, a: number, b: number, bytes: number, p: number): void;
  negate(out: number, a: number, bytes: number, p: number): void;
  multiply(out: number, a: number, b: number, bytes: number, p: number): void;
  multiplyScalar(out: number, a: number, bytes: number, p: number, factor: number): void;
  multiplyScalarAdd(out: number, a: number, bytes: number, p: number, factor: number): void;
  dropAndScale(out: number, a: number, b: number, bytes: number, p: number, factor: number): void;
  copy(out: number, a: number, bytes: number): void;
  pack(out: number, a: number, bytes: number, bits: number): void;
  unpack(out: number, packed: number, bytes: number, bits: number): void;
  permute(out: number, a: number, table: number, bytes: number): void;
  lift(out: number, a: number, bytes: number, p: number): void;
  reduce(out: number, low: number, high: number, bytes: number, p: number): void;
  dotProduct(list: number, count: number, out0: number, out1: number, bytes: number, p: number): void;
  tensor(list: number, count: number, out0: number, out1: number, out2: number, bytes: number, p: number): void;
  combine(list: number, scratch: number, inputs: number, outputs: number, bytes: number, p: number): void;
  baseConvert(list: number, sources: number, targets: number, scratch: number, bytes: number, halves: number): void;
  expandUniform(out: number, seed: number, scratch: number, bytes: number, p: number): void;
  sampleTernary(out: number, seed: number, scratch: number, bytes: number): void;
  sampleGaussian(out: number, seed: number, scratch: number, bytes: number, thresholds: number): void;
}

/** The kernels by their numbers in a launch. */
export function numbered(kernels: Kernels): KernelFunction[] {
  return KERNEL_NAMES.map((name) => kernels[name] as KernelFunction);
}

let plainModule: Promise<WebAssembly.Module> | undefined;
let sharedModule: Promise<WebAssembly.Module> | undefined;

/** The module for a memory of its own; compiled once. */
export function plainKernels(): Promise<WebAssembly.Module> {
  plainModule ??= compileModule(kernelsBase64);
  return plainModule;
}

/** The module for a memory shared with workers; compiled once. */
export function sharedKernels(): Promise<WebAssembly.Module> {
  sharedModule ??= compileModule(sharedKernelsBase64);
  return sharedModule;
}

export async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Kernels> {
  const abort = () => {
    throw new Error("a kernel aborted");
  };
  const instance = await WebAssembly.instantiate(module, { env: { memory, abort } });
  return instance.exports as unknown as Kernels;
}
