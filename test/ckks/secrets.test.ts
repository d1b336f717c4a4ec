import { describe, expect, test } from "vitest";
import { type CpuDeviceOptions, openCpuDevice } from "../../src/ntt/cpu/device.js";
import { memoryOf } from "../device-memory.js";
import { Careless, everything, secretsOfEverything } from "./everything.js";
import { FailingDevice } from "./secret-recorder.js";

const secrets = await secretsOfEverything();

const MODES: readonly CpuDeviceOptions[] = [{ execution: "inline" }, { threads: 2 }, { execution: "messages" }];

test("secrets are looked for in thousands of pieces", () => {
  // 190 limbs of 128 pieces and more.
  expect(secrets.count).toBeGreaterThan(20_000);
});

describe.each(MODES)("%o", (options) => {
  test("a scan finds a secret key that is in use, and limbs freed without being overwritten", async () => {
    const device = await openCpuDevice(options);
    const memory = memoryOf(device);
    let found: string[] = [];
    await everything(device, undefined, async () => {
      await device.idle();
      found = secrets.findIn(await memory());
    });
    expect(found.map((name) => name.split(" ")[0])).toEqual(["ntt"]); // s itself, and nothing else
    await everything(new Careless(device));
    await device.idle();
    const left = new Set(secrets.findIn(await memory()).map((name) => name.split(" ")[0]));
    const drawn = ["sampleTernary", "sampleGaussian", "lift", "write", "reduce"];
    expect([...left]).toEqual(expect.arrayContaining([...drawn, "ntt", "multiply", "permute", "add", "intt"]));
    await device.close();
  });

  test("after normal use no word of a secret is left", async () => {
    const device = await openCpuDevice(options);
    const memory = memoryOf(device);
    await everything(device);
    await device.idle();
    expect(secrets.findIn(await memory())).toEqual([]);
    expect(device.statistics().bytesInUse).toBe(0);
    await device.close();
  });

  test("after an error at any allocation none is left either, and no limb", async () => {
    const device = await openCpuDevice(options);
    const memory = memoryOf(device);
    let k = 0;
    for (; ; k++) {
      const failing = new FailingDevice(device, ["allocate"]);
      failing.failAfter(k);
      const outcome = await everything(failing).catch((error: Error) => error.message);
      await device.idle();
      expect(secrets.findIn(await memory()), `the allocation after ${k} others fails`).toEqual([]);
      if (!failing.failed) break;
      expect(outcome).toBe("injected");
      expect(device.statistics().bytesInUse, `the allocation after ${k} others fails`).toBe(0);
    }
    expect(k).toBeGreaterThan(100);
    await device.close();
  });
});

test("after an error at any launch, write or read none is left, and no limb", async () => {
  const device = await openCpuDevice();
  const memory = memoryOf(device);
  let k = 0;
  for (; ; k++) {
    const failing = new FailingDevice(device, ["launch", "write", "read"]);
    failing.failAfter(k);
    await everything(failing).catch(() => {});
    expect(secrets.findIn(await memory()), `the call after ${k} others fails`).toEqual([]);
    if (!failing.failed) break;
    expect(device.statistics().bytesInUse, `the call after ${k} others fails`).toBe(0);
  }
  expect(k).toBeGreaterThan(100);
  await device.close();
});
