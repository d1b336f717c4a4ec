import { kernelsBase64 } from "./kernels.generated.js";

/** The exports of the embedded WebAssembly module; addresses and sizes are bytes. See `assembly/`. */
export interface Kernels {
  ntt(out: number, input: number, w: number, ws: number, logN: number, p: number): void;
  intt(out: number, input: number, w: number, ws: number, logN: number, p: number, scale: number): void;
  quotients(w: number, ws: number, n: number, p: number): void;
  add(out: number, a: number, b: number, bytes: number, p: number): void;
  subtract(out: number, a: number, b: number, bytes: number, p: number): void;
  negate(out: number, a: number, bytes: number, p: number): void;
  multiply(out: number, a: number, b: number, bytes: number, p: number): void;
  multiplyAdd(out: number, a: number, b: number, bytes: number, p: number): void;
  multiplyScalar(out: number, a: number, bytes: number, p: number, factor: number): void;
  multiplyScalarAdd(out: number, a: number, bytes: number, p: number, factor: number): void;
  dropAndScale(out: number, a: number, b: number, bytes: number, p: number, factor: number): void;
  permute(out: number, a: number, table: number, bytes: number): void;
  reduce(out: number, low: number, high: number, bytes: number, p: number): void;
  dotProduct(list: number, count: number, out0: number, out1: number, bytes: number, p: number): void;
  tensor(list: number, count: number, out0: number, out1: number, out2: number, bytes: number, p: number): void;
  baseConvert(list: number, sources: number, targets: number, scratch: number, bytes: number): void;
  expandUniform(out: number, seed: number, scratch: number, bytes: number, p: number): void;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiles once, instantiates for each device. */
export async function loadKernels(memory: WebAssembly.Memory): Promise<Kernels> {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(kernelsBase64), (c) => c.charCodeAt(0)));
  const abort = () => {
    throw new Error("a kernel aborted");
  };
  const instance = await WebAssembly.instantiate(await compiled, { env: { memory, abort } });
  return instance.exports as unknown as Kernels;
}
