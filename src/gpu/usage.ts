/** WebGPU's flags by number: browsers have them as globals, Node has not. */
export const BUFFER_USE = { mapRead: 1, copySource: 4, copyTarget: 8, storage: 128 } as const;
export const MAP_READ = 1;

/** A copy where other threads see the memory: Dawn's binding for Node ends the process on such views. */
export function unshared(words: Uint32Array | Int32Array): Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const shared = typeof SharedArrayBuffer !== "undefined" && words.buffer instanceof SharedArrayBuffer;
  return shared ? new Uint32Array(words) : (words as Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>);
}
