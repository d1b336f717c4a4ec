import { host } from "#host";
import { FileStore } from "./ckks/paging/file-store.js";
import type { Store } from "./ckks/paging/store.js";

/** All optional. */
export interface ScratchFileOptions {
  /** Where the file is made; default the platform's folder for temporary files. A page has no folders. */
  readonly folder?: string;
}

/**
 * A store in a file, for models and keys that are larger than memory: `Server.withMemoryLimit(…, { memoryLimit, store })`. The
 * file has no name by the time this returns, can be read by this user only (mode 0600), and is gone when the store is disposed
 * of or the process ends. It holds what a server holds: packed ciphertexts, keys without a secret, and the weights of a plain
 * model as they are. In a browser it belongs to the page's origin, and is there in workers only.
 * @throws DeviceError where no file can be made
 */
export async function openScratchFile({ folder }: ScratchFileOptions = {}): Promise<Store> {
  return new FileStore(await host.openScratchFile(folder));
}
