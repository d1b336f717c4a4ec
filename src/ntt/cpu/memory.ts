import { instantiate, type Kernels, plainKernels, sharedKernels } from "./module.js";
import { ADDRESS, MAX_PAGES, PAGE } from "./worker.js";

/** The memory behind the arena, wherever it is. What is put into it is there before the next launch. */
export interface Memory {
  readonly bytes: number;
  /** @throws RangeError when there is no more. */
  grow(pages: number): void;
  store(address: number, words: Uint32Array): void;
  /** The Shoup quotients of `count` stored words. */
  quotients(values: number, quotients: number, count: number, prime: number): void;
}

/** So much more makes V8 collect, however much a memory really holds. */
const MOST_BALLAST = 64 * 2 ** 20;

/** Words of what the operating system gives and takes as one. */
const OS_PAGE_WORDS = 1024;

/** A WebAssembly memory of this thread, or one that it shares with workers, and the kernels on it. */
export class LocalMemory implements Memory {
  /**
   * Untouched buffers in the place of a shared memory, which V8's collector does not count: without them it left those of
   * two hundred closed devices, 3.6 GB, where they were.
   */
  private readonly ballast: ArrayBuffer[] = [];
  private ballastBytes = 0;

  private constructor(
    readonly memory: WebAssembly.Memory,
    readonly kernels: Kernels,
  ) {}

  static async create(shared: boolean): Promise<LocalMemory> {
    const module = await (shared ? sharedKernels() : plainKernels());
    const memory = new WebAssembly.Memory({ initial: ADDRESS.end / PAGE, maximum: MAX_PAGES, shared });
    const local = new LocalMemory(memory, await instantiate(module, memory));
    if (shared) local.weigh(local.bytes);
    return local;
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  grow(pages: number): void {
    this.memory.grow(pages);
    if (this.ballast.length > 0) this.weigh(pages * PAGE);
  }

  store(address: number, words: Uint32Array | Int32Array): void {
    this.words(address, words.length).set(words);
  }

  quotients(values: number, quotients: number, count: number, prime: number): void {
    this.kernels.quotients(values, quotients, count, prime);
  }

  overwrite(limbs: readonly number[], count: number): void {
    for (const limb of limbs) this.words(limb, count).fill(0);
  }

  /** Copies of limbs. */
  read(limbs: readonly number[], count: number): Uint32Array[] {
    return limbs.map((limb) => this.words(limb, count).slice());
  }

  /** Overwrites everything with zeros. What is zeros already is only read: pages that nobody touched would take memory. */
  wipe(): void {
    const words = new Int32Array(this.memory.buffer);
    for (let begin = 0; begin < words.length; begin += OS_PAGE_WORDS) {
      const end = begin + OS_PAGE_WORDS;
      let first = begin;
      while (first < end && words[first] === 0) first++;
      if (first < end) words.fill(0, first, end);
    }
  }

  private weigh(bytes: number): void {
    const added = Math.min(bytes, MOST_BALLAST - this.ballastBytes);
    if (added === 0) return;
    this.ballast.push(new ArrayBuffer(added));
    this.ballastBytes += added;
  }

  private words(address: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, count);
  }
}
