import { DeviceError } from "../../errors.js";
import type { Device, DeviceStatistics } from "../device.js";
import { KERNEL_NAMES, type KernelName, type KernelRows, type Limb } from "../kernels.js";
import { MAX_LOG_N, MIN_LOG_N } from "../primes.js";
import { Arena } from "./arena.js";
import { Executor } from "./executor.js";
import { loadKernels } from "./module.js";

export interface CpuDeviceOptions {
  /** Most bytes of WebAssembly memory; 4 GiB is the platform's limit and the default. */
  readonly memoryLimit?: number;
}

/** Opens the CPU device: WebAssembly SIMD on the calling thread, the queue drained at every launch. */
export async function openCpuDevice(options: CpuDeviceOptions = {}): Promise<Device> {
  const arena = new Arena(Math.floor((options.memoryLimit ?? 2 ** 32) / 65536));
  try {
    return new CpuDevice(arena, new Executor(arena, await loadKernels(arena.memory)));
  } catch (cause) {
    throw new DeviceError(
      "the WebAssembly kernels do not start",
      "use Node 20.19 or later, or a browser with WebAssembly SIMD",
      {
        cause,
      },
    );
  }
}

class CpuDevice implements Device {
  readonly kind = "cpu";
  readonly threads = 1;
  private readonly rows = Object.fromEntries(KERNEL_NAMES.map((name) => [name, 0])) as Record<KernelName, number>;
  private closed = false;

  constructor(
    private readonly arena: Arena,
    private readonly executor: Executor,
  ) {}

  describe(): string {
    return "CPU, WebAssembly SIMD, 1 thread";
  }

  allocate(logN: number, count: number): Limb[] {
    this.check(logN);
    return this.arena.allocate(logN, count);
  }

  free(logN: number, limbs: readonly Limb[]): void {
    // After close() every limb is gone already: handles that outlive the device may still be disposed of.
    if (!this.closed) this.arena.release(logN, limbs);
  }

  launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    this.check(logN);
    this.rows[kernel] += rows.length;
    this.executor.run(kernel, logN, rows);
  }

  write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void {
    this.check(logN);
    if (words.length !== 2 ** logN) throw new RangeError(`a limb holds ${2 ** logN} words, not ${words.length}`);
    this.arena.words(limb, words.length).set(words);
  }

  async read(logN: number, limbs: readonly Limb[]): Promise<Uint32Array[]> {
    this.check(logN);
    return limbs.map((limb) => this.arena.words(limb, 2 ** logN).slice());
  }

  async idle(): Promise<void> {}

  statistics(): DeviceStatistics {
    return { bytesInUse: this.arena.bytesInUse, peakBytes: this.arena.peakBytes, rows: { ...this.rows } };
  }

  async close(): Promise<void> {
    if (!this.closed) this.arena.wipe();
    this.closed = true;
  }

  private check(logN: number): void {
    if (this.closed) throw new DeviceError("the device is closed", "open another one with openDevice()");
    if (!(logN >= MIN_LOG_N && logN <= MAX_LOG_N)) {
      throw new RangeError(`logN ${logN} is outside ${MIN_LOG_N}..${MAX_LOG_N}`);
    }
  }
}
