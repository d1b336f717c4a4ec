import { compileSmallModule } from "../ntt/webassembly.js";
import { embeddingBase64 } from "./embedding.generated.js";

/**
 * The canonical embedding of CKKS on n slots: slot j is the polynomial's value at ζ^(5^j), ζ = exp(2πi/4n).
 * Source: Cheon, Han, Kim, Kim, Song, "Bootstrapping for approximate homomorphic encryption", EUROCRYPT 2018, section 5.
 */
export interface ComplexVector {
  /** Real parts, one a slot. */
  readonly real: Float64Array;
  /** Imaginary parts, as many. */
  readonly imaginary: Float64Array;
}

/** Both directions work in place, O(n log n); the stages run in WebAssembly, on the calling thread. */
export class Embedding {
  private static readonly cache = new Map<number, Embedding>();
  /** exp(iφ) of the butterfly j of the stage of half-length h at h + j; byte addresses. */
  private readonly cosines: number;
  private readonly sines: number;
  private readonly reversed: Uint32Array;

  private constructor(readonly slots: number) {
    const { memory } = module();
    this.cosines = reserve(slots);
    this.sines = reserve(slots);
    const cosines = new Float64Array(memory.buffer, this.cosines, slots);
    const sines = new Float64Array(memory.buffer, this.sines, slots);
    for (let half = 1; half < slots; half <<= 1) {
      for (let j = 0, power = 1; j < half; j++, power = (5 * power) % (8 * half)) {
        const angle = (2 * Math.PI * power) / (8 * half);
        cosines[half + j] = Math.cos(angle);
        sines[half + j] = Math.sin(angle);
      }
    }
    this.reversed = new Uint32Array(slots);
    for (let i = 1; i < slots; i++) this.reversed[i] = (this.reversed[i >> 1] + (i & 1) * slots) >> 1;
  }

  static of(slots: number): Embedding {
    let embedding = Embedding.cache.get(slots);
    if (!embedding) Embedding.cache.set(slots, (embedding = new Embedding(slots)));
    return embedding;
  }

  /** Slot values to coefficients: real[i] belongs to X^i, imaginary[i] to X^(n+i). */
  toCoefficients({ real, imaginary }: ComplexVector): void {
    const { slots, reversed } = this;
    const work = workspace(slots);
    work.real.set(real);
    work.imaginary.set(imaginary);
    module().exports.toCoefficients(WORK, WORK + 8 * MOST_SLOTS, this.cosines, this.sines, slots);
    for (let i = 0; i < slots; i++) {
      real[i] = work.real[reversed[i]];
      imaginary[i] = work.imaginary[reversed[i]];
    }
    wipe(work);
  }

  /** Coefficients to slot values: the inverse of `toCoefficients`. */
  toSlots({ real, imaginary }: ComplexVector): void {
    const { slots, reversed } = this;
    const work = workspace(slots);
    for (let i = 0; i < slots; i++) {
      work.real[i] = real[reversed[i]];
      work.imaginary[i] = imaginary[reversed[i]];
    }
    module().exports.toSlots(WORK, WORK + 8 * MOST_SLOTS, this.cosines, this.sines, slots);
    real.set(work.real);
    imaginary.set(work.imaginary);
    wipe(work);
  }
}

const PAGE = 65536;
/** N = 2^16. */
const MOST_SLOTS = 2 ** 15;
const WORK = PAGE;
/** Values, and the tables of all fifteen numbers of slots. */
const MOST_PAGES = 64;

type Stages = (real: number, imaginary: number, cosines: number, sines: number, slots: number) => void;

interface EmbeddingModule {
  readonly memory: WebAssembly.Memory;
  readonly exports: { readonly toCoefficients: Stages; readonly toSlots: Stages };
}

let instance: EmbeddingModule | undefined;
let top = WORK + 16 * MOST_SLOTS;

/** Two kilobytes, so that it may be compiled at once even on a page's main thread. */
function module(): EmbeddingModule {
  if (!instance) {
    const memory = new WebAssembly.Memory({ initial: top / PAGE, maximum: MOST_PAGES });
    const { exports } = new WebAssembly.Instance(compileSmallModule(embeddingBase64), { env: { memory } });
    instance = { memory, exports: exports as unknown as EmbeddingModule["exports"] };
  }
  return instance;
}

/** Space for a table, never freed: some kilobytes for each number of slots in use. */
function reserve(count: number): number {
  const { memory } = module();
  const address = top;
  top += Math.ceil(count / 2) * 16;
  if (top > memory.buffer.byteLength) memory.grow(Math.ceil((top - memory.buffer.byteLength) / PAGE));
  return address;
}

function workspace(slots: number): ComplexVector {
  const { buffer } = module().memory;
  return {
    real: new Float64Array(buffer, WORK, slots),
    imaginary: new Float64Array(buffer, WORK + 8 * MOST_SLOTS, slots),
  };
}

/** What was transformed may be secret. */
export function wipe({ real, imaginary }: ComplexVector): void {
  real.fill(0);
  imaginary.fill(0);
}
