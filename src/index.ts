/**
 * Opens devices, on which everything else computes, and has the named errors of all doors.
 * @module blindsight
 */
export { type DeviceKind, type DeviceListing, listDevices, type OpenDeviceOptions, openDevice } from "./device.js";
export {
  BlindsightError,
  DataError,
  DeviceError,
  FormatError,
  KeyMismatchError,
  LevelError,
  MissingKeyError,
  ParameterError,
  SecurityError,
  ServiceError,
  UnsupportedLayerError,
} from "./errors.js";
export type { WorkerUrl } from "./host/host.js";
export type { Device, DeviceStatistics } from "./ntt/device.js";
export { openScratchFile, type ScratchFileOptions } from "./scratch.js";
