import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { CpuDeviceOptions } from "../../src/ntt/cpu/device.js";
import { buildIfStale } from "../cli/blindsight.js";

/** Opens and closes devices, and keeps every handle: what a closed device held must be nobody's. */
const script = (options: CpuDeviceOptions) => `
  import { openCpuDevice } from ${JSON.stringify(new URL("../../dist/ntt/index.js", import.meta.url).href)};
  const devices = [];
  for (let i = 0; i < 200; i++) {
    const device = await openCpuDevice(${JSON.stringify(options)});
    const [limb] = device.allocate(12, 1);
    device.launch("subtract", 12, [[limb, limb, limb, 1073479681]]);
    await device.read(12, [limb]);
    await device.close();
    devices.push(device);
  }
  console.log(process.memoryUsage().rss / 2 ** 20);`;

test.each<CpuDeviceOptions>([
  { threads: 2 },
  { execution: "inline" },
  { execution: "messages" },
])("a process that opened and closed 200 devices holds less than 400 MiB: %o", async (options) => {
  buildIfStale();
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", script(options)]);
  expect(Number((await run).stdout)).toBeLessThan(400);
});
