import { KERNEL_NAMES, type KernelName, type Limb } from "../ntt/kernels.js";

/** Kernels by their place in `KERNEL_NAMES`. */
export const KERNEL = Object.fromEntries(KERNEL_NAMES.map((name, i) => [name, i])) as Readonly<
  Record<KernelName, number>
>;

/** In the place of the kernel of a row that became part of another one, and of the limb of an operand that is none any more. */
const GONE = -1;

/** What `Rows` held at some time, to go back to before they are cleared. */
export interface Mark {
  readonly age: number;
  readonly rows: number;
  readonly words: number;
  readonly operands: number;
}

/**
 * Rows that wait for submission: words as their shaders read them, and the limbs that they read and write. All lie in a few
 * flat vectors, since an image has thousands of them: to collect them as objects took longer than a GPU needs to run them.
 */
export class Rows {
  count = 0;
  kernels = new Int8Array(2 ** 11);
  logNs = new Uint8Array(2 ** 11);
  /** Where a row's words begin, and how many they are. */
  first = new Int32Array(2 ** 11);
  lengths = new Int32Array(2 ** 11);
  words = new Uint32Array(2 ** 16);
  /** A row's first operand, and each operand's next one; −1 ends the list. */
  operands = new Int32Array(2 ** 11);
  next = new Int32Array(2 ** 14);
  /** Of an operand: its limb, whether the limb is written, its row. */
  limbs = new Int32Array(2 ** 14);
  written = new Uint8Array(2 ** 14);
  owners = new Int32Array(2 ** 14);
  operandCount = 0;
  wordCount = 0;
  /** One more than the largest limb that was ever an operand: the length of vectors by limb. */
  limbBound = 0;
  private lastOperands = new Int32Array(2 ** 11);
  /** The row that words and operands are added to. */
  private current = 0;
  /** By limb: when it was an operand last. */
  private namedAt = new Int32Array(0);
  private age = 1;

  /** Begins a row; `word`, `reads` and `writes` add to it. */
  begin(kernel: KernelName, logN: number): void {
    if (this.count === this.first.length) this.growRows();
    const row = this.count++;
    this.kernels[row] = KERNEL[kernel];
    this.logNs[row] = logN;
    this.operands[row] = this.lastOperands[row] = -1;
    this.rewrite(row);
  }

  /** Gives a row other words: those that follow. */
  rewrite(row: number): void {
    this.current = row;
    this.first[row] = this.wordCount;
    this.lengths[row] = 0;
  }

  word(word: number): void {
    if (this.wordCount === this.words.length) this.growWords();
    this.words[this.wordCount++] = word;
    this.lengths[this.current]++;
  }

  reads(limb: number): void {
    this.operand(limb, 0);
  }

  writes(limb: number): void {
    this.operand(limb, 1);
  }

  private operand(limb: number, written: 0 | 1): void {
    if (this.operandCount === this.limbs.length) this.growOperands();
    const operand = this.operandCount++;
    this.limbs[operand] = limb;
    this.written[operand] = written;
    this.owners[operand] = this.current;
    this.next[operand] = -1;
    this.append(this.current, operand, operand);
    if (limb >= this.limbBound) this.limbBound = limb + 1;
    if (limb >= this.namedAt.length) this.namedAt = grown(this.namedAt, limb + 1);
    this.namedAt[limb] = this.age;
  }

  /** Whether a row that waits has the limb for an operand. */
  names(limb: Limb): boolean {
    return this.namedAt[limb] === this.age;
  }

  /** An operand that is none any more: lists keep it, without a limb. */
  drop(operand: number): void {
    this.limbs[operand] = GONE;
  }

  /** One row becomes part of another, which takes its operands over. */
  merge(from: number, into: number): void {
    this.kernels[from] = GONE;
    for (let o = this.operands[from]; o >= 0; o = this.next[o]) this.owners[o] = into;
    if (this.operands[from] >= 0) this.append(into, this.operands[from], this.lastOperands[from]);
    this.operands[from] = -1;
  }

  /** A row that nobody needs any more. */
  remove(row: number): void {
    this.kernels[row] = GONE;
  }

  stands(row: number): boolean {
    return this.kernels[row] !== GONE;
  }

  mark(): Mark {
    return { age: this.age, rows: this.count, words: this.wordCount, operands: this.operandCount };
  }

  /** Forgets the rows begun since. */
  restore({ age, rows, words, operands }: Mark): void {
    if (age !== this.age) throw new Error("rows that have run cannot be taken back");
    this.words.fill(0, words, this.wordCount);
    this.count = rows;
    this.wordCount = words;
    this.operandCount = operands;
  }

  /** Forgets all rows; their words may have held seeds of secrets. */
  clear(): void {
    this.restore({ age: this.age, rows: 0, words: 0, operands: 0 });
    this.age++;
  }

  private append(row: number, first: number, last: number): void {
    if (this.operands[row] < 0) this.operands[row] = first;
    else this.next[this.lastOperands[row]] = first;
    this.lastOperands[row] = last;
  }

  private growWords(): void {
    const shorter = this.words;
    this.words = grown(shorter);
    shorter.fill(0);
  }

  private growRows(): void {
    this.kernels = grown(this.kernels);
    this.logNs = grown(this.logNs);
    this.first = grown(this.first);
    this.lengths = grown(this.lengths);
    this.operands = grown(this.operands);
    this.lastOperands = grown(this.lastOperands);
  }

  private growOperands(): void {
    this.next = grown(this.next);
    this.limbs = grown(this.limbs);
    this.written = grown(this.written);
    this.owners = grown(this.owners);
  }
}

/** A vector twice as long, or as long as asked for if that is more, with the same beginning. */
export function grown<V extends Int8Array | Uint8Array | Int32Array | Uint32Array>(vector: V, length = 0): V {
  const longer = new (vector.constructor as new (length: number) => V)(Math.max(2 * vector.length, length));
  longer.set(vector);
  return longer;
}
