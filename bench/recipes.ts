/** How each primitive is done with blindsight. */
import {
  Ciphertext,
  Encryptor,
  EvaluationKeys,
  Evaluator,
  KeyHolder,
  type LinearTransform,
  linearTransform,
  type Parameters,
  type Plaintext,
  Randomness,
} from "../src/ckks/index.js";
import { toCoefficients } from "../src/ckks/polynomial.js";
import type { Device } from "../src/ntt/device.js";
import { BABY_STEPS, concatenate, HOISTED_STEPS, type OperationName, rotated, type Workload } from "./workload.js";

/** An operation taken apart: it makes something, which is read for the check, then freed. */
export interface Recipe<T> {
  readonly make: () => T | Promise<T>;
  readonly free: (made: T) => void;
  readonly read: (made: T) => Promise<Float64Array>;
  readonly bytes?: (made: T) => number;
  /** Operations that `make` does. */
  readonly each?: number;
  /** It waits for the device by itself, so that no two can be queued. */
  readonly waits?: boolean;
}

export type Recipes = Readonly<Record<OperationName, Recipe<unknown>>>;

/** All that the recipes need. */
export interface Kitchen {
  readonly device: Device;
  readonly parameters: Parameters;
  readonly holder: KeyHolder;
  readonly he: Evaluator;
  readonly workload: Workload;
}

export function makeRecipes(kitchen: Kitchen): Recipes {
  const { he, holder, workload } = kitchen;
  const { x, y } = workload;
  const encryptor = new Encryptor(holder.publicKey, Randomness.seededUnsafe(3));
  const a = holder.encrypt(x);
  const b = holder.encrypt(y);
  /** Of the public key: both parts are written. */
  const full = encryptor.encrypt(x);
  let written: Uint8Array | undefined;
  const plain = he.encoder.encode(y);
  const tensor = he.tensor(a, b);
  const product = he.multiplyPlain(a, plain);
  const transform = makeTransform(kitchen);
  const one = (make: () => Ciphertext) => ciphertextRecipe(holder, make);
  return {
    encode: general<Plaintext>({
      make: () => he.encoder.encode(x),
      free: (made) => made[Symbol.dispose](),
      read: (made) => decode(he, made),
      bytes: (made) => made.polynomial.packedBytes,
    }),
    "encode + encrypt, public key": one(() => encryptor.encrypt(x)),
    "encode + encrypt, secret key": one(() => holder.encrypt(x)),
    "decrypt + decode": general<Float64Array>({
      make: () => holder.decrypt(a),
      free: () => {},
      read: async (made) => made,
      waits: true,
    }),
    add: one(() => he.add(a, b)),
    "multiply plain": one(() => he.multiplyPlain(a, plain)),
    "tensor product": one(() => he.tensor(a, b)),
    "square + relinearize + rescale": one(() => he.square(a)),
    relinearize: one(() => he.relinearize(tensor)),
    rescale: one(() => he.rescale(product)),
    "multiply + relinearize + rescale": one(() => he.multiply(a, b)),
    rotate: one(() => he.rotate(a, 1)),
    "rotate, hoisted, each of 8": general<Ciphertext[]>({
      make: () => he.rotateMany(a, HOISTED_STEPS),
      free: (made) => {
        for (const ct of made) ct[Symbol.dispose]();
      },
      read: async (made) => concatenate(await Promise.all(made.map((ct) => holder.decrypt(ct)))),
      bytes: (made) => made[0].packedBytes,
      each: HOISTED_STEPS.length,
    }),
    "keys: secret, public, relinearization, one rotation": keyGeneration(kitchen),
    "linear transform, 16 diagonals": one(() => linearTransform(he, a, transform)),
    "write a ciphertext": general<Uint8Array>({
      make: () => full.toBytes(),
      free: () => {},
      read: async (made) => {
        using read = await Ciphertext.fromBytes(made, holder.ring);
        return await holder.decrypt(read);
      },
      bytes: (made) => made.length,
      waits: true,
    }),
    "read a ciphertext": general<Ciphertext>({
      make: async () => Ciphertext.fromBytes((written ??= await full.toBytes()), holder.ring),
      free: (made) => made[Symbol.dispose](),
      read: (made) => holder.decrypt(made),
      bytes: (made) => made.packedBytes,
      waits: true,
    }),
    ...keyFiles(kitchen),
  };
}

