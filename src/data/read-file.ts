import { open, stat } from "node:fs/promises";
import { DataError } from "../errors.js";

/**
 * The bytes of a file of at most `mostBytes`; undefined where there is none. Only of a regular file: a device or a pipe
 * may have no end, or never begin.
 * @throws DataError naming the path and the way out: a folder, a device, a pipe, too large, or the system's refusal.
 */
export async function readFileWhole(path: string, mostBytes: number): Promise<Uint8Array | undefined> {
  try {
    // Before it is opened: opening a pipe waits for whoever writes into it.
    const found = await stat(path);
    if (found.isDirectory()) throw new DataError(`${path} is a folder`, "name a file in it");
    if (!found.isFile()) throw new DataError(`${path} is a device or a pipe`, "copy its contents into a file first");
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > mostBytes) throw tooLarge(path, size, mostBytes);
      // What a file grows by meanwhile is not read, nor what those of /proc hold that claim to be empty.
      const bytes = new Uint8Array(size);
      let filled = 0;
      for (let read = -1; filled < size && read !== 0; filled += read) {
        read = (await file.read(bytes, filled, size - filled, filled)).bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DataError(`${path} cannot be read (${code ?? message})`, "check the path and its permissions", { cause });
  }
}

function tooLarge(path: string, size: number, mostBytes: number): DataError {
  return new DataError(`${path} is ${size} bytes, at most ${mostBytes} are read`, "name a smaller file");
}
