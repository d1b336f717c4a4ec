import { DeviceError } from "../../errors.js";
import { limbsInWords, memoryExhausted, mib, requireMemoryLimit } from "../exhausted.js";
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
/** The platform's limit. */
const MOST_BYTES = MAX_PAGES * PAGE;

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
    private readonly limit = MOST_BYTES,
  ) {}

  static pitch(logN: number): number {
    return 4 * 2 ** logN + PADDING;
  }

  allocate(logN: number, count: number): Limb[] {
    const free = this.free.get(logN) ?? [];
    this.free.set(logN, free);
    if (free.length < count) this.addSlab(logN, free, count);
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
  reserve(bytes: number, what = `tables of ${mib(bytes)}`): number {
    const address = this.top;
    this.grow(address + bytes, what);
    this.top = address + Math.ceil((bytes + PADDING) / 64) * 64;
    return address;
  }

  /** Makes `wanted` limbs free, and more where there is room. */
  private addSlab(logN: number, free: number[], wanted: number): void {
    const pitch = Arena.pitch(logN);
    const room = Math.floor((this.limit - PAGE - this.top) / pitch);
    const count = Math.max(wanted - free.length, Math.min(Math.max(8, Math.floor(SLAB_BYTES / pitch)), room));
    const base = this.reserve(count * pitch, limbsInWords(logN, wanted));
    for (let i = count - 1; i >= 0; i--) free.unshift(base + i * pitch);
  }

  private grow(end: number, what: string): void {
    const pages = Math.ceil((end + PADDING) / PAGE);
    const missing = pages - this.memory.bytes / PAGE;
    if (missing <= 0) return;
    try {
      if (pages * PAGE > this.limit) throw new RangeError("over the limit");
      this.memory.grow(missing);
    } catch (cause) {
      if (cause instanceof DeviceError) throw cause;
      const { bytesInUse, limit } = this;
      const shortage = { asked: what, inUse: bytesInUse, limit, needed: pages * PAGE, most: MOST_BYTES };
      throw memoryExhausted("CPU", shortage, cause);
    }
  }
}

/** What is there before the first limb, and the smallest slab. */
const LEAST_BYTES = RESERVED + 2 * PAGE;

/** @throws RangeError for a limit of memory that holds no limb, or is no number. */
export function requireLimit(memoryLimit: number): void {
  requireMemoryLimit(memoryLimit, LEAST_BYTES);
}
