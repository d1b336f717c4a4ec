import { expect, test } from "vitest";
import * as seal from "../../src/ckks/formats/seal.js";
import { Parameters, Randomness, Ring, SecretKey } from "../../src/ckks/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { choosePrimes } from "../../src/ntt/primes.js";
import { FailingDevice, Recorder } from "../ckks/secret-recorder.js";
import { memoryOf } from "../device-memory.js";

const [special, ...primes] = choosePrimes(3, 30);
const levels = primes.map((prime) => [prime]);
const parameters = Parameters.of({
  logN: 10,
  levels,
  special: [special],
  digitPrimes: 1,
  baseScaleBits: 24,
  security: "none",
});

const file = await makeFile();
/** One residue is another's: it is read in full before it is refused. */
const damaged = new Uint8Array(file);
damaged[file.length - 8] ^= 1;

async function makeFile(): Promise<Uint8Array> {
  const device = await openCpuDevice();
  using key = await SecretKey.generate(Ring.of(device, parameters), Randomness.seededUnsafe(5));
  const bytes = await seal.writeUnprotectedSecretKey(key);
  await device.close();
  return bytes;
}

/** Reads a secret key, and writes it; reads one that is refused. */
async function throughFiles(device: Device, between = async () => {}): Promise<void> {
  const ring = Ring.of(device, parameters);
  using key = await seal.readSecretKey(file, ring);
  await expect(seal.readSecretKey(damaged, ring)).rejects.toThrow();
  await between();
  expect(Buffer.compare(await seal.writeUnprotectedSecretKey(key), file)).toBe(0);
}

async function recorded() {
  const recorder = await Recorder.open();
  await throughFiles(recorder);
  await recorder.close();
  return recorder.secrets();
}
const secrets = await recorded();

test("a secret key that was read lies in the device's memory while it is used, as an operand only, and nowhere afterwards", async () => {
  const device = await openCpuDevice();
  const memory = memoryOf(device);
  let found: string[] = [];
  await throughFiles(device, async () => {
    await device.idle();
    found = secrets.findIn(await memory());
  });
  expect(found.map((name) => name.split(" ")[0])).toEqual(["multiplyScalar"]);
  await device.idle();
  expect(secrets.findIn(await memory())).toEqual([]);
  expect(device.statistics().bytesInUse).toBe(0);
  await device.close();
});

test("after an error at any call of the device none of it is left, and no limb", async () => {
  const device = await openCpuDevice();
  const memory = memoryOf(device);
  let k = 0;
  for (; ; k++) {
    const failing = new FailingDevice(device, ["allocate", "launch", "write", "read"]);
    failing.failAfter(k);
    await throughFiles(failing).catch(() => {});
    await device.idle();
    expect(secrets.findIn(await memory()), `the call after ${k} others fails`).toEqual([]);
    if (!failing.failed) break;
    expect(device.statistics().bytesInUse, `the call after ${k} others fails`).toBe(0);
  }
  expect(k).toBeGreaterThan(10);
  await device.close();
});
