import { DeviceError } from "../errors.js";
import type { ScratchFile } from "./host.js";

/** What is used of a page's own file system: the library of types for pages has no files that are read at once. */
interface OriginFolder {
  getFileHandle(name: string, options: { create: boolean }): Promise<OriginFile>;
  removeEntry(name: string): Promise<void>;
}

interface OriginFile {
  /** In workers only. */
  createSyncAccessHandle?(): Promise<SyncAccess>;
}

interface SyncAccess {
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  close(): void;
}

/** A file of the page's origin, which only its own scripts see. The browser asks nobody, and counts it into the page's quota. */
export async function openOriginFile(): Promise<ScratchFile> {
  const name = `blindsight-${crypto.randomUUID()}`;
  const fix =
    "open it in a dedicated worker of a page in a secure context, or leave the store out: memory is the default";
  let folder: OriginFolder;
  let file: OriginFile;
  try {
    folder = (await navigator.storage.getDirectory()) as unknown as OriginFolder;
    file = await folder.getFileHandle(name, { create: true });
  } catch (cause) {
    throw new DeviceError(`this page gets no file: ${cause}`, fix, { cause });
  }
  const remove = () => folder.removeEntry(name).catch(() => {}); // it was somebody else's wish, then
  if (!file.createSyncAccessHandle) {
    await remove();
    throw new DeviceError("files are read at once in workers only", fix);
  }
  const access = await file.createSyncAccessHandle();
  return {
    name,
    read: (into, at) => access.read(into, { at }),
    write(bytes, at) {
      const written = access.write(bytes, { at });
      if (written < bytes.length) throw new Error(`${written} of ${bytes.length} bytes were written`);
    },
    close() {
      access.close();
      void remove();
    },
  };
}
