/** How each primitive is done with node-seal: into objects that are there already, as its users are told to. */
import type { Operation } from "./operation.js";
import { BABY_STEPS, expectedOf, type OperationName, rotated, type Workload } from "./workload.js";

// biome-ignore lint/suspicious/noExplicitAny: the package's types describe another of its builds
type SealObject = any;

/** All that the operations need. */
export interface SealKitchen {
  readonly seal: SealObject;
  readonly context: SealObject;
  readonly generator: SealObject;
  readonly secretKey: SealObject;
  readonly publicKey: SealObject;
  readonly relinearization: SealObject;
  readonly galois: SealObject;
  readonly encoder: SealObject;
  readonly evaluator: SealObject;
  readonly encryptor: SealObject;
  readonly decryptor: SealObject;
  readonly scale: number;
  readonly workload: Workload;
  /** Whether `galois` holds the rotations of the linear transform. */
  readonly withTransform: boolean;
  /** Where ciphertexts go. */
  readonly out: SealObject;
}

export function makeSealOperations(kitchen: SealKitchen): Partial<Record<OperationName, Operation>> {
  const { seal, encoder, evaluator, encryptor, decryptor, relinearization, galois, scale, workload, out } = kitchen;
  const { x, y } = workload;
  const plainX = encoder.encode(x, scale);
  const plainY = encoder.encode(y, scale);
  const a = encryptor.encrypt(plainX);
  const b = encryptor.encrypt(plainY);
  const [tensor, product] = [seal.CipherText(), seal.CipherText()];
  evaluator.multiply(a, b, tensor);
  evaluator.multiplyPlain(a, plainY, product);
  const plain = seal.PlainText();
  let decoded: Float64Array = x;
  let written: Uint8Array = a.saveArray(seal.ComprModeType.none);
  const finish = (multiply: () => void) => () => {
    multiply();
    evaluator.relinearize(out, relinearization, out);
    evaluator.rescaleToNext(out, out);
  };
  const one = (name: OperationName, run: () => void): Operation => ({
    perSample: 1,
    run,
    outcome: async () => {
      run();
      const bytes = out.saveArray(seal.ComprModeType.none).length;
      return { values: encoder.decode(decryptor.decrypt(out)), bytes };
    },
    expected: expectedOf(name, workload),
  });
  const rotate = one("rotate", () => evaluator.rotateVector(a, 1, galois, out));
  const symmetric = one("encode + encrypt, secret key", () => {
    encoder.encode(x, scale, plain);
    encryptor.encryptSymmetric(plain, out);
  });
  const linear = "linear transform, 16 diagonals";
  return {
    encode: {
      ...one("encode", () => encoder.encode(x, scale, plain)),
      outcome: async () => {
        encoder.encode(x, scale, plain);
        return { values: encoder.decode(plain), bytes: plain.saveArray(seal.ComprModeType.none).length };
      },
    },
    "encode + encrypt, public key": one("encode + encrypt, public key", () => {
      encoder.encode(x, scale, plain);
      encryptor.encrypt(plain, out);
    }),
    "encode + encrypt, secret key": {
      ...symmetric,
      outcome: async () => {
        const bytes = savedBytes(seal, encryptor.encryptSymmetricSerializable(plainX));
        return { ...(await symmetric.outcome()), bytes };
      },
    },
    "decrypt + decode": {
      ...one("decrypt + decode", () => {
        decryptor.decrypt(a, plain);
        decoded = encoder.decode(plain);
      }),
      outcome: async () => {
        decryptor.decrypt(a, plain);
        decoded = encoder.decode(plain);
        return { values: decoded };
      },
    },
    add: one("add", () => evaluator.add(a, b, out)),
    "multiply plain": one("multiply plain", () => evaluator.multiplyPlain(a, plainY, out)),
    "tensor product": one("tensor product", () => evaluator.multiply(a, b, out)),
    "square + relinearize + rescale": one(
      "square + relinearize + rescale",
      finish(() => evaluator.square(a, out)),
    ),
    relinearize: one("relinearize", () => evaluator.relinearize(tensor, relinearization, out)),
    rescale: one("rescale", () => evaluator.rescaleToNext(product, out)),
    "multiply + relinearize + rescale": one(
      "multiply + relinearize + rescale",
      finish(() => evaluator.multiply(a, b, out)),
    ),
    rotate,
    "rotate, hoisted, each of 8": rotate, // SEAL hoists nothing
    "keys: secret, public, relinearization, one rotation": keyGeneration(kitchen),
    "write a ciphertext": {
      ...one("write a ciphertext", () => {
        written = a.saveArray(seal.ComprModeType.none);
      }),
      outcome: async () => ({ values: encoder.decode(decryptor.decrypt(a)), bytes: written.length }),
    },
    "read a ciphertext": one("read a ciphertext", () => out.loadArray(kitchen.context, written)),
    ...(kitchen.withTransform ? { [linear]: one(linear, linearTransform(kitchen, a)), ...keyFiles(kitchen) } : {}),
  };
}

