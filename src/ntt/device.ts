import type { KernelName, KernelRows, Limb } from "./kernels.js";

/**
 * Where limbs live and kernels run. Launches are queued and run in order; nothing waits but `read` and `idle`.
 * A limb may be freed as soon as the last launch that uses it has been queued.
 */
export interface Device {
  /** Where kernels run. */
  readonly kind: "cpu" | "webgpu";
  /** Threads that compute: 1 on a GPU. */
  readonly threads: number;
  /** Bytes of limbs that it holds at the most, where it knows. */
  readonly memoryLimit?: number;
  /** One line for people and bench records. */
  describe(): string;

  /** @throws DeviceError when the device's memory is exhausted. */
  allocate(logN: number, count: number): Limb[];
  /**
   * Gives limbs back; those of a secret are overwritten before anybody else has them. Works after `close` and after a
   * failure, too: then `close` overwrites what is left.
   */
  free(logN: number, limbs: readonly Limb[], secret?: boolean): void;

  /** Queues the rows; they, and the seeds in them, may be overwritten at once. */
  launch<K extends KernelName>(kernel: K, logN: number, rows: readonly KernelRows[K][]): void;

  /**
   * Copies words into a limb, from its first word on: N of them, or fewer, as a packed limb has. What is behind them stays
   * as it was. `words` may be reused at once.
   * @throws RangeError for more than N
   */
  write(logN: number, limb: Limb, words: Uint32Array | Int32Array): void;
  /**
   * Unpacks residues that lie outside of the device's memory into limbs, in one launch: what `write` and "unpack" do, for a quarter of
   * the calling thread's time, since the words are copied once and left where they are: of no secret. Devices may not have it.
   */
  writePacked?(logN: number, rows: readonly PackedRow[]): void;
  /** The limbs' words, after everything queued before. They may be freed at once. Whoever asked overwrites the answer of a secret. */
  read(logN: number, limbs: readonly Limb[]): Promise<Uint32Array[]>;
  /** Resolves when everything queued so far has run. */
  idle(): Promise<void>;

  /** Counts since the device was opened. Costs nothing on the device. */
  statistics(): DeviceStatistics;
  /** Ends the device: everything that was in its memory is overwritten, and the memory itself is nobody's any more. */
  close(): Promise<void>;
}

/** A limb, and its residues packed to the bits of its prime. */
export interface PackedRow {
  /** Where they are unpacked to. */
  readonly out: Limb;
  /** What they are residues of. */
  readonly prime: number;
  /** The packed words, asked for once. */
  readonly read: () => Uint32Array;
}

/** What a device has done, and what it holds. */
export interface DeviceStatistics {
  /** Bytes of limbs in use now, and the most there ever were. */
  readonly bytesInUse: number;
  /** The most bytes of limbs that were in use at a time. */
  readonly peakBytes: number;
  /** Rows run since the device was opened, by kernel: an NTT count that a bench can hold against the theory. */
  readonly rows: Readonly<Record<KernelName, number>>;
}
