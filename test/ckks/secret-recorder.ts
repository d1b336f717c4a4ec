import { type Device, openDevice } from "../../src/index.js";
import type { DeviceStatistics } from "../../src/ntt/device.js";
import type { ConversionRow, DotProductRow, KernelName, KernelRows, Limb } from "../../src/ntt/kernels.js";
import { localMemory } from "../device-memory.js";
import { Needles } from "./needles.js";

/** Hands everything on to another device. */
export class PassingDevice implements Device {
  readonly kind: Device["kind"];
  readonly threads: number;

  constructor(protected readonly inner: Device) {
    this.kind = inner.kind;
    this.threads = inner.threads;
  }

  describe(): string {
    return this.inner.describe();
  }
  allocate(logN: number, count: number): Limb[] {
    return this.inner.allocate(logN, count);
  }
  free(logN: number, limbs: readonly Limb[], secret?: boolean): void {
    this.inner.free(logN, limbs, secret);
  }
  launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    this.inner.launch(kernel, logN, rows);
  }
  write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void {
    this.inner.write(logN, limb, words);
  }
  read(logN: number, limbs: readonly Limb[]): Promise<Uint32Array[]> {
    return this.inner.read(logN, limbs);
  }
  idle(): Promise<void> {
    return this.inner.idle();
  }
  statistics(): DeviceStatistics {
    return this.inner.statistics();
  }
  close(): Promise<void> {
    return this.inner.close();
  }
}

/**
 * Keeps a copy of everything that was ever computed: what every launch left in every limb that it wrote, what was written,
 * and the seeds of secrets. What of it is not published was a secret, whatever the library thinks of it.
 */
export class Recorder extends PassingDevice {
  private readonly recorded: { readonly name: string; readonly words: Uint32Array }[] = [];
  private readonly published = new Set<string>();

  private constructor(
    inner: Device,
    private readonly memory: WebAssembly.Memory,
  ) {
    super(inner);
  }

  /** On a device that runs every launch at once, so that its outputs can be looked at. */
  static async open(): Promise<Recorder> {
    const device = await openDevice("cpu", { threads: 1 });
    return new Recorder(device, localMemory(device));
  }

  override launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    const seeds = rows.map((row) => seedOf(kernel, row)?.slice(0, 8));
    super.launch(kernel, logN, rows);
    for (const seed of seeds) if (seed) this.recorded.push({ name: `seed of ${kernel}`, words: seed });
    if (kernel === "expandUniform") return; // from a seed that everybody is told
    for (const row of rows) for (const limb of outputsOf(kernel, row)) this.record(kernel, logN, limb);
  }

  override write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void {
    super.write(logN, limb, words);
    this.record("write", logN, limb);
  }

  /** Limbs that may stay: those of keys and ciphertexts. */
  publish(logN: number, limbs: readonly Limb[]): void {
    for (const limb of limbs) this.published.add(this.wordsAt(logN, limb).join());
  }

  /** Everything that was not published. */
  secrets(): Needles {
    const needles = new Needles();
    for (const { name, words } of this.recorded) if (!this.published.has(words.join())) needles.add(name, words);
    return needles;
  }

  private record(name: string, logN: number, limb: Limb): void {
    this.recorded.push({ name, words: this.wordsAt(logN, limb) });
  }

  private wordsAt(logN: number, limb: Limb): Uint32Array {
    return new Uint32Array(this.memory.buffer, limb, 2 ** logN).slice();
  }
}

type Call = "allocate" | "launch" | "write" | "read";

/** A device that refuses one of its calls, counted over calls of the kinds given. */
export class FailingDevice extends PassingDevice {
  failed = false;
  private calls = 0;
  private failing = Infinity;

  constructor(
    inner: Device,
    private readonly kinds: readonly Call[],
  ) {
    super(inner);
  }

  /** Refuses the call after so many others. */
  failAfter(calls: number): void {
    this.calls = 0;
    this.failing = calls;
  }

  /** What `work` does, whose calls neither fail nor count. */
  without<T>(work: () => T): T {
    const { calls, failing } = this;
    this.failAfter(Infinity);
    const result = work();
    Object.assign(this, { calls, failing });
    return result;
  }

  override allocate(logN: number, count: number): Limb[] {
    this.pass("allocate");
    return super.allocate(logN, count);
  }

  override launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void {
    this.pass("launch");
    super.launch(kernel, logN, rows);
  }

  override write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void {
    this.pass("write");
    super.write(logN, limb, words);
  }

  override async read(logN: number, limbs: readonly Limb[]): Promise<Uint32Array[]> {
    this.pass("read");
    return super.read(logN, limbs);
  }

  private pass(call: Call): void {
    if (!this.kinds.includes(call) || this.calls++ !== this.failing) return;
    this.failed = true;
    throw new Error("injected");
  }
}

function seedOf<K extends KernelName>(kernel: K, row: KernelRows[K]): Uint32Array | undefined {
  if (kernel !== "sampleTernary" && kernel !== "sampleGaussian") return undefined;
  return (row as KernelRows["sampleTernary"])[1];
}

function outputsOf<K extends KernelName>(kernel: K, row: KernelRows[K]): readonly Limb[] {
  if (kernel === "baseConvert") return (row as ConversionRow).targets.map(({ out }) => out);
  if (kernel === "dotProduct" || kernel === "tensor" || kernel === "combine") return (row as DotProductRow).out;
  return [(row as KernelRows["copy"])[0]];
}