function keyGeneration({ seal, context, encoder, evaluator, scale, workload }: SealKitchen): Operation {
  const make = () => {
    const generator = seal.KeyGenerator(context);
    const keys = [
      generator.secretKey(),
      generator.createPublicKey(),
      generator.createRelinKeys(),
      generator.createGaloisKeys(Int32Array.from([1])),
    ];
    const free = () => {
      for (const object of [...keys, generator]) object.delete();
    };
    return { keys, free };
  };
  /** With seeds, one after the other. */
  const sentBytes = () => {
    const generator = seal.KeyGenerator(context);
    const bytes =
      savedBytes(seal, generator.createPublicKeySerializable()) +
      savedBytes(seal, generator.createRelinKeysSerializable()) +
      savedBytes(seal, generator.createGaloisKeysSerializable(Int32Array.from([1])));
    generator.delete();
    return bytes;
  };
  return {
    perSample: 1,
    run: () => make().free(),
    outcome: async () => {
      const { keys, free } = make();
      const [secretKey, publicKey, relinearization, galois] = keys;
      const encryptor = seal.Encryptor(context, publicKey);
      const decryptor = seal.Decryptor(context, secretKey);
      const [a, b] = [workload.x, workload.y].map((values) => encryptor.encrypt(encoder.encode(values, scale)));
      evaluator.multiply(a, b, a);
      evaluator.relinearize(a, relinearization, a);
      evaluator.rescaleToNext(a, a);
      evaluator.rotateVector(a, 1, galois, a);
      const values = encoder.decode(decryptor.decrypt(a));
      for (const object of [a, b, encryptor, decryptor]) object.delete();
      free(); // at N = 2^16 there is no memory for more than this and the next
      return { values, bytes: sentBytes() };
    },
    expected: expectedOf("keys: secret, public, relinearization, one rotation", workload),
  };
}

/** With seeds and without compression, the relinearisation key and one rotation key, as ours. */
function keyFiles({
  seal,
  context,
  generator,
  encoder,
  evaluator,
  encryptor,
  decryptor,
  scale,
  workload,
}: SealKitchen) {
  const kept = [generator.createRelinKeysSerializable(), generator.createGaloisKeysSerializable(Int32Array.from([1]))];
  const [relinearization, galois] = [seal.RelinKeys(), seal.GaloisKeys()];
  let written: Uint8Array[] = [];
  const write = () => {
    written = kept.map((keys) => keys.saveArray(seal.ComprModeType.none));
  };
  const read = () => {
    if (written.length === 0) write();
    relinearization.loadArray(context, written[0]);
    galois.loadArray(context, written[1]);
  };
  const operation = (name: OperationName, run: () => void): Operation => ({
    perSample: 1,
    run,
    outcome: async () => {
      run();
      read();
      const [a, b] = [workload.x, workload.y].map((values) => encryptor.encrypt(encoder.encode(values, scale)));
      evaluator.multiply(a, b, a);
      evaluator.relinearize(a, relinearization, a);
      evaluator.rescaleToNext(a, a);
      evaluator.rotateVector(a, 1, galois, a);
      const values = encoder.decode(decryptor.decrypt(a));
      for (const object of [a, b]) object.delete();
      return { values, bytes: written.reduce((sum, { length }) => sum + length, 0) };
    },
    expected: expectedOf(name, workload),
  });
  const [writing, reading] = ["write", "read"].map((verb) => `${verb} keys: relinearization, one rotation`);
  return {
    [writing]: operation(writing as OperationName, write),
    [reading]: operation(reading as OperationName, read),
  };
}

/** Length of an object's file without compression. Deletes the object. */
function savedBytes(seal: SealObject, object: SealObject): number {
  const { length } = object.saveArray(seal.ComprModeType.none);
  object.delete();
  return length;
}

/** The same baby steps and giant steps as ours, each baby step its own rotation. */
function linearTransform({ seal, encoder, evaluator, galois, scale, workload, out }: SealKitchen, a: SealObject) {
  const plains = workload.diagonals.map((diagonal, d) =>
    encoder.encode(rotated(diagonal, -Math.floor(d / BABY_STEPS) * BABY_STEPS), scale),
  );
  const babies = Array.from({ length: BABY_STEPS }, () => seal.CipherText());
  const [sum, term] = [seal.CipherText(), seal.CipherText()];
  return () => {
    const rotations = babies.map((baby, steps) => {
      if (steps > 0) evaluator.rotateVector(a, steps, galois, baby);
      return steps > 0 ? baby : a;
    });
    for (let giant = 0; giant < plains.length; giant += BABY_STEPS) {
      const target = giant === 0 ? out : sum;
      evaluator.multiplyPlain(rotations[0], plains[giant], target);
      for (let baby = 1; baby < BABY_STEPS; baby++) {
        evaluator.multiplyPlain(rotations[baby], plains[giant + baby], term);
        evaluator.add(target, term, target);
      }
      if (giant === 0) continue;
      evaluator.rotateVector(sum, giant, galois, sum);
      evaluator.add(out, sum, out);
    }
    evaluator.rescaleToNext(out, out);
  };
}
