import { afterAll, describe, expect, test } from "vitest";
import { Parameters } from "../../../src/ckks/index.js";
import { FormatError, ParameterError } from "../../../src/errors.js";
import { openDevice } from "../../../src/index.js";
import {
  compile,
  EncryptedImage,
  EncryptedResult,
  type Layout,
  Model,
  Plan,
  type Role,
} from "../../../src/nn/index.js";
import { type Parts, partsOf, sealed } from "../../data/fuzz/sealed.js";
import { wordStream } from "../../seed.js";
import { randomNetwork } from "../random-network.js";
import { exchangedReaders, writeExchanged } from "./exchanged.js";
import { makeAll, planOf } from "./stored.js";

const device = await openDevice("cpu", { threads: 1 });
const maker = await openDevice("cpu", { threads: 1 });
afterAll(() => Promise.all([device.close(), maker.close()]));
const files = await writeExchanged(maker);
const held = () => device.statistics().bytesInUse;

async function refused(name: string, bytes: Uint8Array, what: string): Promise<Error> {
  const error = await exchangedReaders[name](bytes, device).then(
    () => undefined,
    (thrown) => thrown as Error,
  );
  expect(error, what).toBeDefined();
  expect(held(), what).toBe(0);
  return error!;
}

/** What somebody would send who computes checksums anew. */
function changed(file: Uint8Array, change: (parts: Parts) => void): Uint8Array {
  const parts = partsOf(file);
  change(parts);
  return sealed(parts);
}

describe.each(Object.keys(files))("a damaged file is one named error, and leaves no limb: %s", (name) => {
  const file = files[name];

  test("cut off anywhere, or with something behind", async () => {
    const random = wordStream(1);
    const anywhere = Array.from({ length: 20 }, () => random() % file.length);
    for (const length of [0, 15, 16, 60, file.length - 1, file.length - 8, ...anywhere]) {
      expect(await refused(name, file.subarray(0, length), `${length} bytes`)).toBeInstanceOf(FormatError);
    }
    expect(await refused(name, Uint8Array.from([...file, 0]), "one byte more")).toBeInstanceOf(FormatError);
  });

  test("with a bit changed anywhere", async () => {
    const random = wordStream(2);
    for (let i = 0; i < 60; i++) {
      const bytes = new Uint8Array(file);
      const at = i < 20 ? i : random() % file.length;
      bytes[at] ^= 1 << (random() % 8);
      expect(await refused(name, bytes, `byte ${at}`)).toBeInstanceOf(FormatError);
    }
  });

  test("with a changed head, of the file or of a vector, behind checksums that fit", async () => {
    const random = wordStream(3);
    for (let i = 0; i < 80; i++) {
      const bytes = changed(file, ({ fields, blocks }) => {
        const head = i % 2 ? fields : blocks[0];
        head[random() % head.length] ^= 1 << (random() % 8);
      });
      // Labels and seeds may say anything; then it is a value of other residues, or of another key, and whole.
      try {
        using read = await exchangedReaders[name](bytes, device);
        expect((await read.toBytes()).length).toBe(file.length);
      } catch (error) {
        expect(["FormatError", "ParameterError"], `${error}`).toContain((error as Error).name);
      }
      expect(held()).toBe(0);
    }
  });

  test("with a vector missing, twice, or in another's place; with a word that is no residue", async () => {
    const parts = partsOf(file);
    // Of each vector: its head is short, a limb is not.
    const heads = parts.blocks.flatMap((block, i) => (block.length < 1000 ? [i] : []));
    const last = heads[heads.length - 1];
    const vector = parts.blocks.slice(last);
    const cases: Record<string, (parts: Parts) => void> = {
      "the last vector missing": ({ blocks }) => blocks.splice(last),
      "the last vector twice": ({ blocks }) => blocks.push(...vector),
      "a limb missing": ({ blocks }) => blocks.splice(heads[0] + 1, 1),
      "no residue": ({ blocks }) => blocks[heads[0] + 1].fill(0xff, 100, 108),
    };
    for (const [what, change] of Object.entries(cases)) {
      expect(await refused(name, changed(file, change), what), what).toBeInstanceOf(FormatError);
    }
    if (!name.startsWith("model")) return;
    const exchange = ({ blocks }: Parts) => blocks.push(...blocks.splice(0, heads[1]));
    expect((await refused(name, changed(file, exchange), "exchanged")).message).toMatch(/where the plan has level/);
  });
});

describe("at the doors", async () => {
  const plan = planOf("encrypted");
  const { model, input, result } = await makeAll(maker, plan);
  const doors = {
    model: [await model.toBytes(), Model],
    image: [await input.toBytes(), EncryptedImage],
    result: [await result.toBytes(), EncryptedResult],
  } as const;

  test.each(Object.keys(doors) as (keyof typeof doors)[])("a %s of other parameters or another plan", async (name) => {
    const [bytes, door] = doors[name];
    const other = compile(randomNetwork([1, 4, 4], ["flatten", { linear: 2 }], 1));
    await expect(door.fromBytes(bytes, other, device)).rejects.toThrow(ParameterError);
    // The same program with other parameters, and somebody who wrote the right identity over the file's.
    const wider = Parameters.choose({ depth: plan.program.depth, slots: 2048, wideBase: true });
    const { program } = plan;
    const more = Math.log2(wider.slots / program.slots);
    const layouts = program.layouts.map((layout): Layout => {
      const count = Math.log2(layout.slots);
      const bits = [...layout.bits.slice(0, count), ...Array<Role>(more).fill("replica"), ...layout.bits.slice(count)];
      return { ...layout, slots: wider.slots, bits };
    });
    const twin = new Plan({ ...plan, program: { ...program, slots: wider.slots, layouts }, parameters: wider });
    await expect(door.fromBytes(bytes, twin, device)).rejects.toThrow("was made for another plan");
    const forged = changed(bytes, ({ fields }) => fields.set(Buffer.from(twin.identity, "hex")));
    await expect(door.fromBytes(forged, twin, device)).rejects.toThrow(/other parameters/);
    expect(held()).toBe(0);
  });

  test.each(Object.keys(doors) as (keyof typeof doors)[])("a %s in chunks of odd lengths", async (name) => {
    const [bytes, door] = doors[name];
    const random = wordStream(4);
    const chunks = function* () {
      for (let at = 0; at < bytes.length; ) {
        const length = random() % 3 === 0 ? random() % 7 : random() % 20_000;
        yield Buffer.from(bytes.subarray(at, at + length)); // an address that may be odd
        at += length;
      }
    };
    using read = await door.fromBytes(chunks(), plan, device);
    expect(Buffer.compare(await read.toBytes(), bytes)).toBe(0);
  });
});
