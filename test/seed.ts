import fc from "fast-check";

/**
 * The seed of this run's random tests, of fast-check too. vitest.config.ts chooses and prints it;
 * `BLINDSIGHT_SEED=… npm test` replays a run.
 */
export const seed = Number(process.env.BLINDSIGHT_SEED);
if (!Number.isInteger(seed)) throw new TypeError("BLINDSIGHT_SEED: an integer is needed");
fc.configureGlobal({ seed });

/** A stream of 32-bit words, equal for equal seeds (splitmix32). Not for secrets. */
export function wordStream(stream: number): () => number {
  let state = (seed ^ Math.imul(stream + 1, 0x9e3779b9)) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}
