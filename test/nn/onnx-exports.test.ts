import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BlindsightError } from "../../src/errors.js";
import { compile, interpret, KeyHolder, ModelOwner, Randomness, Server } from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import type { Device } from "../../src/ntt/device.js";
import { all, open, present, REFUSED, TAILS } from "./exports.js";

let device: Device;
beforeAll(async () => {
  device = await openCpuDevice();
});
afterAll(() => device.close());

/** Twelve layers at N = 2^15 and 25 levels: planned only, for its keys take minutes. */
const DEEP = "deep12";

describe.skipIf(!present)("what exporters write is read right, or refused in one line with a way out", () => {
  it.each(all.filter(({ name }) => !(name in REFUSED)))("$name: onnxruntime's logits, and a plan", (each) => {
    const notes: string[] = [];
    const network = open(each.name, (note) => notes.push(note));
    const logits = interpret(network, Float64Array.from(each.input));
    const tail = TAILS[each.name];
    const outputs = tail ? tail(logits, network) : logits;
    // Those written before opset 7 are refused by onnxruntime, and those with a rest of training.
    expect(outputs.length).toBe(each.reference?.length ?? outputs.length);
    for (const [k, wanted] of (each.reference ?? []).entries()) {
      expect(Math.abs(outputs[k] - wanted)).toBeLessThan(1e-6 * Math.max(1, Math.abs(wanted)));
    }
    expect(notes.join()).toMatch(tail ? /was dropped: the key holder computes the probabilities/ : /^$/);
    expect(compile(network).security.bits).toBeGreaterThanOrEqual(128);
  });

  it.each(all.filter(({ name }) => !(name in REFUSED) && name !== DEEP))("$name, encrypted", async (each) => {
    const network = open(each.name);
    const image = Float64Array.from(each.input);
    const plan = compile(network);
    using holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
    const server = new Server(plan, device, holder.evaluationKeys);
    const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
    using model = server.load(owner.encrypt(network, { calibration: [image] }));
    using result = await server.run(model, holder.encrypt(image));
    const logits = await holder.decrypt(result);
    const clear = interpret(network, image);
    const largest = clear.reduce((most, logit) => Math.max(most, Math.abs(logit)), 1);
    for (const [k, logit] of clear.entries()) expect(Math.abs(logits[k] - logit)).toBeLessThan(2e-3 * largest);
  });

  it.each(Object.entries(REFUSED))("%s: refused", (name, [message, fix]) => {
    let error: unknown;
    try {
      open(name);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(BlindsightError);
    expect((error as BlindsightError).message).toMatch(message);
    expect((error as BlindsightError).fix).toMatch(fix);
    expect(`${(error as BlindsightError).message} ${(error as BlindsightError).fix}`).toMatch(/^[^\n]+$/);
  });

  it("the table names files that are there", () => {
    expect(all).toHaveLength(48);
    for (const name of Object.keys({ ...REFUSED, ...TAILS })) expect(all.map((each) => each.name)).toContain(name);
  });
});
