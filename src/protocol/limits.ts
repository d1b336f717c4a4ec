/** What client and service agree on beside the shapes of their messages. */

/** Where all routes begin. A later version of the protocol gets another prefix, and both are served for a while. */
export const PREFIX = "/v1";

/** Blobs go in chunks of so many bytes, the last one shorter: a transfer that breaks loses one of them. */
export const CHUNK_BYTES: number = 2 ** 22;

/** Largest blob: an encrypted model of RL-7 at 224 pixels has 8.3 GB. */
export const MOST_BLOB_BYTES: number = 2 ** 36;

/** Largest JSON body, and largest plan. */
export const MOST_JSON_BYTES: number = 2 ** 16;
export const MOST_PLAN_BYTES: number = 2 ** 26;

/** Longest that a request for a job's state waits for it to change, in seconds. */
export const MOST_WAIT_SECONDS = 25;

/** How many chunks a blob has. */
export function chunksOf(bytes: number): number {
  return Math.ceil(bytes / CHUNK_BYTES);
}

/** Bytes of chunk n. */
export function chunkBytes(bytes: number, n: number): number {
  return Math.min(CHUNK_BYTES, bytes - n * CHUNK_BYTES);
}
