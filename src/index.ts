export { type DeviceKind, type OpenDeviceOptions, openDevice } from "./device.js";
export * from "./errors.js";
export type { Device, DeviceStatistics } from "./ntt/device.js";
