/** What is asked of an AbortSignal, whose type not every library of TypeScript's has. */
export interface Aborting {
  /** Throws the signal's reason once it was aborted. */
  throwIfAborted(): void;
}
