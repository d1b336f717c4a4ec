import { describe, expect, test } from "vitest";
import * as seal from "../../src/ckks/formats/seal.js";
import { keyPrimes, parmsId } from "../../src/ckks/formats/seal-parameters.js";
import { maxLogQP, Parameters } from "../../src/ckks/index.js";
import { FormatError, ParameterError, SecurityError } from "../../src/errors.js";
import { unsafe } from "../ckks/settings.js";
import { library, save } from "./node-seal.js";

// biome-ignore lint/suspicious/noExplicitAny: the package's types describe another of its builds
type SealObject = any;

/** SEAL's parameters with these primes, the special one last. */
function sealWith(logN: number, primes: readonly number[], scheme = library.SchemeType.ckks): SealObject {
  const encryption = library.EncryptionParameters(scheme);
  encryption.setPolyModulusDegree(2 ** logN);
  const vector = library.Vector();
  const moduli = primes.map((prime) => library.Modulus(BigInt(prime)).instance);
  vector.from(moduli, "Modulus");
  encryption.setCoeffModulus(vector);
  return encryption;
}

const bytesOf = (words: BigUint64Array) => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

test("SEAL's table of 128-bit security is ours, up to N = 2^15", () => {
  for (const logN of [12, 13, 14, 15]) {
    expect(library.CoeffModulus.MaxBitCount(2 ** logN, library.SecurityLevel.tc128)).toBe(maxLogQP(logN));
  }
});

const PRESETS: readonly [name: string, request: seal.SealParameterRequest, logN: number][] = [
  ["N = 2^12", { depth: 0 }, 12],
  ["N = 2^12, one base prime", { depth: 1, basePrimes: 1 }, 12],
  ["N = 2^13, as deep as it goes", { depth: 4 }, 13],
  ["N = 2^14, as deep as it goes", { depth: 11 }, 14],
  ["N = 2^15, as deep as it goes", { depth: 26 }, 15],
  ["a larger N than needed", { depth: 1, logN: 14 }, 14],
  ["three base primes at another scale", { depth: 2, basePrimes: 3, baseScaleBits: 50 }, 13],
];

describe.each(PRESETS)("%s", (_, request, logN) => {
  const parameters = seal.chooseParameters(request);

  test("at 128 bits here, and SEAL vouches for them", () => {
    expect(parameters.logN).toBe(logN);
    expect(parameters.security.bits).toBe(128);
    expect(parameters.maxLevel).toBe(request.depth);
    const encryption = library.EncryptionParameters();
    encryption.loadArray(seal.writeParameters(parameters));
    // Without the levels, whose tables take SEAL half a minute at N = 2^15.
    const context = library.Context(encryption, false, library.SecurityLevel.tc128);
    expect(context.parametersSet()).toBe(true);
    context.delete();
  });

  test("the bytes are SEAL's own, in both ways; they come back as the same parameters", () => {
    const theirs = sealWith(logN, keyPrimes(parameters));
    expect(seal.writeParameters(parameters)).toEqual(save(theirs));
    for (const bytes of [save(theirs), save(theirs, "zlib"), seal.writeParameters(parameters, "zlib")]) {
      expect(seal.readParameters(bytes, request).identity).toBe(parameters.identity);
    }
    const packed = library.EncryptionParameters();
    packed.loadArray(seal.writeParameters(parameters, "zlib"));
    expect(save(packed)).toEqual(save(theirs));
  });

  test("every level has the name that SEAL gives it", () => {
    const named = (primes: readonly number[]) => bytesOf(sealWith(logN, primes).parmsId.values);
    expect(parmsId(logN, keyPrimes(parameters))).toEqual(named(keyPrimes(parameters)));
    for (let level = 0; level <= parameters.maxLevel; level++) {
      expect(parmsId(logN, parameters.primesAt(level))).toEqual(named(parameters.primesAt(level)));
    }
  });
});

test("defaults: a base of two primes at 2^30, of one prime at 2^24", () => {
  const wide = seal.chooseParameters({ depth: 2 });
  expect(wide.levels.map((level) => level.length)).toEqual([2, 1, 1]);
  expect(seal.readParameters(seal.writeParameters(wide)).identity).toBe(wide.identity);
  expect(wide.headroomAt(0)).toBeGreaterThan(2 ** 26.9);
  const narrow = seal.chooseParameters({ depth: 2, basePrimes: 1 });
  expect(narrow.scaleAt(0)).toBe(2 ** 24);
  const options = { basePrimes: 1 } as const;
  expect(seal.readParameters(seal.writeParameters(narrow), options).identity).toBe(narrow.identity);
});

test("what N = 2^15 does not hold, or the N that is wished for, is an error that names it", () => {
  expect(() => seal.chooseParameters({ depth: 27 })).toThrow(ParameterError);
  expect(() => seal.chooseParameters({ depth: 27 })).toThrow("depth 27");
  expect(() => seal.chooseParameters({ depth: 2000 })).toThrow(ParameterError);
  expect(() => seal.chooseParameters({ depth: 1, logN: 12 })).toThrow(SecurityError);
  expect(() => seal.chooseParameters({ depth: 1, logN: 16 })).toThrow(ParameterError);
  expect(() => seal.chooseParameters({ depth: 1.5 })).toThrow(RangeError);
  expect(() => seal.chooseParameters({ depth: 1, basePrimes: 4 as 3 })).toThrow(RangeError);
  expect(() => seal.chooseParameters(undefined as never)).toThrow(TypeError);
});

test("parameters that SEAL does not take are refused where they are written", () => {
  const several = unsafe(12, [1, 1, 1], { digitPrimes: 2, specials: 3 });
  expect(() => seal.writeParameters(several)).toThrow(ParameterError);
  expect(() => seal.writeParameters(several)).toThrow("3 special primes");
  const large = Parameters.of({ ...seal.chooseParameters({ depth: 1 }).toJSON(), logN: 16 });
  expect(() => seal.writeParameters(large)).toThrow("N = 2^16");
});

test("parameters of SEAL's that are none of ours are refused by the prime, the scheme or the degree that is in the way", () => {
  const refused = (object: SealObject, what: string) => {
    expect(() => seal.readParameters(save(object))).toThrow(FormatError);
    expect(() => seal.readParameters(save(object))).toThrow(what);
  };
  const usual = library.EncryptionParameters(library.SchemeType.ckks);
  usual.setPolyModulusDegree(8192);
  usual.setCoeffModulus(library.CoeffModulus.Create(8192, Int32Array.from([60, 40, 40, 60])));
  refused(usual, `the modulus ${usual.coeffModulus[0]}`);
  const primes = keyPrimes(seal.chooseParameters({ depth: 2 }));
  refused(sealWith(13, primes, library.SchemeType.bfv), "scheme 1");
  refused(sealWith(9, primes), "degree 512");
  refused(sealWith(13, primes.slice(0, 1)), "1 primes");
  expect(() => seal.readParameters(save(sealWith(12, primes)))).toThrow(SecurityError);
});
