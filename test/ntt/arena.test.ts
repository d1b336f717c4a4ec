import { describe, expect, test } from "vitest";
import { DeviceError } from "../../src/errors.js";
import { Arena } from "../../src/ntt/cpu/arena.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import { LocalMemory } from "../../src/ntt/cpu/memory.js";
import type { Limb } from "../../src/ntt/kernels.js";
import { localMemory } from "../device-memory.js";

const memory = await LocalMemory.create(false);
const SIZES = [10, 11, 12, 13, 14, 15, 16];

describe("arena", () => {
  test.each(SIZES)("the pitch for N = 2^%i is 4N and an odd multiple of 64", (logN) => {
    const padding = Arena.pitch(logN) - 4 * 2 ** logN;
    expect(padding % 64).toBe(0);
    expect((padding / 64) % 2).toBe(1);
  });

  test("limbs of all sizes are aligned and never overlap", () => {
    const arena = new Arena(memory);
    const spans = SIZES.flatMap((logN) =>
      arena.allocate(logN, 20).map((limb) => [limb as number, limb + 4 * 2 ** logN]),
    );
    // Twiddle tables come from the same memory.
    const table = arena.reserve(1000);
    spans.push([table, table + 1000], ...arena.allocate(10, 3000).map((limb) => [limb as number, limb + 4096]));
    spans.sort((a, b) => a[0] - b[0]);
    spans.forEach(([begin, end], i) => {
      expect(begin % 64).toBe(0);
      expect(begin).toBeGreaterThanOrEqual(i === 0 ? 4 * 65536 : spans[i - 1][1]);
      expect(end).toBeLessThanOrEqual(memory.bytes);
    });
  });

  test("a freed limb is handed out again, and memory does not grow", () => {
    const arena = new Arena(memory);
    const first = arena.allocate(12, 50);
    const bytes = memory.bytes;
    for (let round = 0; round < 100; round++) {
      arena.release(12, first);
      expect(new Set(arena.allocate(12, 50))).toEqual(new Set(first));
    }
    expect(memory.bytes).toBe(bytes);
  });

  test("counts the bytes in use and their peak", () => {
    const arena = new Arena(memory);
    const limbs = arena.allocate(11, 5);
    expect(arena.bytesInUse).toBe(5 * Arena.pitch(11));
    arena.release(11, limbs.slice(2));
    expect(arena.bytesInUse).toBe(2 * Arena.pitch(11));
    arena.allocate(11, 1);
    expect(arena.bytesInUse).toBe(3 * Arena.pitch(11));
    expect(arena.peakBytes).toBe(5 * Arena.pitch(11));
  });

  test("a limb freed twice, or as another size, is an error and leaves the rest in order", () => {
    const arena = new Arena(memory);
    const [a, b] = arena.allocate(10, 2);
    arena.release(10, [a]);
    expect(() => arena.release(10, [a])).toThrow(DeviceError);
    expect(() => arena.release(11, [b])).toThrow(DeviceError);
    expect(() => arena.release(10, [b, b])).toThrow("freed twice");
    expect(arena.bytesInUse).toBe(0);
    const again = arena.allocate(10, 2);
    expect(new Set(again)).toEqual(new Set([a, b]));
  });
});

