/** Long runs of the service: 20,000 hostile requests; 200 images from eight clients at once, none lost or mixed up. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { seed } from "../seed.js";
import { besiege } from "./siege.js";
import { clear, imageOf, openPair, openStage, type Stage } from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ rate: { perSecond: 1e6, burst: 1e6 } });
});
afterAll(() => stage.close());

test("20,000 requests that are none", () => besiege(stage, 20_000, seed), 3_600_000);

test("200 images from eight clients of four hospitals: each its own answer, once", async () => {
  const pairs: Awaited<ReturnType<typeof openPair>>[] = [];
  for (let k = 0; k < 4; k++) pairs.push(await openPair(stage, { hospital: `ward-${k}`, owner: "acme" }));
  const jobs = new Set<string>();
  let next = 0;
  const client = async (k: number): Promise<void> => {
    const { hospital, holder, model } = pairs[k % 4];
    while (next < 200) {
      const image = next++ % 24;
      const { logits, job } = await hospital.diagnose(holder, stage.device, model, imageOf(image));
      const right = clear(image);
      expect(Math.max(...logits.map((x, i) => Math.abs(x - right[i])))).toBeLessThan(1e-3);
      expect(jobs.has(job)).toBe(false);
      jobs.add(job);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, k) => client(k)));
  expect(jobs.size).toBe(200);
  const used = await Promise.all(pairs.map(async ({ hospital }) => (await hospital.models())[0].used));
  expect(used.reduce((sum, each) => sum + each, 0)).toBe(200);
  for (const { holder } of pairs) holder[Symbol.dispose]();
}, 3_600_000);
