import { sha256 } from "@noble/hashes/sha2.js";
import { collect } from "./stream.js";

/** SHA-256 of runs of bytes one behind the other: by the platform where it has WebCrypto, which is ten times as quick. */
export async function digestOf(runs: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) {
    const hash = sha256.create();
    for await (const run of runs) hash.update(run);
    return hash.digest();
  }
  return new Uint8Array(await subtle.digest("SHA-256", await collect(runs)));
}
