import type { ByteReader } from "../../bytes/reader.js";
import { VALUES } from "../form.js";
import { filled, RnsPolynomial } from "../polynomial.js";
import type { Ring } from "../ring.js";
import { blake2b } from "./blake2b.js";
import { HEADER_BYTES, takeHeader } from "./seal-header.js";

/** What stands for a uniform polynomial: `UniformRandomGeneratorInfo` of native/src/seal/randomgen.h, an object of its own. */
const CONTENT_BYTES = 1 + 64;
export const SEED_BYTES = HEADER_BYTES + CONTENT_BYTES;
/** `prng_type::blake2xb`, SEAL's default. The other one is SHAKE256. */
const BLAKE2XB = 1;
/** What the generator makes at a time. */
const BUFFER_BYTES = 4096;
const DIGEST_BYTES = 64;

/**
 * Reads a seed, and expands it to the polynomial that SEAL makes of it: c_1 of what is encrypted with the secret key and
 * saved as `Serializable`. For each prime N words of 64 bits, reduced; a word in the incomplete last multiple of the prime
 * is drawn again (`sample_poly_uniform` in native/src/seal/util/rlwe.cpp). About a microsecond a residue.
 * @throws FormatError for another generator than BLAKE2Xb
 */
export function takeExpanded(reader: ByteReader, ring: Ring, primes: readonly number[]): RnsPolynomial {
  if (takeHeader(reader, "the seed") !== CONTENT_BYTES) throw reader.error("has a seed of another length");
  const generator = reader.u8();
  if (generator !== BLAKE2XB) throw reader.error(`has a seed for generator ${generator}; BLAKE2Xb (1) is read here`);
  const seed = reader.run(64);
  const n = 2 ** ring.logN;
  const draw = new Draw(seed);
  const drawn = new Uint32Array(2 * n * primes.length);
  for (let i = 0; i < drawn.length; i++) drawn[i] = draw.word();
  return filled(RnsPolynomial.allocate(ring, primes, VALUES), ({ limbs }) => {
    const words = new Uint32Array(n);
    for (const [k, prime] of primes.entries()) {
      reduceAll(drawn.subarray(2 * n * k, 2 * n * (k + 1)), prime, draw, words);
      ring.device.write(ring.logN, limbs[k], words);
    }
  });
}

/** 64-bit words modulo a prime below 2^30. */
function reduceAll(drawn: Uint32Array, prime: number, draw: Draw, words: Uint32Array): void {
  // 2^64 − 1 − (2^64 − 1 mod p) − 1, as SEAL has it: words from there on are drawn again.
  const last = 2n ** 64n - 1n;
  const bound = last - (last % BigInt(prime)) - 1n;
  const [boundLow, boundHigh] = [Number(bound & 0xffffffffn), Number(bound >> 32n)];
  const refused = (low: number, high: number) => high > boundHigh || (high === boundHigh && low >= boundLow);
  for (let i = 0; i < words.length; i++) {
    let [low, high] = [drawn[2 * i], drawn[2 * i + 1]];
    while (refused(low, high)) [low, high] = [draw.word(), draw.word()];
    // (high mod p)·2^32 mod p in two steps of 16 bits: each product is below 2^46.
    const upper = (((((high % prime) * 2 ** 16) % prime) * 2 ** 16) % prime) + (low % prime);
    words[i] = upper >= prime ? upper - prime : upper;
  }
}

/** SEAL's `Blake2xbPRNG`: the stream of BLAKE2Xb(counter, key = seed), 4096 bytes for each counter from 0 on. */
class Draw {
  private counter = 0;
  private readonly buffer = new DataView(new ArrayBuffer(BUFFER_BYTES));
  private at = BUFFER_BYTES;

  constructor(private readonly seed: Uint8Array) {}

  word(): number {
    if (this.at === BUFFER_BYTES) {
      this.refill();
      this.at = 0;
    }
    const word = this.buffer.getUint32(this.at, true);
    this.at += 4;
    return word;
  }

  /** Source: "BLAKE2X" (2016): a root, and a hash of it for each 64 bytes. */
  private refill(): void {
    const message = new Uint8Array(8);
    new DataView(message.buffer).setUint32(0, this.counter++, true);
    const common = { leafLength: 0, nodeOffset: 0, xofLength: BUFFER_BYTES, innerLength: 0 };
    const root = blake2b(message, DIGEST_BYTES, this.seed, { ...common, fanout: 1, depth: 1 });
    for (let node = 0; node < BUFFER_BYTES / DIGEST_BYTES; node++) {
      const own = { fanout: 0, depth: 0, leafLength: DIGEST_BYTES, nodeOffset: node, innerLength: DIGEST_BYTES };
      const digest = blake2b(root, DIGEST_BYTES, undefined, { ...common, ...own });
      new Uint8Array(this.buffer.buffer).set(digest, node * DIGEST_BYTES);
    }
  }
}
