import * as seal from "../../../src/ckks/formats/seal.js";
import {
  Encoder,
  type EvaluationKeys,
  Evaluator,
  KeyHolder,
  Parameters,
  Randomness,
  Ring,
  SecretKey,
} from "../../../src/ckks/index.js";
import { choosePrimes } from "../../../src/ntt/primes.js";
import { library, Stranger, save } from "../../interop/node-seal.js";
import { device, maker, placed, reading, requireCanonical } from "./held.js";
import { below, pick } from "./mutate.js";
import { mutateObject } from "./seal-objects.js";
import type { Target } from "./targets.js";

const MiB = 2 ** 20;
const [special, ...primes] = choosePrimes(3, 30);
const parameters = Parameters.of({
  logN: 10,
  levels: primes.map((prime) => [prime]),
  special: [special],
  digitPrimes: 1,
  baseScaleBits: 24,
  security: "none",
});
const ring = Ring.of(device, parameters);
const theirs = Ring.of(maker, parameters);

const key = await SecretKey.generate(theirs, Randomness.seededUnsafe(1));
const holder = KeyHolder.from(key);
const { fingerprint } = holder;
const keys = holder.evaluationKeys({ rotations: [1] });
const he = new Evaluator(maker, parameters, keys);
const x = holder.encrypt([1, 2, 3]);
const secretBytes = await seal.writeUnprotectedSecretKey(key);
const stranger = new Stranger(parameters, { secret: secretBytes });
const generator = library.KeyGenerator(stranger.context, stranger.secretKey);
const slots = new Float64Array(512);
const seeded = stranger.encryptSeeded(slots, parameters.scaleAt(1));
const foreign = stranger.encrypt(slots, 2 ** 27);
const plain = new Encoder(theirs).encode([1, 2]);
const galoisKeys = await seal.writeGaloisKeys(keys);
const relinKeys = await seal.writeRelinKeys(keys);

const files = {
  parameters: [seal.writeParameters(parameters), seal.writeParameters(parameters, "zlib")],
  "secret key": [secretBytes, save(stranger.secretKey, "zlib")],
  "public key": [
    await seal.writePublicKey(holder.publicKey),
    save(stranger.seededPublicKey()),
    save(stranger.publicKey, "zlib"),
  ],
  ciphertext: [
    await seal.writeCiphertext(x),
    await seal.writeCiphertext(he.tensor(x, x)),
    await seal.writeCiphertext(holder.encrypt([1], { level: 0 }), "zlib"),
    ...(["none", "zlib"] as const).map((way) => save(seeded, way)),
    ...(["none", "zstd"] as const).map((way) => save(foreign, way)),
  ],
  plaintext: [await seal.writePlaintext(plain), await seal.writePlaintext(plain, "zlib")],
  "relin keys": [relinKeys, await seal.writeRelinKeys(keys, "zlib"), save(generator.createRelinKeysSerializable())],
  "galois keys": [
    galoisKeys,
    await seal.writeGaloisKeys(keys, "zlib"),
    save(generator.createGaloisKeysSerializable(Int32Array.of(1)), "zlib"),
  ],
};
const all = Object.values(files).flat();
const chain = { basePrimes: 1, security: "none" } as const;