describe("the CPU device", () => {
  test("exhausted memory is a DeviceError that says the way out, and freeing helps", async () => {
    const device = await openCpuDevice({ memoryLimit: 40 * 2 ** 20 });
    const limbs: Limb[] = [];
    let error: unknown;
    try {
      for (;;) limbs.push(...device.allocate(14, 8));
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as DeviceError).fix).toContain("using");
    // Three slabs of 8 MiB fit beside the reserved pages.
    expect(limbs.length).toBeGreaterThan(300);
    expect(device.statistics().bytesInUse).toBe(limbs.length * Arena.pitch(14));
    expect(() => device.allocate(16, 40)).toThrow(DeviceError);
    device.free(14, limbs.splice(0, 8));
    expect(device.allocate(14, 8)).toHaveLength(8);
    await device.close();
  });

  test("a limit of memory says what was asked for, what it is, and the smallest that works, which does", async () => {
    const device = await openCpuDevice({ memoryLimit: 16 * 2 ** 20 });
    const [limb] = device.allocate(14, 1); // a whole slab of eight MiB would not fit
    device.launch("subtract", 14, [[limb, limb, limb, 1073479681]]);
    let error: unknown;
    try {
      device.allocate(14, 200);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(DeviceError);
    const { message, fix } = error as DeviceError;
    expect(message).toMatch(
      /200 limbs of 0.063 MiB were asked for beside 0.063 MiB .* limit is 16 MiB.* would be needed/,
    );
    const enough = Number(/memoryLimit: (\d+) or more/.exec(fix)?.[1]);
    await device.close();
    for (const [memoryLimit, works] of [
      [enough - 65536, false],
      [enough, true],
    ] as const) {
      const next = await openCpuDevice({ memoryLimit });
      next.allocate(14, 1);
      if (works) expect(next.allocate(14, 200)).toHaveLength(200);
      else expect(() => next.allocate(14, 200)).toThrow(DeviceError);
      await next.close();
    }
  });

  test.each([
    0,
    -1,
    Number.NaN,
    2 ** 20,
  ])("a limit of %d bytes holds no limb: a RangeError says the least", async (memoryLimit) => {
    await expect(openCpuDevice({ memoryLimit })).rejects.toThrow(RangeError);
    await expect(openCpuDevice({ memoryLimit })).rejects.toThrow(/memoryLimit .* bytes \(\d+.\d+ MiB\) at least/);
  });

  test("tables that do not fit any more are a DeviceError too", async () => {
    const device = await openCpuDevice({ memoryLimit: 17 * 2 ** 20 });
    const [limb] = device.allocate(16, 1);
    expect(() => device.launch("ntt", 16, [[limb, limb, 1073479681]])).toThrow(DeviceError);
    await device.close();
  });

  test("write copies at once and takes signed words; read returns copies", async () => {
    const device = await openCpuDevice();
    const [limb] = device.allocate(10, 1);
    const signed = new Int32Array(1024).fill(-5);
    device.write(10, limb, signed);
    signed.fill(7);
    const [first] = await device.read(10, [limb]);
    expect(first.every((word) => word === 2 ** 32 - 5)).toBe(true);
    first.fill(0);
    const [second] = await device.read(10, [limb]);
    expect(second[0]).toBe(2 ** 32 - 5);
    expect(() => device.write(10, limb, new Uint32Array(1025))).toThrow(RangeError);
    await device.close();
  });

  test.each([9, 17, 10.5, Number.NaN])("refuses logN %d", async (logN) => {
    const device = await openCpuDevice();
    expect(() => device.allocate(logN, 1)).toThrow(RangeError);
    await device.close();
  });

  test("close overwrites every limb; afterwards everything but free and close is an error", async () => {
    const device = await openCpuDevice();
    const memory = localMemory(device);
    const limbs = device.allocate(12, 4);
    for (const limb of limbs) device.write(12, limb, new Uint32Array(4096).fill(0xabcdef));
    device.launch("ntt", 12, [[limbs[0], limbs[1], 1073479681]]);
    device.launch("expandUniform", 12, [[limbs[2], 1073479681, new Uint32Array(11).fill(0x5ec2e7)]]);
    await device.close();
    expect(new Uint32Array(memory.buffer).every((word) => word === 0)).toBe(true);
    expect(() => device.allocate(12, 1)).toThrow(DeviceError);
    expect(() => device.launch("copy", 12, [])).toThrow(DeviceError);
    expect(() => device.write(12, limbs[0], new Uint32Array(4096))).toThrow(DeviceError);
    await expect(device.read(12, limbs)).rejects.toThrow(DeviceError);
    device.free(12, limbs);
    await device.close();
  });

  test("the seed of a secret leaves no trace in memory", async () => {
    const device = await openCpuDevice();
    const memory = localMemory(device);
    const [limb] = device.allocate(10, 1);
    const seed = Uint32Array.from({ length: 11 }, (_, i) => 0x5ec2e700 + i);
    device.launch("sampleTernary", 10, [[limb, seed]]);
    device.launch("sampleGaussian", 10, [[limb, seed]]);
    expect(new Uint32Array(memory.buffer).some((word) => seed.includes(word))).toBe(false);
    await device.close();
  });
});
