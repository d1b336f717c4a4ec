import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, expect, test } from "vitest";
import { Ring } from "../../src/ckks/index.js";
import { openDevice } from "../../src/index.js";
import { unsafe } from "./settings.js";

setFlagsFromString("--expose_gc");
const collect = runInNewContext("gc") as () => void;
const device = await openDevice("cpu", { threads: 1 });
afterAll(() => device.close());

const parametersOf = (bits: number) => unsafe(10, [2, 1], { digitPrimes: 1, specials: 2, baseScaleBits: 24 + bits });

test("a ring is one object as long as somebody has it, and is forgotten afterwards: strangers name ever others", async () => {
  const kept = Ring.of(device, parametersOf(0));
  const seen = Array.from({ length: 100 }, (_, k) => new WeakRef(Ring.of(device, parametersOf((k + 1) / 100))));
  for (let turn = 0; turn < 20 && seen.some((ring) => ring.deref()); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    collect();
  }
  expect(seen.filter((ring) => ring.deref()).length).toBe(0);
  expect(Ring.of(device, parametersOf(0))).toBe(kept);
  const again = Ring.of(device, parametersOf(0.5));
  expect(Ring.of(device, parametersOf(0.5))).toBe(again);
});
