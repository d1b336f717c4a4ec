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
  const vectors = Array.from({ length: indices.length / 4 }, (_, v) => {
    const four = indices.subarray(4 * v, 4 * v + 4);
    const source = four[0] & ~3;
    if (four.some((index) => (index & ~3) !== source)) throw new RangeError("the permutation takes a vector apart");
    const order = four.reduce((code, index) => 4 * code + (index & 3), 0);
    if (!orders.includes(order)) orders.push(order);
    return 4 * source + orders.indexOf(order);
  });
  const bytes = new Uint8Array(128);
  for (const [i, order] of orders.entries()) {
    for (let b = 0; b < 16; b++) bytes[16 * i + b] = 4 * ((order >> (6 - 2 * (b >> 2))) & 3) + (b & 3);
  }
  return Uint32Array.of(...new Uint32Array(bytes.buffer), ...vectors);
}
