import { describe, expect, it } from "vitest";
import { maxLogQP, type ParameterLiteral, Parameters } from "../../src/ckks/index.js";
import { ParameterError, SecurityError } from "../../src/errors.js";
import { choosePrimes, primePool } from "../../src/ntt/primes.js";
import { SETTINGS, unsafeLiteral } from "./settings.js";

const GOOD = unsafeLiteral(12, [1, 1, 1], { digitPrimes: 1, specials: 2 });

describe("the security table", () => {
  const TABLE = { 12: 109, 13: 218, 14: 438, 15: 881, 16: 1747 };
  for (const [logN, bound] of Object.entries(TABLE)) {
    const count = Math.ceil(bound / 29.5);
    // As many primes as that, all just above or all just below 2^(bound / count).
    const around = (above: boolean): ParameterLiteral => {
      const larger = primePool().filter((p) => p >= 2 ** (bound / count));
      const all = above ? larger.slice(-count).reverse() : choosePrimes(count, bound / count);
      const levels = all.slice(2).map((p) => [p]);
      return { logN: Number(logN), levels, special: all.slice(0, 2), digitPrimes: 1, baseScaleBits: 20 };
    };

    it(`refuses log2(QP) ≥ ${bound} at N = 2^${logN} and takes less`, () => {
      expect(maxLogQP(Number(logN))).toBe(bound);
      expect(() => Parameters.of(around(true))).toThrow(SecurityError);
      expect(() => Parameters.of(around(true))).toThrow(String(bound));
      const below = Parameters.of(around(false));
      expect(below.security).toMatchObject({ bits: 128, logN: Number(logN) });
      expect(below.security.logQP).toBeLessThan(bound);
      expect(below.security.logQP).toBeGreaterThan(bound - 10);
    });

    it(`takes log2(QP) ≥ ${bound} at N = 2^${logN} for security: "none", and says so wherever it prints`, () => {
      const parameters = Parameters.of({ ...around(true), security: "none" });
      expect(parameters.security.bits).toBe(0);
      expect(parameters.describe()).toContain("NO SECURITY");
    });
  }
});

describe("canonical scales", () => {
  for (const [name, parameters] of SETTINGS) {
    it(`Δ_(l−1) = Δ_l²/q_l (${name})`, () => {
      for (let l = 1; l <= parameters.maxLevel; l++) {
        const q = parameters.levels[l].reduce((a, b) => a * b, 1);
        expect(parameters.scaleAt(l) ** 2 / q / parameters.scaleAt(l - 1)).toBeCloseTo(1, 12);
      }
      expect(() => parameters.scaleAt(parameters.maxLevel + 1)).toThrow(RangeError);
      expect(() => parameters.scaleAt(-1)).toThrow(RangeError);
    });
  }
});

describe("Parameters.choose", () => {
  for (const precision of ["standard", "high"] as const) {
    for (const depth of [0, 1, 4, 9]) {
      it(`depth ${depth}, ${precision} precision: 128 bits, ${depth} levels, room for values up to 8`, () => {
        const parameters = Parameters.choose({ depth, precision });
        expect(parameters.security.bits).toBe(128);
        expect(parameters.maxLevel).toBe(depth);
        for (let l = 0; l <= depth; l++) expect(parameters.headroomAt(l)).toBeGreaterThan(8);
      });
    }
  }
  it("as many slots as asked for at least", () => {
    expect(Parameters.choose({ depth: 1, slots: 2 ** 14 }).slots).toBe(2 ** 14);
  });
  it("what no ring holds is a ParameterError", () => {
    expect(() => Parameters.choose({ depth: 60 })).toThrow(ParameterError);
  });
  it("a depth beyond the deepest possible is a ParameterError that names it, however large", () => {
    const some = [{}, { precision: "high" }, { dnum: 2 }, { slots: 2 ** 15 }, { wideBase: false }] as const;
    for (const request of some) {
      const attempt = (depth: number) => () => Parameters.choose({ ...request, depth });
      for (const depth of [100, 1000, Number.MAX_SAFE_INTEGER]) {
        const error = thrown(attempt(depth)) as ParameterError;
        expect(error).toBeInstanceOf(ParameterError);
        expect(error.message).toContain(`depth ${depth}`);
        const deepest = Number(/depth of (\d+)/.exec(error.fix)?.[1]);
        expect(attempt(deepest)().maxLevel).toBe(deepest);
        expect(attempt(deepest + 1)).toThrow(ParameterError);
      }
    }
    expect((thrown(() => Parameters.choose({ depth: 1, slots: 2 ** 16 })) as ParameterError).fix).toContain("32768");
  });
  it("dnum as asked for", () => {
    expect(Parameters.choose({ depth: 5, dnum: 3 }).dnum).toBe(3);
  });
  it("misuse is a RangeError", () => {
    expect(() => Parameters.choose({ depth: 1.5 })).toThrow(RangeError);
    for (const depth of [-1, 2.5, Number.NaN, Infinity]) {
      expect(() => Parameters.choose({ depth })).toThrow(RangeError);
      expect(() => Parameters.choose({ depth })).toThrow(`depth ${depth}`);
    }
    for (const dnum of [0, -1, 1.5, Number.NaN, Infinity]) {
      expect(() => Parameters.choose({ depth: 3, dnum })).toThrow(`dnum ${dnum} is not a positive integer`);
    }
    for (const flag of ["false", 0, null] as unknown as boolean[]) {
      expect(() => Parameters.choose({ depth: 1, wideBase: flag })).toThrow(`wideBase ${flag}`);
      expect(() => Parameters.choose({ depth: 1, smallerPrimes: flag })).toThrow(TypeError);
    }
    const precision = "double" as "high";
    expect(() => Parameters.choose({ depth: 1, precision })).toThrow(TypeError);
    for (const baseScaleBits of [Number.NaN, -1, 29, 57, 1e9]) {
      const wideBase = baseScaleBits === 57;
      expect(() => Parameters.choose({ depth: 1, baseScaleBits, wideBase })).toThrow(ParameterError);
    }
    for (const slots of [0, 0.5, 3, -4, Number.NaN, Infinity, "4" as unknown as number])
      expect(() => Parameters.choose({ depth: 1, slots })).toThrow(RangeError);
  });
});

