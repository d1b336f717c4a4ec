import { describe, expect, test } from "vitest";
import { Encryptor, Evaluator, KeyHolder, Randomness } from "../../src/ckks/index.js";
import type { RnsPolynomial } from "../../src/ckks/polynomial.js";
import type { Device } from "../../src/index.js";
import { type CpuDeviceOptions, openCpuDevice } from "../../src/ntt/cpu/device.js";
import { memoryOf } from "../device-memory.js";
import type { Needles } from "./needles.js";
import { FailingDevice, PassingDevice, Recorder } from "./secret-recorder.js";
import { unsafe, Values } from "./settings.js";

/** Levels of one and of two primes, a digit for each prime; a message fills all slots. */
const parameters = unsafe(10, [2, 1, 1], { digitPrimes: 1, specials: 2, baseScaleBits: 30 });
const values = new Values(21).complex(parameters.slots);

/** What is told, in the order in which it is made. */
type Publish = (made: { readonly parts: readonly RnsPolynomial[] }) => void;

/** Keys of every kind, both ways to encrypt, decryptions of two parts and of three. */
async function everything(device: Device, publish: Publish = () => {}, before = async () => {}): Promise<void> {
  using stream = Randomness.seededUnsafe(11);
  using holder = KeyHolder.create(device, parameters, stream);
  using keys = holder.evaluationKeys({ rotations: [1, 3], conjugate: true });
  const { publicKey } = holder;
  publish({
    parts: [publicKey.a, publicKey.b, ...keys.all.flatMap(({ digits }) => digits.flatMap(({ a, b }) => [a, b]))],
  });
  const encryptor = new Encryptor({ device, logN: 10 }, parameters, publicKey, stream);
  using x = holder.encrypt(values);
  publish(x);
  using y = encryptor.encrypt(values, { level: 1 });
  publish(y);
  const he = new Evaluator(device, parameters, keys);
  using z = unharmed(device, () => he.tensor(y, y)); // a server's work, on what is public
  publish(z);
  for (const ciphertext of [x, y, z]) await holder.decrypt(ciphertext, 1);
  await before();
}

function unharmed<T>(device: Device, work: () => T): T {
  return device instanceof FailingDevice ? device.without(work) : work();
}

/** All that `everything` computes and does not publish. */
const secrets: Needles = await (async () => {
  const recorder = await Recorder.open();
  await everything(recorder, ({ parts }) => {
    for (const { limbs } of parts) recorder.publish(10, limbs);
  });
  await recorder.close();
  return recorder.secrets();
})();

const MODES: readonly CpuDeviceOptions[] = [{ execution: "inline" }, { threads: 2 }, { execution: "messages" }];

test("secrets are looked for in thousands of pieces", () => {
  // 190 limbs of 128 pieces and more.
  expect(secrets.count).toBeGreaterThan(20_000);
});

/** Gives nothing back: what was computed stays. */
class Careless extends PassingDevice {
  override free(): void {}
}

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
