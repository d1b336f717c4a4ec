/**
 * What the scheme stands on: the pool of primes, roots of unity, the list of kernels, and the devices that run them.
 * @module blindsight/ntt
 */
export { type CpuDeviceOptions, type Execution, openCpuDevice } from "./cpu/device.js";
export { kernelsSha256 } from "./cpu/kernels.generated.js";
export type { Device, DeviceStatistics, PackedRow } from "./device.js";
export {
  type CombineRow,
  type ConversionRow,
  type ConversionTarget,
  type DotProductRow,
  ERROR_BOUND,
  ERROR_SIGMA,
  GAUSSIAN_THRESHOLDS,
  KERNEL_NAMES,
  type KernelName,
  type KernelRows,
  type Limb,
  overwriting,
  requireFractionWords,
  type TensorRow,
} from "./kernels.js";
export {
  fromMontgomery,
  inverseModulo,
  MODULUS_BOUND,
  multiplyModulo,
  powerModulo,
  productModulo,
  residue,
  residueBits,
  toMontgomery,
} from "./modulus.js";
export { choosePrimes, isPrime, MAX_LOG_N, MIN_LOG_N, PRIME_STEP, primePool } from "./primes.js";
export { openReferenceDevice } from "./reference.js";
export {
  automorphismTable,
  minimalRoot,
  powersInBitReversedOrder,
  reverseBits,
  twiddles,
} from "./roots.js";
