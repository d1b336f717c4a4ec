/** The page for people: axe in both themes, widths and languages; pictures of all kinds; errors in words. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { violations } from "../web/axe.js";
import { buildPage, Opened } from "../web/opened.js";
import { ISOLATION, Site } from "./site.js";

const data = process.env["BLINDSIGHT_DATA"] ?? "";
const dicom = (name: string) => readFileSync(join(data, "dicom", name));

let folder: string;
let site: Site;
let opened: Opened;
beforeAll(async () => {
  folder = buildPage();
  site = await Site.open([folder], "", () => ISOLATION);
  opened = await Opened.at(`${site.url}/index.html`);
}, 300_000);
afterAll(async () => {
  await opened?.close();
  site?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const choose = (id: string) => opened.page.locator("select").nth(1).selectOption(id);

describe("axe", () => {
  const widths = [
    [1200, 900],
    [360, 740],
  ] as const;
  const looks = (["light", "dark"] as const).flatMap((scheme) => widths.map((size) => [scheme, size] as const));
  test.each(looks)(
    "finds nothing: %s, %s",
    async (colorScheme, [width, height]) => {
      const { page } = opened;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      for (const language of ["en", "zh"]) {
        await page.locator(".language select").selectOption(language);
        await choose("rl3-phantom");
        expect(await violations(opened)).toEqual([]);
        await page.locator(".samples button").first().click();
        await page.locator(".seen canvas").waitFor();
        await opened.verdict();
        expect(await violations(opened)).toEqual([]);
        await opened.drop("notes.txt", new TextEncoder().encode("no picture"));
        await page.locator("main > .failure").waitFor();
        expect(await violations(opened)).toEqual([]);
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(beyond).toBeLessThanOrEqual(0);
        expect(await page.evaluate(() => document.documentElement.lang)).toBe(language === "zh" ? "zh-CN" : "en");
      }
      await page.locator(".language select").selectOption("en");
    },
    120_000,
  );

  test("all of it is reached with the keyboard, in the order of reading", async () => {
    const { page } = opened;
    await page.reload();
    await page.locator(".samples button").first().waitFor();
    await page.locator(".engine", { hasText: "Computes on" }).waitFor();
    await page.locator("select").nth(1).waitFor();
    const reached: string[] = [];
    for (let k = 0; k < 8; k++) {
      await page.keyboard.press("Tab");
      reached.push(
        await page.evaluate(
          () => `${document.activeElement?.tagName} ${document.activeElement?.textContent?.slice(0, 12)}`,
        ),
      );
    }
    expect(reached.map((each) => each.split(" ")[0])).toEqual([
      ...["A", "SELECT", "SELECT", "INPUT", "BUTTON", "BUTTON", "BUTTON", "BUTTON"],
    ]);
    await page.keyboard.press("Enter");
    await page.locator(".seen canvas").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".verdict").waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("answer-heading");
  }, 180_000);
});

describe.skipIf(!data)("pictures of all kinds", () => {
  test("a DICOM: its tags are shown and stay; another modality is told, and asked for once more", async () => {
    const { page } = opened;
    await choose("rl3-pneumoniamnist");
    await opened.drop("MR_small.dcm", dicom("MR_small.dcm"));
    await page.locator(".seen", { hasText: "DICOM" }).waitFor();
    expect(await page.locator(".warning").first().innerText()).toContain("made by MR, and this network is for CR / DX");
    expect(await page.locator(".warning").nth(1).innerText()).toContain("does not look like those");
    expect(await page.locator("button.primary").isDisabled()).toBe(true);
    await page.locator(".tags summary").click();
    expect(await page.locator(".tags").innerText()).toMatch(/Patient's Name/);
    await page.locator(".check input").check();
    await opened.verdict();
    const name = await page.locator(".tags dd").first().innerText();
    expect(name.length).toBeGreaterThan(3);
    expect(await page.locator(".answer").innerText()).not.toContain(name);
    await page.emulateMedia({ media: "print" });
    await page.locator(".tags").waitFor({ state: "hidden" });
    expect(await page.locator(".answer .warning").allInnerTexts()).toEqual([
      expect.stringContaining("made by MR"),
      expect.stringContaining("do not trust the answer"),
    ]);
    expect(await page.locator(".answer .no-device").isVisible()).toBe(true);
    await page.emulateMedia({ media: "screen" });
  }, 180_000);

  test.each([
    "MR_truncated.dcm",
    "badVR.dcm",
  ])("%s is an error in words, and the picture before is gone", async (name) => {
    await opened.drop(name, dicom(name));
    const failure = opened.page.locator("main > .failure");
    await failure.waitFor();
    expect(await failure.innerText()).toContain("This file cannot be read: it is damaged, or of a kind");
    expect(await opened.page.locator(".seen").count()).toBe(0);
    expect(await opened.page.locator("button.primary").isDisabled()).toBe(true);
  }, 180_000);

  test("a JPEG", async () => {
    const jpeg = await opened.page.evaluate(async () => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 64;
      const context = canvas.getContext("2d")!;
      for (let x = 0; x < 64; x++) {
        context.fillStyle = `rgb(${4 * x}, ${4 * x}, ${4 * x})`;
        context.fillRect(x, 0, 1, 64);
      }
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.95));
      return [...new Uint8Array(await blob!.arrayBuffer())];
    });
    await opened.drop("ramp.jpg", Uint8Array.from(jpeg));
    await opened.page.locator(".seen canvas").waitFor();
    expect(await opened.page.locator(".seen").innerText()).toContain("JPEG, 64 × 64 pixels");
  }, 180_000);
});

test("a page that did not come securely says why, and what to do", async () => {
  const { context } = opened;
  const page = await context.newPage();
  await page.addInitScript(() => Object.defineProperty(globalThis, "isSecureContext", { value: false }));
  await page.goto(`${site.url}/index.html`);
  expect(await page.locator("main").innerText()).toContain("Ask whoever runs this page to serve it over https://");
  await page.close();
}, 180_000);