describe("headroom", () => {
  it("of level 0 is what the documentation of wideBase says", () => {
    const small = Parameters.choose({ depth: 9, wideBase: false });
    expect(small.headroomAt(0)).toBeGreaterThan(16.5);
    expect(small.headroomAt(0)).toBeLessThan(17);
    expect(Parameters.choose({ depth: 9, wideBase: false, smallerPrimes: false }).headroomAt(0)).toBeCloseTo(32, 0);
    expect(Math.log2(Parameters.choose({ depth: 9 }).headroomAt(0))).toBeCloseTo(27, 1);
    expect(Math.log2(Parameters.choose({ depth: 9, precision: "high" }).headroomAt(0))).toBeCloseTo(30, 1);
    expect(small.describe()).toContain(`|z| < ${small.headroomAt(0).toPrecision(3)} at level 0`);
    expect(Parameters.choose({ depth: 1 }).describe()).toContain("|z| < 1.34e+8 at level 0");
  });
  it("costs what the documentation of wideBase says: N doubles at depth 1, 4, 12 and 27 only, with high precision nowhere", () => {
    const doubled = (precision: "standard" | "high", deepest: number) =>
      Array.from({ length: deepest + 1 }, (_, depth) => depth).filter((depth) => {
        const [narrow, wide] = [false, true].map((wideBase) => Parameters.choose({ depth, precision, wideBase }).logN);
        return wide > narrow;
      });
    expect(doubled("standard", 54)).toEqual([1, 4, 12, 27]);
    expect(doubled("high", 25)).toEqual([]);
  });
  it("is a number at every level, also where Q outgrows the doubles", () => {
    const deep = Parameters.choose({ depth: 40 });
    for (let l = 1; l <= 40; l++) expect(deep.headroomAt(l)).toBeGreaterThanOrEqual(0.9 * deep.headroomAt(l - 1));
    expect(deep.headroomAt(40)).toBeLessThan(Infinity);
  });
});

describe("memory of keys", () => {
  const MOST = 2 ** 29;
  const keyBytes = (p: Parameters) => {
    const limbs = p.primesAt(p.maxLevel).length + p.special.length;
    return 2 * p.dnum * limbs * 4 * 2 ** p.logN;
  };

  it("no depth gives keys beyond 512 MiB; a deeper one says what they would take, and how to have them all the same", () => {
    for (const request of [{}, { precision: "high" }, { wideBase: false }] as const) {
      let depth = 0;
      let error: unknown;
      for (; error === undefined; depth++) {
        try {
          expect(keyBytes(Parameters.choose({ ...request, depth }))).toBeLessThanOrEqual(MOST);
        } catch (thrown) {
          error = thrown;
        }
      }
      expect(error).toBeInstanceOf(ParameterError);
      const { message, fix } = error as ParameterError;
      expect(Number(/would take (\d+) MiB/.exec(message)?.[1])).toBeGreaterThan(512);
      expect(Number(/depth of (\d+)/.exec(fix)?.[1])).toBe(depth - 2);
      const dnum = Number(/dnum: (\d+)/.exec(fix)?.[1]);
      expect(keyBytes(Parameters.choose({ ...request, depth: depth - 1, dnum }))).toBeGreaterThan(MOST);
    }
  });

  it("{ depth: 27, precision: high } is refused, where it had a digit for each of 56 primes and keys of 1.6 GiB", () => {
    const request = { depth: 27, precision: "high", wideBase: false } as const;
    expect(() => Parameters.choose(request)).toThrow(/1624 MiB/);
    expect(Parameters.choose({ ...request, dnum: 56 }).dnum).toBe(56);
  });
});

