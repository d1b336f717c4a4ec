import type { FileHandle } from "node:fs/promises";

/** A ciphertext's chunks are tens of kilobytes, and a call into the system for each takes longer than they do. */
const BUFFER_BYTES = 2 ** 22;

/**
 * Writes chunks one behind the other, gathered to four megabytes, while the next are made. One array is written as it is.
 * @param onChunk before each
 * @returns their bytes
 */
export async function writeChunks(
  file: FileHandle,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  onChunk?: () => void,
): Promise<number> {
  if (content instanceof Uint8Array) return writeAll(file, content);
  const buffers = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)];
  let [bytes, used] = [0, 0];
  let pending: Promise<unknown> = Promise.resolve();
  /** The half that is full goes, and the other one is free once its own bytes are written. */
  const flush = async (): Promise<void> => {
    await pending;
    pending = writeAll(file, buffers[0].subarray(0, used));
    pending.catch(() => undefined); // whoever waits for it next hears of it
    buffers.reverse();
    used = 0;
  };
  try {
    for await (const chunk of content) {
      onChunk?.();
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + BUFFER_BYTES - used);
        buffers[0].set(part, used);
        used += part.length;
        at += part.length;
        if (used === BUFFER_BYTES) await flush();
      }
      bytes += chunk.length;
    }
    await flush();
    await pending;
  } finally {
    await pending.catch(() => undefined); // nothing is written to a file that is closed
  }
  return bytes;
}

/** A write may take less than it was given. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<number> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  return bytes.length;
}
