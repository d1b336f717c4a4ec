export { type DeviceKind, openDevice, type OpenDeviceOptions } from "./device.js";
export * from "./errors.js";
export type { Device, DeviceStatistics } from "./ntt/device.js";
