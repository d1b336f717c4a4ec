/**
 * What a worker thread does, and how any thread runs one row. This file is compiled twice: as part of the library, and by
 * scripts/build-kernels.mjs into the script that workers start from. So it imports nothing.
 */
export const PAGE = 65536;
export const MAX_PAGES = 65536;

/** Byte addresses below the arena, the same in every thread. */
export const ADDRESS = {
  /** Control words, then an index of launches: address, rows, rows done. */
  control: 65536,
  index: 65536 + 4096,
  scratch: 2 * 65536,
  ring: 10 * 65536,
  end: 10 * 65536 + 8 * 2 ** 20,
} as const;

/** Launches in the index; sequence numbers are counted modulo 2^20, a multiple of it. */
export const INDEX_SIZE = 4096;
export const INDEX_WORDS = 3;
export const SCRATCH_BYTES = 8192;

/** Control words, as indices of an Int32Array. */
export const CONTROL = {
  /** The launch being run (20 bits) and its next row (12 bits): whoever raises it owns the row. */
  ticket: ADDRESS.control / 4,
  /** Launches published by the main thread, and completed by the workers, modulo 2^32. */
  published: ADDRESS.control / 4 + 16,
  completed: ADDRESS.control / 4 + 32,
  /** The main thread wants a message once this many are completed; only while `waiting` is 1. */
  wanted: ADDRESS.control / 4 + 48,
  waiting: ADDRESS.control / 4 + 49,
} as const;

/** A launch has fewer rows than 2^12. */
export const ROW_BITS = 12;
const SEQUENCE_MASK = 0xfffff;
/**
 * Looks at a control word before a thread goes to sleep: a few rows' time, for another thread's last row is what it mostly
 * waits for. Measured on RL-3: with a tenth, two threads alone take 4 % longer; with three times, 8 % longer beside busy processes.
 */
const SPINS = 20_000;

/** A kernel as it is called: with the arguments that its row names. */
export type KernelFunction = (...args: number[]) => void;

/** In place of an argument: the address of the words after the row's arguments; the thread's own scratch space. */
export const LIST_ARGUMENT = -1;
export const SCRATCH_ARGUMENT = -2;

/**
 * Runs rows on the calling thread. A launch in memory is [kernel, rows, offset of each row in words, …rows]; a row is
 * the number of its arguments, the arguments of the kernel's function, and what they point to.
 */
export class RowRunner {
  private words: Int32Array;

  constructor(
    /** By their numbers in a launch. */
    private readonly kernels: readonly KernelFunction[],
    private readonly memory: WebAssembly.Memory,
    private readonly scratch: number,
  ) {
    this.words = new Int32Array(memory.buffer);
  }

  run(launch: number, row: number): void {
    // Unshared memory gets a new buffer when it grows; launches lie low enough to be seen in any shared one.
    if (this.words.length === 0) this.words = new Int32Array(this.memory.buffer);
    const { words } = this;
    const base = launch / 4;
    const at = base + words[base + 2 + row];
    const count = words[at];
    const args: number[] = [];
    for (let i = 1; i <= count; i++) {
      const word = words[at + i];
      if (word === LIST_ARGUMENT) args.push(4 * (at + count + 1));
      else args.push(word === SCRATCH_ARGUMENT ? this.scratch : word);
    }
    this.kernels[words[base]](...args);
  }
}

/** A worker's life: takes rows in order, launch after launch, and sleeps when there is none. Returns only by an error. */
export function serve(
  kernels: readonly KernelFunction[],
  memory: WebAssembly.Memory,
  scratch: number,
  wake: () => void,
): never {
  const runner = new RowRunner(kernels, memory, scratch);
  const control = new Int32Array(memory.buffer, 0, ADDRESS.scratch / 4);
  for (;;) {
    const ticket = Atomics.load(control, CONTROL.ticket);
    const sequence = ticket >>> ROW_BITS;
    const published = Atomics.load(control, CONTROL.published);
    if ((published & SEQUENCE_MASK) === sequence) {
      sleepWhile(control, CONTROL.published, published);
      continue;
    }
    const entry = ADDRESS.index / 4 + INDEX_WORDS * (sequence % INDEX_SIZE);
    const rows = control[entry + 1];
    const row = ticket & (2 ** ROW_BITS - 1);
    // Another thread runs the last row, and the next launch must not begin before. Mostly that is a matter of microseconds,
    // but where processors are shared that thread may have lost its own: who waits awake would keep others from running.
    if (row >= rows) {
      sleepWhile(control, CONTROL.ticket, ticket);
      continue;
    }
    if (Atomics.compareExchange(control, CONTROL.ticket, ticket, (ticket + 1) | 0) !== ticket) continue;
    runner.run(control[entry], row);
    if (Atomics.add(control, entry + 2, 1) + 1 !== rows) continue;
    const completed = (Atomics.add(control, CONTROL.completed, 1) + 1) | 0;
    Atomics.store(control, CONTROL.ticket, ((sequence + 1) & SEQUENCE_MASK) << ROW_BITS);
    Atomics.notify(control, CONTROL.ticket);
    if (
      Atomics.load(control, CONTROL.waiting) === 1 &&
      ((completed - Atomics.load(control, CONTROL.wanted)) | 0) >= 0
    ) {
      if (Atomics.compareExchange(control, CONTROL.waiting, 1, 0) === 1) wake();
    }
  }
}

/** What a worker with a memory of its own is asked to do, in order. */
export type Task =
  | readonly [task: "launch", words: Uint32Array]
  | readonly [task: "store", address: number, words: Uint32Array]
  | readonly [task: "quotients", values: number, quotients: number, count: number, prime: number]
  | readonly [task: "grow", pages: number]
  | readonly [task: "read", id: number, limbs: readonly number[], count: number]
  | readonly [task: "wipe", id: number];

/** Its answers: what was read, or nothing after a wipe. */
export type Answer = readonly [id: number, limbs: readonly Uint32Array<ArrayBuffer>[]];

/** Such a worker's tasks. Words that were sent are overwritten when they are used: some are seeds of secrets. */
export class TaskRunner {
  private readonly runner: RowRunner;

  constructor(
    kernels: readonly KernelFunction[],
    private readonly quotients: KernelFunction,
    private readonly memory: WebAssembly.Memory,
    private readonly send: (answer: Answer) => void,
  ) {
    this.runner = new RowRunner(kernels, memory, ADDRESS.scratch);
  }

  run(task: Task): void {
    switch (task[0]) {
      case "launch": {
        const [, words] = task;
        const rows = words[1];
        this.store(ADDRESS.ring, words);
        for (let row = 0; row < rows; row++) this.runner.run(ADDRESS.ring, row);
        break;
      }
      case "store":
        this.store(task[1], task[2]);
        break;
      case "quotients":
        this.quotients(task[1], task[2], task[3], task[4]);
        break;
      case "grow":
        this.memory.grow(task[1]);
        break;
      case "read": {
        const [, id, limbs, count] = task;
        this.send([id, limbs.map((limb) => new Uint32Array(this.memory.buffer, limb, count).slice())]);
        break;
      }
      case "wipe":
        new Uint8Array(this.memory.buffer).fill(0);
        this.send([task[1], []]);
    }
  }

  private store(address: number, words: Uint32Array): void {
    new Uint32Array(this.memory.buffer, address, words.length).set(words);
    words.fill(0);
  }
}

function sleepWhile(control: Int32Array, word: number, value: number): void {
  for (let i = 0; i < SPINS; i++) if (Atomics.load(control, word) !== value) return;
  Atomics.wait(control, word, value);
}
