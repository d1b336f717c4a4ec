import { createRequire } from "node:module";

/** What node-seal does at one parameter set, operation by operation; `undefined` memory is freed by `dispose`. */
export interface SealBench {
  readonly version: string;
  readonly logN: number;
  readonly logQ: number;
  readonly operations: Readonly<Record<"multiply" | "rotate" | "encrypt" | "encode", () => void>>;
}

/**
 * Microsoft SEAL in WebAssembly through node-seal 6.0.3, CKKS at 128 bits: one thread. The last prime is SEAL's
 * special one, so log2 Q of the data is that of the others, as in our own parameters.
 */
export async function openSeal(logN: number, primeBits: readonly number[]): Promise<SealBench> {
  // biome-ignore lint/suspicious/noExplicitAny: the package's types describe another of its builds
  const load = createRequire(import.meta.url)("node-seal/throws_wasm_node_umd") as () => Promise<any>;
  const seal = await load();
  const degree = 2 ** logN;
  const parameters = seal.EncryptionParameters(seal.SchemeType.ckks);
  parameters.setPolyModulusDegree(degree);
  parameters.setCoeffModulus(seal.CoeffModulus.Create(degree, Int32Array.from(primeBits)));
  const context = seal.Context(parameters, true, seal.SecurityLevel.tc128);
  if (!context.parametersSet()) throw new Error("node-seal refuses these parameters at 128 bits");
  const encoder = seal.CKKSEncoder(context);
  const generator = seal.KeyGenerator(context);
  const relinearization = generator.createRelinKeys();
  const galois = generator.createGaloisKeys(Int32Array.from([1]));
  const encryptor = seal.Encryptor(context, generator.createPublicKey());
  const evaluator = seal.Evaluator(context);
  const values = Float64Array.from({ length: degree / 2 }, (_, i) => Math.sin(i));
  const scale = 2 ** 40;
  const plain = encoder.encode(values, scale);
  const a = encryptor.encrypt(plain);
  const b = encryptor.encrypt(plain);
  const out = seal.CipherText();
  const outPlain = seal.PlainText();
  return {
    version: "6.0.3",
    logN,
    logQ: primeBits.slice(0, -1).reduce((x, y) => x + y, 0),
    operations: {
      multiply: () => {
        evaluator.multiply(a, b, out);
        evaluator.relinearize(out, relinearization, out);
        evaluator.rescaleToNext(out, out);
      },
      rotate: () => evaluator.rotateVector(a, 1, galois, out),
      encrypt: () => encryptor.encrypt(plain, out),
      encode: () => encoder.encode(values, scale, outPlain),
    },
  };
}
