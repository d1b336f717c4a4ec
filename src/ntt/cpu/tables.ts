import { automorphismTable, twiddles } from "../roots.js";
import type { Arena } from "./arena.js";
import type { Memory } from "./memory.js";

/** Addresses of one prime's twiddle factors and of their Shoup quotients. */
export interface TransformTables {
  readonly forward: number;
  readonly forwardQuotients: number;
  readonly inverse: number;
  readonly inverseQuotients: number;
}

/** Twiddle factors and automorphisms, made at first use and kept. */
export class Tables {
  private readonly transforms = new Map<string, TransformTables>();
  private readonly automorphisms = new Map<string, number>();

  constructor(
    private readonly arena: Arena,
    private readonly memory: Memory,
  ) {}

  transform(prime: number, logN: number): TransformTables {
    const key = `${prime}/${logN}`;
    let tables = this.transforms.get(key);
    if (!tables) {
      const { forward, inverse } = twiddles(prime, logN);
      const a = this.withQuotients(forward, prime);
      const b = this.withQuotients(inverse, prime);
      tables = { forward: a.values, forwardQuotients: a.quotients, inverse: b.values, inverseQuotients: b.quotients };
      this.transforms.set(key, tables);
    }
    return tables;
  }

  automorphism(galois: number, logN: number): number {
    const key = `${galois}/${logN}`;
    let address = this.automorphisms.get(key);
    if (address === undefined) {
      address = this.store(vectorPermutation(automorphismTable(galois, logN)));
      this.automorphisms.set(key, address);
    }
    return address;
  }

  private withQuotients(values: Uint32Array, prime: number): { values: number; quotients: number } {
    const address = this.store(values);
    const quotients = this.arena.reserve(4 * values.length);
    this.memory.quotients(address, quotients, values.length, prime);
    return { values: address, quotients };
  }

  private store(words: Uint32Array): number {
    const address = this.arena.reserve(4 * words.length);
    this.memory.store(address, words);
    return address;
  }
}

/**
 * A permutation of words as the kernel `permute` reads it. In bit-reversed order an automorphism keeps fours together:
 * the exponents of neighbours differ by N/2, and so do those of their images, but for their order.
 */
function vectorPermutation(indices: Uint32Array): Uint32Array {
  const orders: number[] = [];
  const words = new Uint32Array(32 + indices.length / 4);
  for (let at = 0; at < indices.length; at += 4) {
    const source = indices[at] & ~3;
    let order = 0;
    for (let i = at; i < at + 4; i++) {
      if ((indices[i] & ~3) !== source) throw new RangeError("the permutation takes a vector apart");
      order = 4 * order + (indices[i] & 3);
    }
    let known = orders.indexOf(order);
    if (known < 0) known = orders.push(order) - 1;
    words[32 + at / 4] = 4 * source + known;
  }
  const bytes = new Uint8Array(words.buffer, 0, 128);
  for (const [i, order] of orders.entries()) {
    for (let b = 0; b < 16; b++) bytes[16 * i + b] = 4 * ((order >> (6 - 2 * (b >> 2))) & 3) + (b & 3);
  }
  return words;
}
