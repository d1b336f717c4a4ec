import { ParameterError } from "../errors.js";
import type { ParameterLiteral } from "./parameter-literal.js";
import { chunks, logProduct } from "./primelist.js";

/**
 * How key switching takes a polynomial apart: digits of so many primes, and the primes of its P. A key has the gadget of the highest level
 * that it reaches. Low levels have room for a larger P, so that all of a polynomial is one digit, and need a smaller one.
 * Source: Han and Ki, CT-RSA 2020 (hybrid key switching, one gadget); P by level is ours.
 */
export interface Gadget {
  /** The first of the parameters' special primes. */
  readonly special: readonly number[];
  /** Primes of Q in a digit. */
  readonly digitPrimes: number;
}

/**
 * The gadget of each level, one object for equal ones.
 * @throws ParameterError for one that would drown in noise, or is none
 */
export function gadgetsOf({ levels, special, digitPrimes, gadgets }: ParameterLiteral): readonly Gadget[] {
  const all = gadgets ?? levels.map(() => ({ specialPrimes: special.length, digitPrimes }));
  check(all.length === levels.length, `${all.length} gadgets for ${levels.length} levels`, "give one for each level");
  const known = new Map<string, Gadget>();
  const found = all.map((each, level) => {
    check(isCount(each?.digitPrimes), `digitPrimes ${each?.digitPrimes} is not a positive integer`, "use 1 or more");
    check(
      gadgets === undefined || (isCount(each.specialPrimes) && each.specialPrimes <= special.length),
      `a gadget takes ${each.specialPrimes} of ${special.length} special primes`,
      "take at least one, and no more than there are",
    );
    const key = `${each.specialPrimes} ${each.digitPrimes}`;
    if (!known.has(key)) {
      const own = Object.freeze(special.slice(0, each.specialPrimes));
      known.set(key, Object.freeze({ special: own, digitPrimes: each.digitPrimes }));
    }
    const gadget = known.get(key)!;
    const digitBits = largestDigit(levels.slice(0, level + 1).flat(), gadget.digitPrimes);
    check(
      logProduct(gadget.special) >= digitBits,
      `P has ${logProduct(gadget.special).toFixed(1)} bits, a digit ${digitBits.toFixed(1)}: key switching would drown in noise`,
      "add special primes or make the digits smaller",
    );
    return gadget;
  });
  const top = found[found.length - 1];
  check(
    top.digitPrimes === digitPrimes,
    `digitPrimes ${digitPrimes} is not the highest level's ${top.digitPrimes}`,
    "give both the same",
  );
  return Object.freeze(found);
}

/** log2 of the largest Q·P that any key has: what security depends on. The secret key's own primes hide nothing. */
export function largestModulus(levels: readonly (readonly number[])[], gadgets: readonly Gadget[]): number {
  return Math.max(
    ...gadgets.map(({ special }, level) => logProduct([...levels.slice(0, level + 1).flat(), ...special])),
  );
}

/** Bits of the largest digit. */
export function largestDigit(primes: readonly number[], digitPrimes: number): number {
  return Math.max(...chunks(primes, digitPrimes).map(logProduct));
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1;
}

function check(condition: boolean, message: string, fix: string): asserts condition {
  if (!condition) throw new ParameterError(message, fix);
}
