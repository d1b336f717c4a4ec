/**
 * What a server that deviates learns about the secret key (SECURITY.md): all of it, from labels or from refusals, in two
 * queries a coefficient. The tests stand for the warning; no rounding and no check of a result takes this away.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Ciphertext } from "../../src/ckks/ciphertext.js";
import { Encoder } from "../../src/ckks/encoder.js";
import { KeyHolder as SecretHolder } from "../../src/ckks/keys/holder.js";
import { fromIntegers } from "../../src/ckks/polynomial.js";
import { Randomness } from "../../src/ckks/randomness.js";
import { Ring } from "../../src/ckks/ring.js";
import { ParameterError } from "../../src/errors.js";
import { compile, EncryptedResult, interpret, KeyHolder, ModelOwner, Server } from "../../src/nn/index.js";
import { GUARD } from "../../src/nn/scales.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { randomImage, randomNetwork } from "./random-network.js";

/** One logit: it is told which of two classes it speaks for. */
const network = { ...randomNetwork([1, 4, 4], ["flatten", { linear: 1 }], 6), classes: 2 };
const plan = compile(network);
const { parameters, logitGrid: grid } = plan;
const ring = (on: Device) => Ring.of(on, parameters);

let device: Device;
let holder: KeyHolder;
/** The same secret key, to know what is right. */
let secret: SecretHolder;
beforeAll(async () => {
  device = await openCpuDevice();
  holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  secret = await SecretHolder.create(device, parameters, Randomness.seededUnsafe(1));
});
afterAll(() => device.close());

interface Message {
  readonly real: number;
  readonly imaginary: number;
}

/** A made-up ciphertext (m, c·X^power): its holder decrypts m + c·X^power·s. One message after the other, again and again. */
function forge(messages: Message | readonly Message[], c: number, power: number): Ciphertext {
  const { slots } = parameters;
  const encoder = new Encoder(ring(device));
  const all = Array.isArray(messages) ? (messages as readonly Message[]) : [messages as Message];
  const fill = (of: (message: Message) => number) =>
    Float64Array.from({ length: slots }, (_, k) => of(all[k % all.length]));
  const values = { real: fill(({ real }) => real), imaginary: fill(({ imaginary }) => imaginary) };
  const [c0, c1] = [encoder.coefficients(values, 0), new Float64Array(2 * slots)];
  c1[power] = c;
  const parts = [c0, c1].map((coefficients) => {
    const part = fromIntegers(ring(device), coefficients, parameters.primesAt(0));
    part.transform();
    return part;
  });
  return new Ciphertext(parts, { level: 0, state: "canonical", slots, fingerprint: holder.publicKey.fingerprint });
}

/** What the holder of the key is handed as a result, and what it lets be seen of it: a label, or that there is none. */
async function label(logit: Ciphertext): Promise<number | "refused"> {
  using result = new EncryptedResult(plan.identity, [logit], 1, { image: true, model: true });
  try {
    const [decrypted] = await holder.decrypt(result);
    return decrypted > 0 ? 1 : 0;
  } catch (error) {
    if (error instanceof ParameterError) return "refused";
    throw error;
  }
}

/** A step of the grid, in units of coefficients: too small to make slots disagree, and enough to tell −1, 0 and 1 apart. */
const STEP = grid * parameters.scaleAt(0);
const COEFFICIENTS = 24;

const NOTHING = { real: 0, imaginary: 0 };

/** c·X^power with s_i in coefficient 0 of c·X^power·s. */
function aimAt(i: number): [c: number, power: number] {
  return i === 0 ? [STEP, 0] : [-STEP, 2 * parameters.slots - i];
}

/** The first coefficients of s, from exact decryptions. */
async function coefficients(): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < COEFFICIENTS; i++) found.push(await coefficient(i));
  return found;
}

async function coefficient(i: number): Promise<number> {
  using probe = forge(NOTHING, ...aimAt(i));
  const { real } = await secret.decryptComplex(probe);
  return Math.round(real.reduce((a, b) => a + b) / real.length / grid) + 0; // no −0
}