/** SEAL's files carry no checksum but zlib's: an error that is named, or an object that is written and read again as it is. */
export const sealTargets: Readonly<Record<string, Target>> = {
  "SEAL parameters": {
    mostBytes: 4 * MiB,
    input: damaged(files.parameters),
    read: reading(
      (bytes) => seal.readParameters(bytes, chain),
      async (read) => {
        const again = seal.readParameters(seal.writeParameters(read), chain);
        return again.identity === read.identity ? undefined : "parameters that are others when they are written";
      },
      { streams: false },
    ),
  },
  "SEAL secret key": {
    mostBytes: 16 * MiB,
    input: damaged(files["secret key"]),
    read: reading(
      (bytes) => seal.readSecretKey(bytes, ring),
      async (read) => {
        // One that is ternary and whole: the bits that differ stand in headers.
        const wrong = await requireCanonical([read.polynomial]);
        const again = await seal.writeUnprotectedSecretKey(read);
        using back = await seal.readSecretKey(again, ring);
        return wrong ?? same(again, await seal.writeUnprotectedSecretKey(back));
      },
      { streams: false },
    ),
  },
  "SEAL public key": {
    mostBytes: 16 * MiB,
    input: damaged(files["public key"]),
    read: reading(
      (bytes) => seal.readPublicKey(bytes, ring, fingerprint),
      async (read, bytes) =>
        (await requireCanonical([read.b, read.a])) ?? sameResidues(bytes, await seal.writePublicKey(read)),
      { streams: false },
    ),
  },
  "SEAL ciphertext": {
    mostBytes: 16 * MiB,
    input: damaged(files.ciphertext),
    read: reading(
      (bytes) => seal.readCiphertext(bytes, ring, fingerprint),
      async (read) => {
        const wrong = await requireCanonical(read.parts);
        const again = await seal.writeCiphertext(read);
        using back = seal.readCiphertext(again, ring, fingerprint);
        return wrong ?? same(again, await seal.writeCiphertext(back));
      },
      { streams: false },
    ),
  },
  /** Of any scale: the numbers that come out are numbers. */
  "SEAL values": {
    mostBytes: 16 * MiB,
    input: damaged([...files.plaintext, ...files.ciphertext]),
    read: reading(
      async (bytes: Uint8Array) =>
        bytes.length < 20_000 ? seal.decodePlaintext(bytes, ring) : seal.decryptCiphertext(bytes, readersKey),
      async ({ real, imaginary }) => {
        const wrong = [real, imaginary].some((part) => part.length !== 512 || !part.every(Number.isFinite));
        return wrong ? "a value that is no number" : undefined;
      },
      { streams: false },
    ),
  },
  "SEAL plaintext": {
    mostBytes: 16 * MiB,
    input: damaged(files.plaintext),
    read: reading(
      (bytes) => seal.readPlaintext(bytes, ring),
      async (read, bytes) =>
        (await requireCanonical([read.polynomial])) ?? sameResidues(bytes, await seal.writePlaintext(read)),
      { streams: false },
    ),
  },
  "SEAL relinearisation keys": {
    mostBytes: 64 * MiB,
    input: damaged(files["relin keys"]),
    read: reading(
      (relinKeys) => seal.readEvaluationKeys({ relinKeys }, ring, fingerprint),
      (read) => sameKeys(read, "relinKeys", seal.writeRelinKeys),
      { streams: false },
    ),
  },
  "SEAL Galois keys": {
    mostBytes: 64 * MiB,
    input: damaged(files["galois keys"]),
    read: reading(
      (galoisKeys) => seal.readEvaluationKeys({ galoisKeys }, ring, fingerprint),
      (read) => sameKeys(read, "galoisKeys", seal.writeGaloisKeys),
      { streams: false },
    ),
  },
};

async function sameKeys(
  read: EvaluationKeys,
  file: keyof seal.SealEvaluationFiles,
  write: (keys: EvaluationKeys) => Promise<Uint8Array>,
): Promise<string | undefined> {
  const wrong = await requireCanonical(read.all.flatMap(({ digits }) => digits.flatMap(({ a, b }) => [a, b])));
  if (wrong || read.all.length === 0) return wrong; // a file of no keys
  const written = await write(read);
  using back = seal.readEvaluationKeys({ [file]: written }, ring, fingerprint);
  return same(written, await write(back));
}

const readersKey = await seal.readSecretKey(secretBytes, ring);

function damaged(corpus: readonly Uint8Array[]): Target["input"] {
  return placed((random) => mutateObject(pick(corpus, random), pick(below(3, random) ? corpus : all, random), random));
}

/** Residues stand at the end of a file that is in full; seeds and packed ones have them elsewhere. */
function sameResidues(bytes: Uint8Array, again: Uint8Array): string | undefined {
  if (bytes[5] !== 0 || bytes.length !== again.length) return undefined;
  return same(bytes.subarray(120), again.subarray(120));
}

function same(bytes: Uint8Array, again: Uint8Array): string | undefined {
  return Buffer.compare(bytes, again) === 0 ? undefined : "an object that writes other bytes";
}
