import { BUFFER_USE, MAP_READ } from "./usage.js";

/** Bytes somewhere in a buffer. */
export interface Piece {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Copies out of the device, through buffers that are kept: destroying one frees nothing until the queue advances. What
 * passed through one may have been a decryption: it is overwritten at once.
 */
export class Readback {
  private readonly free: GPUBuffer[] = [];
  private readonly busy = new Set<GPUBuffer>();

  constructor(private readonly gpu: GPUDevice) {}

  /** The pieces' words after everything submitted before. */
  async read(pieces: readonly Piece[]): Promise<Uint32Array[]> {
    const total = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total === 0) return [];
    const target = this.take(total);
    this.busy.add(target);
    const encoder = this.gpu.createCommandEncoder();
    let at = 0;
    for (const { buffer, offset, bytes } of pieces) {
      encoder.copyBufferToBuffer(buffer, offset, target, at, bytes);
      at += bytes;
    }
    this.gpu.queue.submit([encoder.finish()]);
    await target.mapAsync(MAP_READ, 0, total);
    const words = new Uint32Array(target.getMappedRange(0, total));
    let first = 0;
    const result = pieces.map(({ bytes }) => words.slice(first, (first += bytes / 4)));
    target.unmap();
    const wiping = this.gpu.createCommandEncoder();
    wiping.clearBuffer(target, 0, total);
    this.gpu.queue.submit([wiping.finish()]);
    this.busy.delete(target);
    this.free.push(target);
    return result;
  }

  /** Overwrites what is being read, and ends whoever waits for it. */
  wipe(encoder: GPUCommandEncoder): void {
    for (const buffer of this.busy) {
      buffer.unmap();
      encoder.clearBuffer(buffer);
    }
  }

  destroy(): void {
    for (const buffer of [...this.free, ...this.busy]) buffer.destroy();
  }

  private take(bytes: number): GPUBuffer {
    const place = this.free.findIndex((buffer) => buffer.size >= bytes);
    if (place >= 0) return this.free.splice(place, 1)[0];
    const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, 65536)));
    return this.gpu.createBuffer({ label: "readback", size, usage: BUFFER_USE.mapRead | BUFFER_USE.copyTarget });
  }
}
