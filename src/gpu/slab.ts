import type { Health } from "./health.js";
import { BUFFER_USE } from "./usage.js";

/** A buffer for limbs, with the content of `previous`, which is overwritten and given back. */
export function createSlab(gpu: GPUDevice, health: Health, bytes: number, previous: GPUBuffer | undefined): GPUBuffer {
  const usage = BUFFER_USE.storage | BUFFER_USE.copySource | BUFFER_USE.copyTarget;
  const slab = health.allocating(() => gpu.createBuffer({ label: "limbs", size: bytes, usage }));
  if (previous) {
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(previous, 0, slab, 0, previous.size);
    encoder.clearBuffer(previous);
    // What waits for submission names limbs, not buffers: it may run after this.
    gpu.queue.submit([encoder.finish()]);
    previous.destroy();
  }
  return slab;
}

/** Bytes of a buffer that can be both created and bound. */
export function largestBinding({ maxBufferSize, maxStorageBufferBindingSize }: GPUSupportedLimits): number {
  return Math.min(maxBufferSize, maxStorageBufferBindingSize);
}
