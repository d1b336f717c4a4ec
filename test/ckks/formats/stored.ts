import { collect } from "../../../src/bytes/stream.js";
import {
  Ciphertext,
  Encryptor,
  EvaluationKeys,
  Evaluator,
  KeyHolder,
  Parameters,
  Plaintext,
  PublicKey,
  Randomness,
  Ring,
} from "../../../src/ckks/index.js";
import type { Device } from "../../../src/index.js";
import { unsafe, Values } from "../settings.js";

/** A wide base, levels of one prime and of two, digits of two primes. */
export const parameters = unsafe(10, [2, 1, 2], { digitPrimes: 2, specials: 3, baseScaleBits: 30 });
export const values = new Values(31).complex(8);

/** One object of every kind, from seeds: the same bytes wherever they are made. */
export async function makeAll(device: Device, seed = 17) {
  const holder = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(seed));
  const keys = holder.evaluationKeys({
    relinearize: 1,
    rotations: new Map([
      [1, 2],
      [-3, 1],
    ]),
    conjugate: true,
  });
  const he = new Evaluator(device, parameters, keys);
  const plain = he.encoder.encode(values, 1, 8);
  const seeded = holder.encrypt(values, { slots: 8 });
  const full = new Encryptor(holder.publicKey, Randomness.seededUnsafe(seed + 1)).encrypt(values, {
    level: 1,
    slots: 8,
  });
  const product = he.tensor(full, full);
  return { holder, keys, he, plain, seeded, full, product };
}

/** Every kind as a file, by a name of its own; the secret key last. */
export async function writeAll(device: Device): Promise<Record<string, Uint8Array>> {
  const { holder, keys, plain, seeded, full, product } = await makeAll(device);
  return {
    parameters: await parameters.toBytes(),
    "public-key": await holder.publicKey.toBytes(),
    "evaluation-keys": await keys.toBytes(),
    "evaluation-key": await collect(keys.files()[1].chunks()),
    plaintext: await plain.toBytes(),
    "ciphertext-seeded": await seeded.toBytes(),
    "ciphertext-full": await full.toBytes(),
    "ciphertext-product": await product.toBytes(),
    "evaluation-keys-products": await productKeys(holder).toBytes(),
    "secret-key": await holder.toSecretBytes(),
  };
}

/** A rotation's two keys for products. */
function productKeys(holder: KeyHolder): EvaluationKeys {
  const rotations = new Map([[1, 1]]);
  return holder.evaluationKeys({ relinearize: false, rotations, productRotations: rotations });
}

/** How each file is read. */
export const readers: Readonly<Record<string, (bytes: Uint8Array, device: Device) => Promise<object>>> = {
  parameters: (bytes) => Parameters.fromBytes(bytes),
  "public-key": (bytes, device) => PublicKey.fromBytes(bytes, device),
  "evaluation-keys": (bytes, device) => EvaluationKeys.fromBytes(bytes, device),
  "evaluation-key": (bytes, device) => EvaluationKeys.fromBytes(bytes, device),
  "evaluation-keys-products": (bytes, device) => EvaluationKeys.fromBytes(bytes, device),
  plaintext: (bytes, device) => Plaintext.fromBytes(bytes, Ring.of(device, parameters)),
  "ciphertext-seeded": (bytes, device) => Ciphertext.fromBytes(bytes, Ring.of(device, parameters)),
  "ciphertext-full": (bytes, device) => Ciphertext.fromBytes(bytes, Ring.of(device, parameters)),
  "ciphertext-product": (bytes, device) => Ciphertext.fromBytes(bytes, Ring.of(device, parameters)),
  "secret-key": (bytes, device) => KeyHolder.fromSecretBytes(bytes, device),
};

/** Disposes of whatever was read; parameters need none. */
export function discard(made: object | undefined): void {
  (made as Partial<Disposable> | undefined)?.[Symbol.dispose]?.();
}
