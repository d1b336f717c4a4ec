import { automorphismTable, twiddles } from "../roots.js";
import type { Arena } from "./arena.js";
import type { Kernels } from "./module.js";

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
    private readonly kernels: Kernels,
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
      const offsets = automorphismTable(galois, logN).map((index) => 4 * index);
      address = this.store(offsets);
      this.automorphisms.set(key, address);
    }
    return address;
  }

  private withQuotients(values: Uint32Array, prime: number): { values: number; quotients: number } {
    const address = this.store(values);
    const quotients = this.arena.reserve(4 * values.length);
    this.kernels.quotients(address, quotients, values.length, prime);
    return { values: address, quotients };
  }

  private store(words: Uint32Array): number {
    const address = this.arena.reserve(4 * words.length);
    this.arena.words(address, words.length).set(words);
    return address;
  }
}
