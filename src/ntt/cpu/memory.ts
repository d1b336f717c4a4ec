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

/** A WebAssembly memory of this thread, or one that it shares with workers, and the kernels on it. */
export class LocalMemory implements Memory {
  private constructor(
    readonly memory: WebAssembly.Memory,
    readonly kernels: Kernels,
  ) {}

  static async create(shared: boolean): Promise<LocalMemory> {
    const module = await (shared ? sharedKernels() : plainKernels());
    const memory = new WebAssembly.Memory({ initial: ADDRESS.end / PAGE, maximum: MAX_PAGES, shared });
    return new LocalMemory(memory, await instantiate(module, memory));
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  grow(pages: number): void {
    this.memory.grow(pages);
  }

  store(address: number, words: Uint32Array | Int32Array): void {
    this.words(address, words.length).set(words);
  }

  quotients(values: number, quotients: number, count: number, prime: number): void {
    this.kernels.quotients(values, quotients, count, prime);
  }

  /** Copies of limbs. */
  read(limbs: readonly number[], count: number): Uint32Array[] {
    return limbs.map((limb) => this.words(limb, count).slice());
  }

  wipe(): void {
    new Uint8Array(this.memory.buffer).fill(0);
  }

  private words(address: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, count);
  }
}
