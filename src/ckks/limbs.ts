import type { Limb } from "../ntt/kernels.js";
import { gave, lost, took } from "./pressure.js";
import type { Ring } from "./ring.js";

/** What is to be given back, and whether it is to be overwritten first. Knows nothing of its owner, who may be collected. */
interface Holding {
  readonly ring: Ring;
  readonly limbs: readonly Limb[];
  secret: boolean;
}

const abandoned = new FinalizationRegistry<Holding>((holding) => {
  lost(bytesOf(holding));
  giveBack(holding);
});

/**
 * Limbs and their one owner: `dispose` gives them back, and the garbage collector does where that was forgotten. Those of a
 * secret are overwritten on the way, so that a secret is gone however its scope was left, by an error too.
 */
export class OwnedLimbs implements Disposable {
  private holding: Holding | undefined;

  constructor(
    readonly ring: Ring,
    limbs: readonly Limb[],
    secret = false,
  ) {
    this.holding = { ring, limbs, secret };
    took(bytesOf(this.holding));
    abandoned.register(this, this.holding, this);
  }

  /** @throws TypeError after `dispose`: the limbs may be somebody else's by now, and an overwritten secret would encrypt nothing. */
  get limbs(): readonly Limb[] {
    return this.held().limbs;
  }

  /** Whether the limbs are overwritten when they are given back. What is computed from a secret is one, until `publish`. */
  get secret(): boolean {
    return this.held().secret;
  }

  /** From now on a secret too, if `other` is: for sums in place. */
  inherit(other: OwnedLimbs): void {
    this.held().secret ||= other.secret;
  }

  [Symbol.dispose](): void {
    if (this.holding) giveBack(this.surrender());
  }

  /** Ends the ownership without giving anything back: the caller owns the limbs from now on. */
  protected surrender(): Holding {
    const holding = this.held();
    gave(bytesOf(holding)); // a new owner takes them again
    this.holding = undefined;
    abandoned.unregister(this);
    return holding;
  }

  /** @throws TypeError after `dispose`. */
  requireAlive(): void {
    this.held();
  }

  private held(): Holding {
    if (!this.holding) throw new TypeError("a ciphertext, plaintext or key was used after it was disposed of");
    return this.holding;
  }
}

/** What remembers a part of a whole that is not finished yet. */
export type Keep = <D extends Disposable>(part: D) => D;

/** What `make` returns; if it throws or rejects, the parts that it kept until then are disposed of. */
export function allOrNothing<T>(make: (keep: Keep) => T): T {
  const parts: Disposable[] = [];
  const giveUp = (error: unknown): never => {
    for (const part of parts) part[Symbol.dispose]();
    throw error;
  };
  try {
    const made = make((part) => {
      parts.push(part);
      return part;
    });
    return made instanceof Promise ? (made.catch(giveUp) as T) : made;
  } catch (error) {
    return giveUp(error);
  }
}

function giveBack({ ring, limbs, secret }: Holding): void {
  ring.device.free(ring.logN, limbs, secret);
}

function bytesOf({ ring, limbs }: Pick<Holding, "ring" | "limbs">): number {
  return limbs.length * 4 * 2 ** ring.logN;
}
