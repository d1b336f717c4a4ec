import { DeviceError } from "../errors.js";
import { twiddles } from "../ntt/roots.js";
import { shoupWords } from "./constants.js";
import type { Health } from "./health.js";
import { BUFFER_USE } from "./usage.js";

/** Where the twiddle factors of one prime and size begin, in vectors of four words. */
export interface TransformTables {
  readonly forward: number;
  readonly inverse: number;
}

const FIRST_BYTES = 2 ** 20;
const VECTOR_BYTES = 16;

/**
 * Twiddle factors in the device's memory, made at first use and kept. They have a buffer of their own, since they are read
 * by fours: each factor stands beside its quotient, so that one load brings two of both.
 */
export class Twiddles {
  buffer: GPUBuffer;
  /** Changes whenever the buffer does. */
  generation = 0;
  private used = 0;
  /** By size, then prime: every row of a transform asks. */
  private readonly transforms: Map<number, TransformTables>[] = [];

  constructor(
    private readonly gpu: GPUDevice,
    private readonly health: Health,
    private readonly bindingLimit: number,
  ) {
    this.buffer = this.create(Math.min(FIRST_BYTES, bindingLimit));
  }

  transform(prime: number, logN: number): TransformTables {
    const ofSize = (this.transforms[logN] ??= new Map());
    let tables = ofSize.get(prime);
    if (!tables) {
      const { forward, inverse } = twiddles(prime, logN);
      this.makeRoom(2 * 2 * 4 * forward.length);
      const place = (powers: Uint32Array) => {
        const first = this.used / VECTOR_BYTES;
        const words = pairs(powers, prime);
        this.gpu.queue.writeBuffer(this.buffer, this.used, words);
        this.used += words.byteLength;
        return first;
      };
      ofSize.set(prime, (tables = { forward: place(forward), inverse: place(inverse) }));
    }
    return tables;
  }

  destroy(): void {
    this.buffer.destroy();
  }

  /** @throws DeviceError when the adapter cannot bind so much. */
  private makeRoom(bytes: number): void {
    const needed = this.used + bytes;
    if (needed <= this.buffer.size) return;
    if (needed > this.bindingLimit) {
      const fix = "open another device for other parameters, or use fewer primes or a smaller N";
      throw new DeviceError(
        `twiddle factors of ${Math.round(needed / 2 ** 20)} MiB exceed what the adapter binds`,
        fix,
      );
    }
    const previous = this.buffer;
    this.buffer = this.create(Math.min(this.bindingLimit, 2 ** Math.ceil(Math.log2(needed))));
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(previous, 0, this.buffer, 0, this.used);
    // Rows that wait name places, not buffers: they may run after this.
    this.gpu.queue.submit([encoder.finish()]);
    previous.destroy();
    this.generation++;
  }

  private create(bytes: number): GPUBuffer {
    const usage = BUFFER_USE.storage | BUFFER_USE.copySource | BUFFER_USE.copyTarget;
    const size = Math.floor(bytes / VECTOR_BYTES) * VECTOR_BYTES;
    return this.health.allocating(() => this.gpu.createBuffer({ label: "twiddle factors", size, usage }));
  }
}

/** Each factor and its quotient, see `shoupWords`. */
function pairs(powers: Uint32Array, prime: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(2 * powers.length);
  for (const [i, w] of powers.entries()) [words[2 * i], words[2 * i + 1]] = shoupWords(w, prime);
  return words;
}
