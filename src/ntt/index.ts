export { type CpuDeviceOptions, type Execution, openCpuDevice } from "./cpu/device.js";
export { kernelsSha256 } from "./cpu/kernels.generated.js";
export type { Device, DeviceStatistics } from "./device.js";
export * from "./kernels.js";
export * from "./modulus.js";
export * from "./primes.js";
export { openReferenceDevice } from "./reference.js";
export * from "./roots.js";
