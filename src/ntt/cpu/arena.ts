import { DeviceError } from "../../errors.js";
import type { Limb } from "../kernels.js";
import type { Memory } from "./memory.js";
import { ADDRESS, MAX_PAGES, PAGE } from "./worker.js";

const SLAB_BYTES = 8 * 2 ** 20;
/**
 * Limbs lie 4N bytes plus this odd multiple of 64 apart: at a power-of-two pitch the operands of one sum
 * share their cache sets (measured at N = 2^14: 62 µs against 28 for a sum of five products).
 */
const PADDING = 192;
/** Below this address: the module's own data, control words, scratch space and the ring of launches. */
const RESERVED = ADDRESS.end;

/**
 * Blocks of limbs in one WebAssembly memory, equal for each N, taken from slabs that are never given back.
 * A limb is its byte address.
 */
export class Arena {
  private readonly free = new Map<number, number[]>();
  private readonly used = new Map<number, Set<number>>();
  private top = RESERVED;
  bytesInUse = 0;
  peakBytes = 0;

  constructor(
    private readonly memory: Memory,
    private readonly maxPages = MAX_PAGES,
  ) {}

  static pitch(logN: number): number {
    return 4 * 2 ** logN + PADDING;
  }

  allocate(logN: number, count: number): Limb[] {
    const free = this.free.get(logN) ?? [];
    this.free.set(logN, free);
    while (free.length < count) this.addSlab(logN, free);
    const limbs = free.splice(free.length - count, count).reverse() as Limb[];
    const used = this.used.get(logN) ?? new Set();
    this.used.set(logN, used);
    for (const limb of limbs) used.add(limb);
    this.bytesInUse += count * Arena.pitch(logN);
    this.peakBytes = Math.max(this.peakBytes, this.bytesInUse);
    return limbs;
  }

  release(logN: number, limbs: readonly Limb[]): void {
    const used = this.used.get(logN);
    for (const limb of limbs) {
      // A limb freed twice would be handed out twice: two ciphertexts in one place.
      if (!used?.delete(limb)) throw new DeviceError("a limb was freed twice", "dispose of each handle once");
      this.free.get(logN)!.push(limb);
      this.bytesInUse -= Arena.pitch(logN);
    }
  }

  /** Space for tables: never freed. */
  reserve(bytes: number): number {
    const address = this.top;
    this.grow(address + bytes);
    this.top = address + Math.ceil((bytes + PADDING) / 64) * 64;
    return address;
  }

  /** Forgets every limb. */
  clear(): void {
    this.free.clear();
    this.used.clear();
    this.bytesInUse = 0;
  }

  private addSlab(logN: number, free: number[]): void {
    const pitch = Arena.pitch(logN);
    const count = Math.max(8, Math.floor(SLAB_BYTES / pitch));
    const base = this.reserve(count * pitch);
    for (let i = count - 1; i >= 0; i--) free.unshift(base + i * pitch);
  }

  private grow(end: number): void {
    const missing = Math.ceil((end + PADDING) / PAGE) - this.memory.bytes / PAGE;
    if (missing <= 0) return;
    const pages = this.memory.bytes / PAGE + missing;
    try {
      if (pages > this.maxPages) throw new RangeError("over the limit");
      this.memory.grow(missing);
    } catch (cause) {
      if (cause instanceof DeviceError) throw cause;
      throw new DeviceError(
        `the CPU device's memory is exhausted: ${Math.round(this.bytesInUse / 2 ** 20)} MiB of limbs in use`,
        "dispose of ciphertexts (`using`), or await a result now and then so that forgotten ones can be collected",
        { cause },
      );
    }
  }
}
