import { type ParameterRequest, Parameters } from "../../src/ckks/index.js";
import { chunks, logProduct } from "../../src/ckks/primelist.js";
import { primePool } from "../../src/ntt/primes.js";
import { wordStream } from "../seed.js";

/** Seeded choices. */
export class Draw {
  private readonly next: () => number;

  constructor(stream: number) {
    this.next = wordStream(stream);
  }

  /** In [0, 1). */
  unit(): number {
    return this.next() / 2 ** 32;
  }

  /** In [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.unit();
  }

  /** A whole number in [from, to]. */
  whole(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.whole(0, items.length - 1)];
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }
}

/**
 * Parameters of every permitted kind: levels of one prime and of two in any order over a base of one to three, primes from
 * 2^24 to 2^30, a digit for every prime up to one for all, P as small as it may be or larger, base scales from 2^10 on; or
 * what `choose` makes of a request. No security is claimed for those drawn by hand.
 */
export function randomParameters(draw: Draw, largestLogN: number): Parameters {
  return draw.chance(0.25) && largestLogN >= 12 ? chosen(draw, largestLogN) : drawn(draw, draw.whole(10, largestLogN));
}

function drawn(draw: Draw, logN: number): Parameters {
  const widths = [draw.whole(1, 3), ...Array.from({ length: draw.whole(0, 5) }, () => draw.whole(1, 2))];
  const smallest = 2 ** draw.pick([24, 27, 29]);
  const pool = primePool().filter((p) => p > smallest);
  const taken = new Set<number>();
  const take = () => {
    for (;;) {
      const p = draw.pick(pool);
      if (!taken.has(p)) {
        taken.add(p);
        return p;
      }
    }
  };
  const levels = widths.map((width) => Array.from({ length: width }, take));
  const primes = levels.flat();
  const digitPrimes = draw.chance(0.3) ? 1 : draw.whole(1, primes.length);
  const digitBits = Math.max(...chunks(primes, digitPrimes).map(logProduct));
  const special: number[] = [];
  while (logProduct(special) < digitBits + draw.pick([0, 2, 6])) special.push(take());
  const most = logProduct(levels[0]) - 2;
  const baseScaleBits = draw.pick([10, Math.min(24, most), draw.between(10, most), most]);
  return Parameters.of({ logN, levels, special, digitPrimes, baseScaleBits, security: "none" });
}

function chosen(draw: Draw, largestLogN: number): Parameters {
  const request: ParameterRequest = {
    depth: draw.whole(0, 4),
    precision: draw.pick(["standard", "high"]),
    wideBase: draw.pick([undefined, false]),
    smallerPrimes: draw.pick([undefined, false]),
    baseScaleBits: draw.pick([undefined, undefined, 10, 20, 26.5]),
    dnum: draw.pick([undefined, undefined, 1, 2]),
  };
  const parameters = Parameters.choose(request);
  return parameters.logN <= largestLogN ? parameters : chosen(draw, largestLogN);
}
