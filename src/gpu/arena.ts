import { DeviceError } from "../errors.js";
import { limbsInWords, memoryExhausted } from "../ntt/exhausted.js";
import type { Limb } from "../ntt/kernels.js";
import { MAX_LOG_N } from "../ntt/primes.js";
import { grown } from "./rows.js";

/** Words of a block: limbs are whole numbers of blocks, and lie at whole blocks. */
const BLOCK_BITS = 10;
/** A limb is its slab's number and its first block there: see shaders/memory.wgsl. */
const SLAB_SHIFT = 20;
const BLOCK_BYTES = 4 << BLOCK_BITS;
/** What the shaders can address. */
export const MAX_SLABS = 4;

export interface SlabOwner {
  /** A slab of so many bytes; with `previous`, one that begins with its bytes and stands in its place. */
  create(bytes: number, previous: GPUBuffer | undefined): GPUBuffer;
  /** Runs what is queued, so that `rested` is called and freed limbs may be used again. */
  flush(): void;
  /** Whether so much is queued that it makes sense to run it: less would cut an operation in two, and cost it passes. */
  worthFlushing(): boolean;
}

/** Above every logN. */
const RESTING = 64;

const FIRST_SLAB_BYTES = 64 * 2 ** 20;

/**
 * Limbs in a few large buffers, which grow up to what an adapter can bind: a small ring needs no gigabyte. A limb freed
 * while launches wait for submission rests until they are submitted: reused at once it would chain launches that have
 * nothing to do with each other.
 */
export class SlabArena {
  readonly slabs: GPUBuffer[] = [];
  bytesInUse = 0;
  peakBytes = 0;
  /** By size. */
  private readonly free: Limb[][] = Array.from({ length: MAX_LOG_N + 1 }, () => []);
  private resting: Limb[] = [];
  /** By limb: its logN while it is in use, RESTING more while it rests, else 0. */
  private states = new Uint8Array(2 ** 12);
  /** First unused block of the last slab. */
  private top = 0;
  private readonly slabBytes: number;
  private readonly maxSlabs: number;

  /** Changes whenever a slab does. */
  generation = 0;

  constructor(
    memoryLimit: number,
    private readonly bindingLimit: number,
    private readonly owner: SlabOwner,
  ) {
    this.slabBytes = largestSlab(bindingLimit, memoryLimit);
    this.maxSlabs = slabCount(memoryLimit, bindingLimit);
  }

  allocate(logN: number, count: number): Limb[] {
    const limbs = this.take(logN, count);
    for (const limb of limbs) this.states[limb] = logN;
    this.bytesInUse += count * 4 * 2 ** logN;
    this.peakBytes = Math.max(this.peakBytes, this.bytesInUse);
    return limbs;
  }

  release(logN: number, limbs: readonly Limb[]): void {
    for (const limb of limbs) {
      // A limb freed twice would be handed out twice: two ciphertexts in one place.
      if (this.states[limb] !== logN) throw new DeviceError("a limb was freed twice", "dispose of each handle once");
      this.states[limb] |= RESTING;
      this.resting.push(limb);
      this.bytesInUse -= 4 * 2 ** logN;
    }
  }

  /** Everything queued so far has been submitted: what rests may be handed out. */
  rested(): void {
    for (const limb of this.resting) {
      this.free[this.states[limb] & ~RESTING].push(limb);
      this.states[limb] = 0;
    }
    this.resting = [];
  }

  /** Whether the limb was freed, and will not be handed out before what is queued has been submitted. */
  rests(limb: Limb): boolean {
    return (this.states[limb] & RESTING) !== 0;
  }

  slabOf(limb: Limb): GPUBuffer {
    return this.slabs[limb >>> SLAB_SHIFT];
  }

  offsetOf(limb: Limb): number {
    return (limb & (2 ** SLAB_SHIFT - 1)) * BLOCK_BYTES;
  }

  private take(logN: number, count: number): Limb[] {
    const limbs: Limb[] = [];
    try {
      this.collect(logN, count, limbs);
    } catch (error) {
      this.free[logN].push(...limbs);
      throw error;
    }
    return limbs;
  }

  private collect(logN: number, count: number, limbs: Limb[]): void {
    while (limbs.length < count) {
      const limb = this.free[logN].pop() ?? this.carve(logN);
      if (limb !== undefined) limbs.push(limb);
      else if (this.owner.worthFlushing() && this.anyRests(logN)) this.owner.flush();
      else if (this.grow()) continue;
      else if (this.anyRests(logN)) this.owner.flush();
      else throw this.exhausted(logN, count, count - limbs.length);
    }
  }

  private anyRests(logN: number): boolean {
    return this.resting.some((limb) => this.states[limb] === (logN | RESTING));
  }

  private carve(logN: number): Limb | undefined {
    const blocks = 2 ** (logN - BLOCK_BITS);
    if (this.top + blocks > Math.floor((this.slabs.at(-1)?.size ?? 0) / BLOCK_BYTES)) return undefined;
    const first = this.top;
    this.top += blocks;
    const limb = (this.slabs.length - 1) * 2 ** SLAB_SHIFT + first;
    if (limb >= this.states.length) this.states = grown(this.states, limb + 1);
    return limb as Limb;
  }

  /** Makes the last slab twice as large, or begins another one. */
  private grow(): boolean {
    const last = this.slabs.at(-1);
    if (last && last.size < this.slabBytes) {
      this.slabs[this.slabs.length - 1] = this.owner.create(Math.min(2 * last.size, this.slabBytes), last);
    } else {
      if (this.slabs.length === this.maxSlabs) return false;
      this.slabs.push(this.owner.create(Math.min(FIRST_SLAB_BYTES, this.slabBytes), undefined));
      this.top = 0;
    }
    this.generation++;
    return true;
  }

  private exhausted(logN: number, count: number, missing: number): DeviceError {
    return memoryExhausted("WebGPU", {
      asked: limbsInWords(logN, count),
      inUse: this.bytesInUse,
      limit: this.maxSlabs * this.slabBytes,
      needed: (this.slabs.length - 1) * this.slabBytes + this.top * BLOCK_BYTES + missing * 4 * 2 ** logN,
      most: MAX_SLABS * largestSlab(this.bindingLimit),
    });
  }
}

/** Slabs that a limit of bytes needs: one wherever that will do. */
export function slabCount(memoryLimit: number, bindingLimit: number): number {
  return Math.min(MAX_SLABS, Math.ceil(memoryLimit / largestSlab(bindingLimit, memoryLimit)));
}

/** Not all that can be bound can be allocated: drivers put a little of their own beside it. */
const SPARED_BYTES = 2 ** 20;

/** Bytes of the largest slab that an adapter can bind. */
export function largestSlab(bindingLimit: number, memoryLimit = bindingLimit): number {
  const bytes = Math.min(memoryLimit, bindingLimit - SPARED_BYTES, BLOCK_BYTES * 2 ** SLAB_SHIFT);
  return Math.floor(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}