describe("the literal", () => {
  it("of(JSON(parameters)) = parameters", () => {
    for (const [, parameters] of SETTINGS) {
      const again = Parameters.of(JSON.parse(JSON.stringify(parameters)));
      expect(again).toEqual(parameters);
    }
  });

  const [a, b] = choosePrimes(2, 30);
  const WRONG: Record<string, [Partial<ParameterLiteral>, string]> = {
    "logN too small": [{ logN: 9 }, "logN 9"],
    "logN too large": [{ logN: 17 }, "logN 17"],
    "logN no integer": [{ logN: 12.5 }, "logN 12.5"],
    "no level": [{ levels: [] }, "no level 0"],
    "an empty level": [{ levels: [[a], []] }, "one prime or two"],
    "a level of three primes": [{ levels: [[a], choosePrimes(3, 29)] }, "one prime or two"],
    "no prime": [{ levels: [[2 ** 29]] }, "536870912"],
    "a prime outside the pool": [{ levels: [[1073741789]] }, "1073741789"],
    "a special prime outside the pool": [{ special: [7, 11] }, "7 is not"],
    "a prime below 2^24": [{ levels: [[choosePrimes(1, 23)[0]]] }, "too small"],
    "a prime twice in Q": [{ levels: [[a], [a]] }, "twice"],
    "a prime in Q and P": [{ levels: [[a], [b]], special: [b, choosePrimes(1, 29)[0]] }, "twice"],
    "P smaller than a digit": [{ special: choosePrimes(1, 28) }, "P has"],
    "no P": [{ special: [] }, "P has"],
    "P smaller than a longer digit": [{ digitPrimes: 3 }, "P has"],
    "digitPrimes 0": [{ digitPrimes: 0 }, "digitPrimes 0"],
    "digitPrimes no integer": [{ digitPrimes: 1.5 }, "digitPrimes 1.5"],
    "a base scale without headroom": [{ baseScaleBits: 29 }, "base scale of 2^29"],
    "a base scale of almost nothing": [{ baseScaleBits: 3 }, "base scale of 2^3"],
    "a base scale that is no number": [{ baseScaleBits: Number.NaN }, "base scale"],
    "a base scale as text": [{ baseScaleBits: "24" as unknown as number }, "base scale"],
    "a security that the table is not for": [{ security: 192 as 128 }, "security 192"],
    "a security of null": [{ security: null as unknown as 128 }, "security null"],
  };
  for (const [what, [change, named]] of Object.entries(WRONG)) {
    it(`${what}: a ParameterError that names it`, () => {
      expect(() => Parameters.of({ ...GOOD, ...change })).toThrow(ParameterError);
      expect(() => Parameters.of({ ...GOOD, ...change })).toThrow(named);
    });
  }
});

describe("immutability", () => {
  const parameters = Parameters.of(GOOD);
  const attempts: Record<string, () => void> = {
    "a field": () => Object.assign(parameters, { logN: 16 }),
    "the list of levels": () => (parameters.levels as number[][]).push([3]),
    "a level": () => (parameters.levels[0] as number[]).push(3),
    "the special primes": () => (parameters.special as number[]).pop(),
    "the security": () => Object.assign(parameters.security, { bits: 256 }),
    "the literal": () => Object.assign(parameters.toJSON(), { logN: 16 }),
  };
  for (const [what, attempt] of Object.entries(attempts)) {
    it(`${what} cannot be changed`, () => {
      const before = JSON.stringify(parameters);
      expect(attempt).toThrow(TypeError);
      expect(JSON.stringify(parameters)).toBe(before);
      expect(parameters.security.bits).toBe(Parameters.of(GOOD).security.bits);
    });
  }
  it("a literal may be changed after use", () => {
    const literal = { ...GOOD, levels: GOOD.levels.map((level) => [...level]), special: [...GOOD.special] };
    const made = Parameters.of(literal);
    literal.levels[0][0] = 3;
    literal.special.length = 0;
    expect(made).toEqual(parameters);
  });
});

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
