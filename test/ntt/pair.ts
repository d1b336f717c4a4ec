import { openDevice } from "../../src/device.js";
import type { Device } from "../../src/ntt/device.js";
import type { KernelName, KernelRows, Limb } from "../../src/ntt/kernels.js";
import { openReferenceDevice } from "../../src/ntt/reference.js";
import { deviceUnderTest } from "../device-under-test.js";

/** What a launch works on: `inputs` are written first; `outputs` more limbs hold leftovers of something else. */
export interface Case<K extends KernelName> {
  readonly kernel: K;
  readonly logN: number;
  readonly inputs: readonly Uint32Array[];
  readonly outputs?: number;
  /** The rows, given the limbs of the inputs and then those of the outputs. */
  readonly rows: (limbs: readonly Limb[]) => readonly KernelRows[K][];
}

/** A device under test beside the BigInt reference: every launch runs on both and leaves equal limbs, bit for bit. */
export class DevicePair {
  private constructor(
    readonly device: Device,
    readonly reference: Device,
  ) {}

  static async open(): Promise<DevicePair> {
    return new DevicePair(await openDevice(deviceUnderTest(), { threads: 1 }), openReferenceDevice());
  }

  /** Runs the case on both, compares every limb, operands too, and returns them. */
  async run<K extends KernelName>(testCase: Case<K>): Promise<Uint32Array[]> {
    const found = await runOn(this.device, testCase);
    const wanted = await runOn(this.reference, testCase);
    for (const [limb, words] of wanted.entries()) requireEqual(found[limb], words, `${testCase.kernel}: limb ${limb}`);
    return found;
  }

  async close(): Promise<void> {
    await this.device.close();
    await this.reference.close();
  }
}

async function runOn<K extends KernelName>(device: Device, { kernel, logN, inputs, outputs = 0, rows }: Case<K>) {
  const limbs = device.allocate(logN, inputs.length + outputs);
  try {
    limbs.forEach((limb, i) => {
      device.write(logN, limb, inputs[i] ?? new Uint32Array(2 ** logN).fill(0xdeadbeef));
    });
    device.launch(kernel, logN, rows(limbs));
    return await device.read(logN, limbs);
  } finally {
    device.free(logN, limbs);
  }
}

/** Compares whole limbs and names the first difference. */
export function requireEqual(found: Uint32Array, wanted: Uint32Array, what: string): void {
  if (found.length !== wanted.length) throw new Error(`${what}: ${found.length} words instead of ${wanted.length}`);
  const i = wanted.findIndex((word, place) => found[place] !== word);
  if (i >= 0) throw new Error(`${what}: word ${i} is ${found[i]} instead of ${wanted[i]}`);
}
