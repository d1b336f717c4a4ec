/** Words in a row that are no accident: of vectors of many different words, and of small signed ones. */
const WINDOW = 8;
const SMALL_WINDOW = 32;

interface Needle {
  readonly name: string;
  readonly words: Uint32Array;
  readonly begin: number;
  readonly length: number;
}

/** Vectors of words that are looked for in a memory, by pieces of themselves at any place. */
export class Needles {
  private readonly byHash = new Map<number, Needle[]>();
  private readonly filter = new Uint8Array(2 ** 20);
  count = 0;

  /** Cuts the vector into windows. Those of two different words, like the signs of a message, would be found everywhere. */
  add(name: string, words: Uint32Array): void {
    const different = new Set(words).size;
    if (different <= 2) return;
    const length = different > 64 || words.length === WINDOW ? WINDOW : SMALL_WINDOW;
    for (let at = 0; at + length <= words.length; at += length) {
      // A memory is zeros mostly: a window begins with something else.
      let begin = at;
      while (begin + length <= words.length && words[begin] === 0) begin++;
      if (begin + length > words.length) return;
      const hash = hashAt(words, begin);
      const same = this.byHash.get(hash) ?? [];
      this.byHash.set(hash, same);
      same.push({ name, words, begin, length });
      this.filter[hash] = 1;
      this.count++;
    }
  }

  /** What of them is in the memory: names, with the byte address of one place. */
  findIn(memory: Uint32Array): string[] {
    const found = new Map<string, number>();
    const end = memory.length - SMALL_WINDOW;
    for (let i = 0; i < end; i++) {
      if (memory[i] === 0) continue;
      const hash = hashAt(memory, i);
      if (this.filter[hash] === 0) continue;
      for (const needle of this.byHash.get(hash)!) if (isAt(memory, i, needle)) found.set(needle.name, 4 * i);
    }
    return Array.from(found, ([name, address]) => `${name} at ${address}`);
  }
}

function isAt(memory: Uint32Array, at: number, { words, begin, length }: Needle): boolean {
  for (let k = 0; k < length; k++) if (memory[at + k] !== words[begin + k]) return false;
  return true;
}

function hashAt(words: Uint32Array, at: number): number {
  const mixed =
    Math.imul(words[at], 0x9e3779b1) ^ Math.imul(words[at + 1], 0x85ebca6b) ^ Math.imul(words[at + 2], 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) & (2 ** 20 - 1);
}
