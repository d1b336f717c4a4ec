import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { Evaluator, KeyHolder, Randomness } from "../../src/ckks/index.js";
import { DeviceError } from "../../src/errors.js";
import { type CpuDeviceOptions, openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import type { Limb } from "../../src/ntt/kernels.js";
import { primePool } from "../../src/ntt/primes.js";
import { unsafe } from "../ckks/settings.js";
import { buildIfStale } from "../cli/blindsight.js";

const logN = 12;
const N = 2 ** logN;
const [p] = primePool();

/** Outside of any memory: the kernel that reads there traps, and its worker dies. */
const NOWHERE = (2 ** 32 - 64) as Limb;

async function doubled(device: Device, times: number): Promise<Uint32Array> {
  const [limb] = device.allocate(logN, 1);
  device.write(
    logN,
    limb,
    Uint32Array.from({ length: N }, (_, i) => i),
  );
  for (let i = 0; i < times; i++) device.launch("add", logN, [[limb, limb, limb, p]]);
  const [words] = await device.read(logN, [limb]);
  device.free(logN, [limb]);
  return words;
}

describe.each<CpuDeviceOptions>([
  { threads: 2 },
  { execution: "shared" },
  { execution: "messages" },
])("workers, %o", (options) => {
  test("launches run in order, however many are queued without an await", async () => {
    const device = await openCpuDevice(options);
    let factor = 1;
    for (let i = 0; i < 20_000; i++) factor = (2 * factor) % p;
    const words = await doubled(device, 20_000);
    expect(words[1]).toBe(factor);
    expect(words[3]).toBe((3 * factor) % p);
    await device.close();
  });

  test("a launch without rows, and a read of no limb, keep nobody waiting", async () => {
    const device = await openCpuDevice(options);
    device.launch("add", logN, []);
    await device.idle();
    expect(await device.read(logN, [])).toEqual([]);
    expect((await doubled(device, 3))[1]).toBe(8);
    await device.close();
  });

  test("a worker that dies ends what waits, and what comes after, with a DeviceError; the next device works", async () => {
    const device = await openCpuDevice(options);
    const [limb] = device.allocate(logN, 1);
    device.launch("add", logN, [[limb, NOWHERE, limb, p]]);
    device.launch("add", logN, [[limb, limb, limb, p]]);
    await expect(device.read(logN, [limb])).rejects.toThrow(
      "a worker of the CPU device died: RuntimeError: memory access out of bounds",
    );
    await expect(device.idle()).rejects.toBeInstanceOf(DeviceError);
    expect(() => device.launch("add", logN, [[limb, limb, limb, p]])).toThrow(DeviceError);
    await device.close();

    const next = await openCpuDevice(options);
    expect((await doubled(next, 1))[5]).toBe(10);
    await next.close();
  });

  test("a process with idle workers, or one that forgot to close its device, ends by itself", async () => {
    buildIfStale();
    const dist = new URL("../../dist/ntt/index.js", import.meta.url);
    const script = `
      import { openCpuDevice } from ${JSON.stringify(dist.href)};
      const device = await openCpuDevice(${JSON.stringify(options)});
      const [limb] = device.allocate(12, 1);
      device.launch("subtract", 12, [[limb, limb, limb, ${p}]]);
      console.log((await device.read(12, [limb]))[0][7]);`;
    const cwd = fileURLToPath(new URL("../..", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      cwd,
      timeout: 60_000,
    });
    expect(stdout).toBe("0\n");
  });
});

describe("where launches run", () => {
  const parameters = unsafe(10, [1, 1, 1], { digitPrimes: 1, specials: 2 });

  /** Keys, encryption, a product and a rotation from one seed: every residue of the result. */
  async function residues(options: CpuDeviceOptions): Promise<Uint32Array[]> {
    const device = await openCpuDevice(options);
    const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(9));
    const he = new Evaluator(device, parameters, holder.evaluationKeys({ rotations: [1] }));
    const x = holder.encrypt([0.5, -0.25]);
    const result = he.rotate(he.multiply(x, x), 1);
    const words = await device.read(
      parameters.logN,
      result.parts.flatMap(({ limbs }) => limbs),
    );
    await device.close();
    return words;
  }

  test("leaves the same residues", async () => {
    const wanted = await residues({});
    for (const options of [{ execution: "messages" }, { execution: "shared" }, { threads: 2 }] as const) {
      expect(await residues(options)).toEqual(wanted);
    }
  });

  test.each<CpuDeviceOptions>([
    {},
    { execution: "messages" },
    { execution: "shared" },
    { threads: 2 },
  ])("a read sees what was queued before it, and nothing after (%o)", async (options) => {
    const device = await openCpuDevice(options);
    const [a, b] = device.allocate(logN, 2);
    const filled = (word: number) => new Uint32Array(N).fill(word);
    device.write(logN, a, filled(7));
    const first = device.read(logN, [a]);
    device.write(logN, a, filled(9));
    const second = device.read(logN, [a, b]);
    device.launch("add", logN, [[a, a, a, p]]);
    device.free(logN, [a]);
    expect((await first)[0]).toEqual(filled(7));
    expect((await second)[0]).toEqual(filled(9));
    await device.close();
  });

  test("a worker that cannot start is a DeviceError, and leaves none behind that would keep the process alive", async () => {
    const dist = new URL("../../dist/ntt/index.js", import.meta.url);
    const script = `
      import { createRequire, syncBuiltinESMExports } from "node:module";
      import { openCpuDevice } from ${JSON.stringify(dist.href)};
      const threads = createRequire("/")("node:worker_threads");
      const { Worker } = threads;
      let started = 0;
      threads.Worker = function (...args) {
        if (++started === 3) throw new Error("EAGAIN");
        return new Worker(...args);
      };
      syncBuiltinESMExports();
      await openCpuDevice({ threads: 3 }).catch((error) => console.log(error.name));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      timeout: 30_000,
    });
    expect(stdout).toBe("DeviceError\n");
  });

  test("memory that a worker outgrows is a DeviceError that says the way out", async () => {
    const device = await openCpuDevice({ execution: "messages", memoryLimit: 32 * 2 ** 20 });
    expect(() => device.allocate(16, 200)).toThrow("memory is exhausted");
    await device.close();
  });

  test("takes several threads in one way only", async () => {
    await expect(openCpuDevice({ threads: 2, execution: "messages" })).rejects.toThrow(
      'only "shared" has more than one',
    );
  });
});
