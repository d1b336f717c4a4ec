/** Microsoft SEAL 4.1 in WebAssembly, as a stranger: it is handed bytes, and hands bytes back. */
import { createRequire } from "node:module";
import * as seal from "../../src/ckks/formats/seal.js";
import type { Parameters } from "../../src/ckks/index.js";

// biome-ignore lint/suspicious/noExplicitAny: the package's types describe another of its builds
type SealObject = any;

const require = createRequire(import.meta.url);
export const library: SealObject = await (require("node-seal/throws_wasm_node_umd") as () => Promise<SealObject>)();

/** What one who has SEAL can do. The keys are its own, or come from bytes. */
export class Stranger {
  readonly context: SealObject;
  readonly secretKey: SealObject;
  readonly publicKey: SealObject;
  private readonly relinearization: SealObject;
  private readonly galois: SealObject;
  private readonly encoder: SealObject;
  private readonly evaluator: SealObject;
  private readonly encryptor: SealObject;
  private readonly decryptor: SealObject;

  constructor(parameters: Parameters, keys: { readonly secret?: Uint8Array; readonly public?: Uint8Array } = {}) {
    const encryption = library.EncryptionParameters();
    encryption.loadArray(seal.writeParameters(parameters));
    const { tc128, none } = library.SecurityLevel;
    this.context = library.Context(encryption, true, parameters.security.bits === 128 ? tc128 : none);
    if (!this.context.parametersSet()) throw new Error(`SEAL refuses ${parameters.describe()}`);
    this.secretKey = keys.secret && this.load("SecretKey", keys.secret);
    const generator = library.KeyGenerator(this.context, ...(this.secretKey ? [this.secretKey] : []));
    this.secretKey ??= generator.secretKey();
    this.publicKey = keys.public ? this.load("PublicKey", keys.public) : generator.createPublicKey();
    this.relinearization = generator.createRelinKeys();
    this.galois = generator.createGaloisKeys(Int32Array.from([1, 2, -3]));
    this.encoder = library.CKKSEncoder(this.context);
    this.evaluator = library.Evaluator(this.context);
    this.encryptor = library.Encryptor(this.context, this.publicKey, this.secretKey);
    this.decryptor = library.Decryptor(this.context, this.secretKey);
  }

  load(type: "SecretKey" | "PublicKey" | "CipherText" | "PlainText", bytes: Uint8Array): SealObject {
    const object = library[type]();
    object.loadArray(this.context, bytes);
    return object;
  }

  encode(values: Float64Array, scale: number): SealObject {
    return this.encoder.encode(values, scale);
  }

  decode(plain: Uint8Array): Float64Array {
    return this.encoder.decode(this.load("PlainText", plain));
  }

  encrypt(values: Float64Array, scale: number): SealObject {
    return this.encryptor.encrypt(this.encode(values, scale));
  }

  encryptSymmetric(values: Float64Array, scale: number): SealObject {
    return this.encryptor.encryptSymmetric(this.encode(values, scale));
  }

  /** With a seed for the uniform half: it can be saved, and nothing else. */
  encryptSeeded(values: Float64Array, scale: number): SealObject {
    return this.encryptor.encryptSymmetricSerializable(this.encode(values, scale));
  }

  seededPublicKey(): SealObject {
    return library.KeyGenerator(this.context, this.secretKey).createPublicKeySerializable();
  }

  decrypt(bytes: Uint8Array): Float64Array {
    return this.encoder.decode(this.decryptor.decrypt(this.load("CipherText", bytes)));
  }

  tensor(a: SealObject, b: SealObject): SealObject {
    return this.evaluator.multiply(a, b);
  }

  relinearize(a: SealObject): SealObject {
    return this.evaluator.relinearize(a, this.relinearization);
  }

  rescale(a: SealObject): SealObject {
    return this.evaluator.rescaleToNext(a);
  }

  multiply(a: SealObject, b: SealObject): SealObject {
    return this.rescale(this.relinearize(this.tensor(a, b)));
  }

  rotate(a: SealObject, steps: number): SealObject {
    return this.evaluator.rotateVector(a, steps, this.galois);
  }

  modSwitch(a: SealObject): SealObject {
    return this.evaluator.cipherModSwitchToNext(a);
  }

  /** In place. */
  modSwitchPlain(plain: SealObject): void {
    this.evaluator.plainModSwitchToNext(plain, plain);
  }
}

export type Compression = "none" | "zlib" | "zstd";

export function save(object: SealObject, compression: Compression = "none"): Uint8Array {
  return new Uint8Array(object.saveArray(library.ComprModeType[compression]));
}

export function worst(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = found.length === expected.length ? 0 : Infinity;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(found[i] - expected[i]));
  return largest;
}
