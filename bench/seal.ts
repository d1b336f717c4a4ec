import { createRequire } from "node:module";
import { maxLogQP } from "../src/ckks/index.js";
import { BenchError } from "./failure.js";
import type { Operation, Side } from "./operation.js";
import type { Subject } from "./record.js";
import { makeSealOperations, type SealKitchen } from "./seal-operations.js";
import type { Setting } from "./settings.js";
import {
  BABY_STEPS,
  expectedOf,
  type LevelOperationName,
  type OperationName,
  type SizeName,
  TRANSFORM_STEPS,
  type Workload,
} from "./workload.js";

const require = createRequire(import.meta.url);
export const SEAL_VERSION = (require("node-seal/package.json") as { version: string }).version;

/** SEAL's own table of 128-bit parameters ends here. */
const LARGEST_VOUCHED_LOG_N = 15;
/** Above, the six rotation keys of the linear transform take gigabytes. */
const LARGEST_TRANSFORM_LOG_N = 14;

/** Bytes as they are saved: without compression, and with the best there is. */
export interface SealSize {
  readonly bytes: number;
  readonly compressedBytes: number;
}

/**
 * Microsoft SEAL in WebAssembly through node-seal, CKKS, one thread. The last prime is SEAL's special one, so log2 Q
 * is that of the others, as in our own parameters.
 */
export class Seal implements Side {
  private constructor(
    private readonly kitchen: SealKitchen,
    private readonly bits: readonly number[],
    readonly subject: Subject,
    readonly operations: Partial<Record<OperationName, Operation>>,
  ) {}

  static async open(logN: number, setting: Setting, workload: Workload): Promise<Seal> {
    const { sealBits } = setting;
    // biome-ignore lint/suspicious/noExplicitAny: the package's types describe another of its builds
    const seal = await (require("node-seal/throws_wasm_node_umd") as () => Promise<any>)();
    const vouched = logN <= LARGEST_VOUCHED_LOG_N;
    const parameters = seal.EncryptionParameters(seal.SchemeType.ckks);
    parameters.setPolyModulusDegree(2 ** logN);
    parameters.setCoeffModulus(seal.CoeffModulus.Create(2 ** logN, Int32Array.from(sealBits)));
    const context = seal.Context(parameters, true, vouched ? seal.SecurityLevel.tc128 : seal.SecurityLevel.none);
    if (!context.parametersSet()) {
      throw new BenchError(
        `node-seal refuses N = 2^${logN} with primes of ${sealBits} bits`,
        "run with --against none",
      );
    }
    const generator = seal.KeyGenerator(context);
    const secretKey = generator.secretKey();
    const publicKey = generator.createPublicKey();
    const steps = logN <= LARGEST_TRANSFORM_LOG_N ? TRANSFORM_STEPS : [1];
    const kitchen: SealKitchen = {
      seal,
      context,
      generator,
      secretKey,
      publicKey,
      relinearization: generator.createRelinKeys(),
      galois: generator.createGaloisKeys(Int32Array.from(steps)),
      encoder: seal.CKKSEncoder(context),
      evaluator: seal.Evaluator(context),
      encryptor: seal.Encryptor(context, publicKey, secretKey),
      decryptor: seal.Decryptor(context, secretKey),
      scale: 2 ** setting.sealScaleBits,
      workload,
      withTransform: steps.length >= BABY_STEPS,
      out: seal.CipherText(),
    };
    return new Seal(kitchen, sealBits, subjectOf(logN, sealBits), makeSealOperations(kitchen));
  }

  /** Primes that operands of a product can have: one is needed for the result. */
  get primeCounts(): number[] {
    return Array.from({ length: this.bits.length - 2 }, (_, i) => i + 2);
  }

  /** log2 of a modulus of so many primes. */
  logQOf(primes: number): number {
    return this.bits.slice(0, primes).reduce((a, b) => a + b, 0);
  }

  /** An operation on operands whose modulus has `primes` primes left. */
  atPrimes(name: LevelOperationName, primes: number): Operation {
    const { evaluator, encryptor, encoder, seal, scale, workload, galois, relinearization, out } = this.kitchen;
    const [a, b] = [workload.x, workload.y].map((values) => {
      const ciphertext = encryptor.encrypt(encoder.encode(values, scale));
      while (ciphertext.coeffModulusSize > primes) evaluator.cipherModSwitchToNext(ciphertext, ciphertext);
      return ciphertext;
    });
    const product = seal.CipherText();
    const run =
      name === "rotate"
        ? () => evaluator.rotateVector(a, 1, galois, out)
        : () => {
            evaluator.multiply(a, b, product);
            evaluator.relinearize(product, relinearization, product);
            evaluator.rescaleToNext(product, out);
          };
    return {
      perSample: 1,
      run,
      outcome: async () => {
        run();
        return { values: encoder.decode(this.kitchen.decryptor.decrypt(out)) };
      },
      expected: expectedOf(name, workload),
      close: () => {
        for (const object of [a, b, product]) object.delete();
      },
    };
  }

  /** What ours calls a seeded ciphertext or key SEAL calls serialisable: it, too, stores the seed of the uniform half. */
  sizes(): Record<SizeName, SealSize> {
    const { seal, generator, encryptor, encoder, scale, workload } = this.kitchen;
    const plain = encoder.encode(workload.x, scale);
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const sizeOf = (object: any): SealSize => {
      const size = (mode: unknown): number => object.saveArray(mode).length;
      const result = { bytes: size(seal.ComprModeType.none), compressedBytes: size(seal.ComprModeType.zstd) };
      object.delete();
      return result;
    };
    return {
      ciphertext: sizeOf(encryptor.encrypt(plain)),
      "ciphertext from the secret key": sizeOf(encryptor.encryptSymmetricSerializable(plain)),
      "public key": sizeOf(generator.createPublicKeySerializable()),
      "relinearization key": sizeOf(generator.createRelinKeysSerializable()),
      "rotation key": sizeOf(generator.createGaloisKeysSerializable(Int32Array.from([1]))),
    };
  }

  /** Frees the keys: the module's memory never shrinks, but the next N can use it. */
  close(): void {
    const { galois, relinearization, publicKey, secretKey, encryptor, decryptor, generator, out } = this.kitchen;
    for (const object of [galois, relinearization, publicKey, secretKey, encryptor, decryptor, generator, out]) {
      object.delete();
    }
  }
}

function subjectOf(logN: number, sealBits: readonly number[]): Subject {
  const sum = (bits: readonly number[]) => bits.reduce((a, b) => a + b, 0);
  const logQ = sum(sealBits.slice(0, -1));
  const logQP = sum(sealBits);
  const vouched = logN <= LARGEST_VOUCHED_LOG_N;
  const security = vouched
    ? "128-bit security"
    : `not in SEAL's table; ours allows ${maxLogQP(logN)} bits for 128-bit security`;
  return {
    label: `node-seal ${SEAL_VERSION}`,
    threads: 1,
    parameters: `N = 2^${logN}, primes of ${sealBits.join(", ")} bits in 64-bit words, log2 Q = ${logQ}, log2 QP = ${logQP}, ${security}`,
    logQ,
    logQP,
    securityBits: logQP < maxLogQP(logN) ? 128 : 0,
  };
}
