import { describe, expect, test } from "vitest";
import { KeyHolder } from "../../src/ckks/index.js";
import { DeviceError } from "../../src/errors.js";
import { type Execution, openCpuDevice } from "../../src/ntt/cpu/device.js";
import { primePool } from "../../src/ntt/primes.js";
import { unsafe } from "../ckks/settings.js";

const logN = 12;
const [p] = primePool();
const parameters = unsafe(10, [1, 1], { digitPrimes: 1, specials: 2 });

describe.each<[number, Execution]>([
  [1, "inline"],
  [1, "shared"],
  [1, "messages"],
  [2, "shared"],
  [3, "shared"],
])("close() with %i threads, %s", (threads, execution) => {
  test("ends every read and idle that waits with a DeviceError, and gives nobody the zeros that it leaves", async () => {
    const device = await openCpuDevice({ threads, execution });
    const [limb] = device.allocate(logN, 1);
    device.write(logN, limb, new Uint32Array(2 ** logN).fill(1));
    for (let i = 0; i < 5_000; i++) device.launch("add", logN, [[limb, limb, limb, p]]);
    const waiting = [device.read(logN, [limb]), device.idle(), device.read(logN, [limb])];
    const ended = Promise.allSettled([...waiting, device.close()]);
    const [first, second, third, closed] = await ended;
    for (const each of [first, second, third]) {
      expect(each).toMatchObject({ status: "rejected", reason: expect.any(DeviceError) });
    }
    expect(closed.status).toBe("fulfilled");
    await expect(device.idle()).rejects.toThrow(DeviceError);
  });

  test("ends a decryption", async () => {
    const device = await openCpuDevice({ threads, execution });
    const holder = await KeyHolder.create(device, parameters);
    const decryption = holder.decrypt(holder.encrypt([1, 2]));
    const ended = expect(decryption).rejects.toThrow(DeviceError);
    await device.close();
    await ended;
    expect(() => holder.encrypt([1])).toThrow(DeviceError);
    await device.close();
  });
});