/** Keys are read to be used: what makes the result needs both. */
function keyFiles({ device, parameters, holder, workload }: Kitchen) {
  let [keys, written]: [EvaluationKeys?, Uint8Array?] = [];
  const write = () => (keys ??= holder.evaluationKeys({ rotations: [1] })).toBytes();
  const use = async (read: EvaluationKeys) => {
    const he = new Evaluator(device, parameters, read);
    using a = holder.encrypt(workload.x);
    using b = holder.encrypt(workload.y);
    using product = he.multiply(a, b);
    using result = he.rotate(product, 1);
    return await holder.decrypt(result);
  };
  return {
    "write keys: relinearization, one rotation": general<Uint8Array>({
      make: write,
      free: () => {},
      read: async (made) => {
        using read = await EvaluationKeys.fromBytes(made, device);
        return await use(read);
      },
      bytes: (made) => made.length,
      waits: true,
    }),
    "read keys: relinearization, one rotation": general<EvaluationKeys>({
      make: async () => EvaluationKeys.fromBytes((written ??= await write()), device),
      free: (made) => made[Symbol.dispose](),
      read: use,
      bytes: (made) => made.packedBytes,
      waits: true,
    }),
  };
}

/** For what makes one ciphertext. */
export function ciphertextRecipe(holder: KeyHolder, make: () => Ciphertext): Recipe<unknown> {
  return general<Ciphertext>({
    make,
    free: (made) => made[Symbol.dispose](),
    read: (made) => holder.decrypt(made),
    bytes: (made) => made.packedBytes,
  });
}

function keyGeneration({ device, parameters, workload }: Kitchen): Recipe<unknown> {
  const randomness = Randomness.seededUnsafe(4);
  const make = async () => {
    const holder = await KeyHolder.create(device, parameters, randomness);
    return { holder, publicKey: holder.publicKey, keys: holder.evaluationKeys({ rotations: [1] }) };
  };
  return general<Awaited<ReturnType<typeof make>>>({
    make,
    waits: true,
    free: ({ holder, keys }) => {
      holder[Symbol.dispose]();
      keys[Symbol.dispose]();
    },
    bytes: ({ publicKey, keys }) => publicKey.packedBytes + keys.packedBytes,
    // One result that needs the public key, the relinearisation key and the rotation key.
    read: async ({ holder, publicKey, keys }) => {
      const he = new Evaluator(device, parameters, keys);
      using a = new Encryptor(publicKey, randomness).encrypt(workload.x);
      using b = holder.encrypt(workload.y);
      using product = he.multiply(a, b);
      using result = he.rotate(product, 1);
      return await holder.decrypt(result);
    },
  });
}

function makeTransform({ he, workload: { diagonals } }: Kitchen): LinearTransform<Plaintext> {
  return {
    groups: Array.from({ length: diagonals.length / BABY_STEPS }, (_, g) => ({
      giant: g * BABY_STEPS,
      terms: Array.from({ length: BABY_STEPS }, (_, baby) => ({
        baby,
        diagonal: he.encoder.encode(rotated(diagonals[g * BABY_STEPS + baby], -g * BABY_STEPS)),
      })),
    })),
  };
}

async function decode({ ring, encoder }: Evaluator, plain: Plaintext): Promise<Float64Array> {
  const { polynomial, level, scale, slots } = plain;
  using coefficients = toCoefficients(polynomial);
  return encoder.decode(await ring.device.read(ring.logN, coefficients.limbs), level, scale, slots).real;
}

/** Forgets what a recipe makes: only its own functions touch it. */
function general<T>(typed: Recipe<T>): Recipe<unknown> {
  return typed as Recipe<unknown>;
}