describe("two queries a coefficient give the secret key to a server that deviates", () => {
  test("by labels: which class a made-up logit speaks for", async () => {
    const guessed: number[] = [];
    for (let i = 0; i < COEFFICIENTS; i++) {
      const atLeast = async (least: number) => {
        const probe = forge({ real: grid * (0.9 - least), imaginary: 0 }, ...aimAt(i));
        return (await label(probe)) === 1;
      };
      guessed.push((await atLeast(1)) ? 1 : (await atLeast(0)) ? 0 : -1);
    }
    expect(guessed).toEqual(await coefficients());
    expect(new Set(guessed).size).toBe(3);
  });

  test("by refusals: whether the guard of a made-up logit is just out of bounds", async () => {
    const guessed: number[] = [];
    for (let i = 0; i < COEFFICIENTS; i++) {
      const atLeast = async (least: number) => {
        // Coefficient N/2 of X^(N/2−i)·s is s_i, and in every slot its imaginary part. The real part moves the bound of the
        // guard between two steps of the grid.
        const message = { real: 100 * grid, imaginary: 0.25 + grid * (1 - least) };
        const probe = forge(message, STEP, parameters.slots - i);
        return (await label(probe)) === "refused";
      };
      guessed.push((await atLeast(1)) ? 1 : (await atLeast(0)) ? 0 : -1);
    }
    expect(guessed).toEqual(await coefficients());
    expect(new Set(guessed).size).toBe(3);
  });
});

describe("a key holder tells no more than the grid holds", () => {
  const image = randomImage(network, 1);

  /** One honest result. */
  async function run(): Promise<EncryptedResult> {
    const server = new Server(plan, device, holder.evaluationKeys);
    using model = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2)).encrypt(network, {
      calibration: [image],
    });
    using input = holder.encrypt(image);
    return server.run(model, input);
  }

  test("the grid follows from the plan: 2^-22 of what level 0 holds, a power of two, the same for all weights", () => {
    expect(grid).toBe(2 ** -12);
    const others = randomNetwork([1, 4, 4], ["flatten", { linear: 5 }], 7);
    expect(compile(others).logitGrid).toBe(grid);
  });

  test("logits lie on the grid times the output scale, within half a step of the exact ones", async () => {
    using honest = await run();
    for (const outputScale of [1, 8]) {
      const result = new EncryptedResult(plan.identity, honest.ciphertexts, outputScale, honest.encrypted);
      const exact = await holder.decrypt(result, { exactUnsafe: true });
      const told = await holder.decrypt(result);
      for (const [j, logit] of told.entries()) {
        expect(logit / (grid * outputScale)).toBe(Math.round(logit / (grid * outputScale)));
        expect(Math.abs(logit - exact[j])).toBeLessThanOrEqual((grid * outputScale) / 2);
        expect(exact[j]).not.toBe(logit);
        expect(Math.abs(exact[j] / outputScale - interpret(network, image)[j])).toBeLessThan(1e-3);
      }
    }
  });

  test("a refusal names no logit and no number that was decrypted, whichever logit is broken", async () => {
    const two = compile(randomNetwork([1, 4, 4], ["flatten", { linear: 2 }], 6));
    const both = KeyHolder.from(two, await SecretHolder.create(device, two.parameters, Randomness.seededUnsafe(1)));
    const whole = { real: 1, imaginary: GUARD };
    const wrong = { real: 1, imaginary: 9 * GUARD + 1 };
    const messages: string[] = [];
    for (const logits of [
      [wrong, whole],
      [whole, wrong],
      [whole, whole],
    ]) {
      const result = new EncryptedResult(two.identity, [forge(logits, 0, 0)], 1, { image: true, model: true });
      messages.push(
        await both.decrypt(result).then(
          () => "",
          (error: Error) => error.message,
        ),
      );
    }
    expect(messages[0]).toMatch(/not readable/);
    expect(messages[1]).toBe(messages[0]);
    expect(messages[2]).toBe("");
    both[Symbol.dispose]();
  });
});
