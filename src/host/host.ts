/**
 * What Node and a page do differently. The private import `#host` in package.json is `node.js` where the condition "node"
 * holds and `page.js` elsewhere: runtimes and bundlers choose, so neither sees the other's modules.
 */
export interface Host {
  /** Of the machine, as far as it tells. */
  readonly processors: number;
  /** Whether threads can be started. */
  readonly hasWorkers: boolean;
  /** CRC-32 of `data` behind what `before` is that of, where the platform has it: three times as quick as ours. */
  readonly crc32?: (data: Uint8Array, before: number) => number;
  /** Whether it makes sense to ask for an adapter: on Linux without one the Vulkan loader writes warnings to stderr. */
  mayHaveGpu(): boolean;
  /** The package `webgpu`, which is optional; a page has its own `navigator.gpu` or nothing. */
  readonly importWebgpu?: () => Promise<WebgpuPackage>;
  /**
   * A new file for this process alone, empty, which is gone when it is closed or the process ends.
   * @param folder default the platform's for temporary files; a page has no folders
   * @throws DeviceError where there is none to be had
   */
  openScratchFile(folder?: string): Promise<ScratchFile>;
  /**
   * @throws DeviceError where the platform refuses at once and says why. What it says later comes to `listen`.
   */
  startWorker(source: WorkerSource, data: unknown): Promise<HostWorker>;
}

/** Read and written at any place, and at once. */
export interface ScratchFile {
  readonly name: string;
  /** @returns how many bytes were read: fewer where the file ends */
  read(into: Uint8Array, at: number): number;
  write(bytes: Uint8Array, at: number): void;
  close(): void;
}

export interface WebgpuPackage {
  /** A `GPU`: public types reach this file, and must not ask their users for @webgpu/types. */
  create(options: readonly string[]): unknown;
}

export interface WorkerSource {
  /** A classic script. */
  readonly script: string;
  /** Where the same script lies; without it a worker starts from the text. */
  readonly url?: WorkerUrl;
}

/** A string, a `URL` or, on pages with Trusted Types, a `TrustedScriptURL`. */
export type WorkerUrl = string | { toString(): string };

/** What Node's and the browser's workers have in common, as far as it is needed here. */
export interface HostWorker {
  /** One listener: for messages, and for the worker's end by itself. */
  listen(onMessage: (message: unknown) => void, onEnd: (reason: unknown) => void): void;
  send(message: unknown, transfer: ArrayBuffer[]): void;
  /** Whether the worker keeps the process alive. Browsers have no such thing. */
  keepAlive(alive: boolean): void;
  end(): Promise<void>;
}
