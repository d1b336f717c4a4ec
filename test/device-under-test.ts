import type { DeviceKind } from "../src/device.js";

/** The device that the tests of kernels and of the scheme run on: vitest.config.ts runs them on each that is there. */
export function deviceUnderTest(): DeviceKind {
  return (process.env.BLINDSIGHT_TEST_DEVICE ?? "cpu") as DeviceKind;
}
