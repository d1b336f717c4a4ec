import type { BlobKind } from "../protocol/messages.js";
import type { Signal } from "./connection.js";

/** What is sent: its length, and its bytes from the beginning, as often as they are asked for. */
export interface Upload {
  /** What the file's header says. */
  readonly kind: BlobKind;
  /** Its length. */
  readonly bytes: number;
  /** From the beginning, each time; a chunk is not used after the next is asked for. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/** All optional. */
export interface UploadOptions {
  /** Told the bytes that the service has. */
  readonly onProgress?: (sentBytes: number, bytes: number) => void;
  /** Ends it between two requests, or in one, with the signal's reason. */
  readonly signal?: Signal;
}
