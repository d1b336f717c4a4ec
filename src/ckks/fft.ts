/**
 * The canonical embedding of CKKS on n slots: slot j is the polynomial's value at ζ^(5^j), ζ = exp(2πi/4n).
 * Source: Cheon, Han, Kim, Kim, Song, "Bootstrapping for approximate homomorphic encryption", EUROCRYPT 2018, section 5.
 */
export interface ComplexVector {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** Tables of one slot count. Both directions work in place, O(n log n). */
export class Embedding {
  private static readonly cache = new Map<number, Embedding>();
  private readonly cosines: Float64Array;
  private readonly sines: Float64Array;
  /** 5^j mod 4n. */
  private readonly powers: Uint32Array;

  private constructor(readonly slots: number) {
    const order = 4 * slots;
    this.cosines = new Float64Array(order);
    this.sines = new Float64Array(order);
    for (let i = 0; i < order; i++) {
      this.cosines[i] = Math.cos((2 * Math.PI * i) / order);
      this.sines[i] = Math.sin((2 * Math.PI * i) / order);
    }
    this.powers = new Uint32Array(slots);
    for (let j = 0, power = 1; j < slots; j++, power = (5 * power) % order) this.powers[j] = power;
  }

  static of(slots: number): Embedding {
    let embedding = Embedding.cache.get(slots);
    if (!embedding) Embedding.cache.set(slots, (embedding = new Embedding(slots)));
    return embedding;
  }

  /** Slot values to coefficients: real[i] belongs to X^i, imaginary[i] to X^(n+i). */
  toCoefficients({ real, imaginary }: ComplexVector): void {
    const n = this.slots;
    for (let length = n; length > 1; length >>= 1) {
      const half = length >> 1;
      const quarter = length << 2;
      const step = (4 * n) / quarter;
      for (let j = 0; j < half; j++) {
        const angle = (quarter - (this.powers[j] % quarter)) * step;
        const c = this.cosines[angle];
        const s = this.sines[angle];
        for (let a = j; a < n; a += length) {
          const b = a + half;
          const dr = real[a] - real[b];
          const di = imaginary[a] - imaginary[b];
          real[a] += real[b];
          imaginary[a] += imaginary[b];
          real[b] = dr * c - di * s;
          imaginary[b] = dr * s + di * c;
        }
      }
    }
    reverseOrder(real);
    reverseOrder(imaginary);
    for (let i = 0; i < n; i++) {
      real[i] /= n;
      imaginary[i] /= n;
    }
  }

  /** Coefficients to slot values: the inverse of `toCoefficients`. */
  toSlots({ real, imaginary }: ComplexVector): void {
    const n = this.slots;
    reverseOrder(real);
    reverseOrder(imaginary);
    for (let length = 2; length <= n; length <<= 1) {
      const half = length >> 1;
      const quarter = length << 2;
      const step = (4 * n) / quarter;
      for (let j = 0; j < half; j++) {
        const angle = (this.powers[j] % quarter) * step;
        const c = this.cosines[angle];
        const s = this.sines[angle];
        for (let a = j; a < n; a += length) {
          const b = a + half;
          const vr = real[b] * c - imaginary[b] * s;
          const vi = real[b] * s + imaginary[b] * c;
          real[b] = real[a] - vr;
          imaginary[b] = imaginary[a] - vi;
          real[a] += vr;
          imaginary[a] += vi;
        }
      }
    }
  }
}

function reverseOrder(values: Float64Array): void {
  const n = values.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      const swap = values[i];
      values[i] = values[j];
      values[j] = swap;
    }
  }
}
