/** The platform's types, where it has a name for them: whoever compiles without its library has none. */
export type Fetch = typeof globalThis extends { fetch: infer F extends (...args: never) => unknown } ? F : never;
/** Of an AbortController. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : never;

/** Where the service is, and who asks. */
export interface TransportOptions {
  /** Begins with https://, unless it is this machine. */
  readonly url: string;
  /** What the operator gave: it goes into the Authorization header, and nowhere else. */
  readonly token: string;
  /** Default the platform's. An error of its own whose name is AbortError ends a request: it is not made again. */
  readonly fetch?: Fetch;
  /** How often a request is made again that found no answer, or was told to come later; default 8, which is half a minute. */
  readonly retries?: number;
}
