/** `npm run site` under a sub-path: the page answers, and its documentation is beside it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../apps/stranger.js";
import { buildIfStale } from "../cli/blindsight.js";
import { Opened } from "../web/opened.js";
import { Site } from "./site.js";

test("the site is one static folder", async () => {
  buildIfStale();
  const parent = mkdtempSync(join(tmpdir(), "blindsight-site-"));
  const out = join(parent, "some/where");
  execFileSync(process.execPath, [join(root, "scripts/build-site.mjs"), out], { cwd: root, stdio: "ignore" });
  execFileSync("sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: out });
  const site = await Site.open([parent], "", () => undefined);
  const opened = await Opened.at(`${site.url}/some/where/index.html`);
  try {
    const { page } = opened;
    await page.locator(".samples button").first().click();
    expect(await opened.verdict()).toBe("The network says: lesion");
    await page.getByRole("link", { name: "Documentation" }).click();
    await page.locator("h1", { hasText: "blindsight" }).first().waitFor();
    expect(page.url()).toBe(`${site.url}/some/where/docs/index.html`);
    for (const path of ["documents/docs_page.html", "functions/blindsight_nn.measureCalibration.html"]) {
      const response = await page.goto(`${site.url}/some/where/docs/${path}`);
      expect([path, response?.status()]).toEqual([path, 200]);
    }
    expect(opened.asked.filter((asked) => !asked.startsWith(site.url) && !asked.startsWith("data:"))).toEqual([]);
  } finally {
    await opened.close();
    site.close();
    rmSync(parent, { recursive: true, force: true });
  }
}, 300_000);
