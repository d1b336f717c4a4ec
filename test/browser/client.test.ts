/** The client in a page of another origin, which the service lets in by name; the owner is in Node. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root, strangersProject } from "../apps/stranger.js";
import { calibration, clear, commitment, imageOf, network, openStage, plan, type Stage } from "../service/stage.js";
import { visit } from "./chromium.js";
import { ISOLATION, Site } from "./site.js";

let project: string;
beforeAll(async () => {
  project = strangersProject(join(root, "test/browser/client"));
  const options = { build: { target: "es2022" }, worker: { format: "es" } } as const;
  await build({ root: project, configFile: false, logLevel: "error", ...options });
}, 300_000);
afterAll(() => {
  if (project) rmSync(project, { recursive: true, force: true });
});

/** A page that asks, at `origin` as far as the service knows. */
async function ask(isolated: boolean, allow: (origin: string) => readonly string[]) {
  let stage: Stage | undefined;
  let inputs = "";
  const headers = () => (isolated ? ISOLATION : undefined);
  const site = await Site.open([join(project, "dist")], () => inputs, headers);
  try {
    stage = await openStage({ origins: allow(site.url) });
    const owner = await stage.owner("acme");
    await owner.register(plan);
    const token = await stage.tokenOf("hospital", "st-anna");
    const images = [0, 1, 2].map((k) => Array.from(imageOf(k)));
    inputs = JSON.stringify({ url: stage.service.url, token, plan: plan.identity, images, retries: 1 });
    let waiting = true;
    const give = async () => {
      while (waiting) {
        await new Promise((wake) => setTimeout(wake, 200));
        const [key] = await owner.keys();
        if (!key) continue;
        const description = { name: "rl1", version: "1", commitment, budget: 10 };
        const given = { plan, network, options: { calibration } };
        await owner.give(key, key.fingerprint, given, description, stage!.device);
        return;
      }
    };
    const giving = give();
    const found = await visit(`${site.url}/index.html`, site.report);
    waiting = false;
    await giving;
    return found;
  } finally {
    site.close();
    await stage?.close();
  }
}

test.each([
  true,
  false,
])("a page makes a key, waits for a model and asks; cross-origin isolated: %s", async (isolated) => {
  const found = await ask(isolated, (origin) => ["https://another.example", origin]);
  expect(found.errors).toEqual([]);
  expect(found.isolated).toBe(isolated);
  expect(found["served"]).toBe(found["fingerprint"]);
  const logits = found["logits"] as number[][];
  logits.forEach((list, k) => {
    expect(Math.max(...list.map((x, i) => Math.abs(x - clear(k)[i])))).toBeLessThan(1e-3);
  });
  expect([logits.length, found["refused"], found["left"]]).toEqual([3, "unauthorized", 0]);
}, 300_000);

test("a page of an origin that is not on the list gets nothing", async () => {
  const found = await ask(false, () => ["https://another.example"]);
  expect(found.errors).toEqual([expect.stringContaining("does not answer")]);
  expect(found["fingerprint"]).toBe(undefined);
}, 300_000);
