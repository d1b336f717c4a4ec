import { Encryptor, Evaluator, KeyHolder, Randomness } from "../../src/ckks/index.js";
import { compute, type RnsPolynomial, scale } from "../../src/ckks/polynomial.js";
import type { Device } from "../../src/index.js";
import type { Needles } from "./needles.js";
import { FailingDevice, PassingDevice, Recorder } from "./secret-recorder.js";
import { unsafe, Values } from "./settings.js";

/** Levels of one and of two primes, a digit for each prime; a message fills all slots. */
export const parameters = unsafe(10, [2, 1, 1], { digitPrimes: 1, specials: 2, baseScaleBits: 30 });
export const values = new Values(21).complex(parameters.slots);

/** What is told, in the order in which it is made. */
type Publish = (made: { readonly parts: readonly RnsPolynomial[] }) => void;

/** Keys of every kind, both ways to encrypt, decryptions of two parts and of three. */
export async function everything(device: Device, publish: Publish = () => {}, before = async () => {}): Promise<void> {
  using stream = Randomness.seededUnsafe(11);
  using holder = await KeyHolder.create(device, parameters, stream);
  using keys = holder.evaluationKeys({ rotations: [1, 3], conjugate: true });
  const { publicKey } = holder;
  publish({
    parts: [publicKey.a, publicKey.b, ...keys.all.flatMap(({ digits }) => digits.flatMap(({ a, b }) => [a, b]))],
  });
  const encryptor = new Encryptor(publicKey, stream);
  using x = holder.encrypt(values);
  publish(x);
  using y = encryptor.encrypt(values, { level: 1 });
  publish(y);
  const he = new Evaluator(device, parameters, keys);
  using z = unharmed(device, () => he.tensor(y, y)); // a server's work, on what is public
  publish(z);
  for (const ciphertext of [x, y, z]) await holder.decrypt(ciphertext, 1);
  const bytes = await holder.toSecretBytes();
  using again = await KeyHolder.fromSecretBytes(bytes, device).finally(() => bytes.fill(0));
  publish({ parts: [again.publicKey.a, again.publicKey.b] });
  await before();
}

function unharmed<T>(device: Device, work: () => T): T {
  return device instanceof FailingDevice ? device.without(work) : work();
}

/** All that `everything` computes and does not publish. */
export async function secretsOfEverything(): Promise<Needles> {
  const recorder = await Recorder.open();
  await everything(recorder, ({ parts }) => {
    for (const part of parts) publishWithFile(recorder, part);
  });
  await recorder.close();
  return recorder.secrets();
}

/** A polynomial, and what a file of it holds: the same residues without a power of 2^32, and packed. */
export function publishWithFile(recorder: Recorder, part: RnsPolynomial): void {
  const { ring, primes } = part;
  using plain = scale(part, () => 1, primes, 0);
  using packed = compute(ring, "pack", primes, plain.form, (out, p) => [out, plain.limb(p), p]);
  for (const { limbs } of [part, plain, packed]) recorder.publish(ring.logN, limbs);
}

/** Gives nothing back: what was computed stays. */
export class Careless extends PassingDevice {
  override free(): void {}
}
