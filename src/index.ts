export { type DeviceKind, type DeviceListing, listDevices, type OpenDeviceOptions, openDevice } from "./device.js";
export * from "./errors.js";
export type { Device, DeviceStatistics } from "./ntt/device.js";
export { openScratchFile, type ScratchFileOptions } from "./scratch.js";
