import { DeviceError } from "../errors.js";
import type { Device, DeviceStatistics } from "./device.js";
import { KERNEL_NAMES, type KernelName, type KernelRows, type Limb } from "./kernels.js";
import { MAX_LOG_N, MIN_LOG_N } from "./primes.js";
import { Operands, REFERENCE_KERNELS, wordsOf } from "./reference-kernels.js";

/**
 * Opens the reference: every kernel as its definition in `kernels.ts` reads, in BigInt, one row after the other. Slow
 * on purpose. It also holds callers to the contract that faster devices rely on without looking: it refuses freed limbs,
 * residues outside [0, p), rows of one launch that depend on each other, and outputs among the operands where the
 * kernel forbids it.
 */
export function openReferenceDevice(): Device {
  return new ReferenceDevice();
}

class ReferenceDevice implements Device {
  readonly kind = "cpu";
  readonly threads = 1;
  private readonly limbs = new Map<Limb, Uint32Array>();
  private readonly rows = Object.fromEntries(KERNEL_NAMES.map((name) => [name, 0])) as Record<KernelName, number>;
  private nextLimb = 1;
  private bytesInUse = 0;
  private peakBytes = 0;
  private closed = false;

  describe(): string {
    return "BigInt reference";
  }

  allocate(logN: number, count: number): Limb[] {
    this.check(logN);
    this.bytesInUse += count * 4 * 2 ** logN;
    this.peakBytes = Math.max(this.peakBytes, this.bytesInUse);
    return Array.from({ length: count }, () => {
      const limb = this.nextLimb++ as Limb;
      this.limbs.set(limb, new Uint32Array(2 ** logN));
      return limb;
    });
  }

  free(logN: number, limbs: readonly Limb[], secret = false): void {
    if (this.closed) return;
    for (const limb of limbs) {
      if (secret) this.limbs.get(limb)?.fill(0);
      if (!this.limbs.delete(limb)) throw new DeviceError("a limb was freed twice", "dispose of each handle once");
      this.bytesInUse -= 4 * 2 ** logN;
    }
  }

  launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    this.check(logN);
    const readBefore = new Set<Limb>();
    const writtenBefore = new Set<Limb>();
    for (const row of rows) {
      const operands = new Operands(this.limbs, 2 ** logN);
      REFERENCE_KERNELS[kernel](operands, row, logN);
      for (const limb of operands.read) {
        if (writtenBefore.has(limb))
          throw new RangeError(`${kernel}: a row reads what another row of its launch writes`);
      }
      for (const limb of operands.written) {
        if (writtenBefore.has(limb) || readBefore.has(limb)) {
          throw new RangeError(`${kernel}: a row writes what another row of its launch uses`);
        }
      }
      for (const limb of operands.read) readBefore.add(limb);
      for (const limb of operands.written) writtenBefore.add(limb);
      this.rows[kernel]++;
    }
  }

  write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void {
    this.check(logN);
    const whole = wordsOf(this.limbs, limb, 2 ** logN);
    if (words.length > 2 ** logN) throw new RangeError(`a limb holds ${2 ** logN} words, not ${words.length}`);
    whole.set(words);
  }

  async read(logN: number, limbs: readonly Limb[]): Promise<Uint32Array[]> {
    this.check(logN);
    return limbs.map((limb) => wordsOf(this.limbs, limb, 2 ** logN).slice());
  }

  async idle(): Promise<void> {}

  statistics(): DeviceStatistics {
    return { bytesInUse: this.bytesInUse, peakBytes: this.peakBytes, rows: { ...this.rows } };
  }

  async close(): Promise<void> {
    for (const words of this.limbs.values()) words.fill(0);
    this.limbs.clear();
    this.bytesInUse = 0;
    this.closed = true;
  }

  private check(logN: number): void {
    if (this.closed) throw new DeviceError("the device is closed", "open another one with openDevice()");
    if (!Number.isInteger(logN) || logN < MIN_LOG_N || logN > MAX_LOG_N) {
      throw new RangeError(`logN ${logN} is outside ${MIN_LOG_N}..${MAX_LOG_N}`);
    }
  }
}
