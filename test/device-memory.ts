import type { Device } from "../src/index.js";
import { LocalMemory } from "../src/ntt/cpu/memory.js";
import type { Task } from "../src/ntt/cpu/worker.js";

/** The inside of a worker with a memory of its own, as far as a look at that memory needs it. */
interface Remote {
  readonly bytes: number;
  readonly thread: { send(tasks: Task[], transfer: ArrayBuffer[]): void; end(): Promise<void> };
  readonly waiters: Map<number, { resolve(limbs: Uint32Array[]): void; reject(error: Error): void }>;
}

/** The memory of a device that computes on the calling thread, or shares it with its workers. */
export function localMemory(device: Device): WebAssembly.Memory {
  return (partsOf(device).arena.memory as LocalMemory).memory;
}

function partsOf(device: Device): { arena: { memory: LocalMemory | Remote } } {
  return (device as unknown as { parts: ReturnType<typeof partsOf> }).parts;
}

/** Every word of an open CPU device's memory, wherever that is, whenever it is called: after `close`, too. */
export function memoryOf(device: Device): () => Promise<Uint32Array> {
  const { arena } = partsOf(device);
  if (arena.memory instanceof LocalMemory) {
    const memory = localMemory(device);
    return async () => new Uint32Array(memory.buffer);
  }
  const worker = arena.memory;
  const { thread } = worker;
  let last: Uint32Array | undefined;
  // The worker itself is asked, by the message that reads limbs: behind all that it was told before.
  const ask = () =>
    new Promise<Uint32Array>((resolve, reject) => {
      worker.waiters.set(-1, { resolve: ([words]) => resolve(words), reject });
      thread.send([["read", -1, [0], worker.bytes / 4]], []);
    });
  const end = thread.end.bind(thread);
  thread.end = async () => {
    last = await ask(); // it wiped its memory, and is about to end
    await end();
  };
  return async () => {
    if (last) return last;
    await device.idle();
    return ask();
  };
}
