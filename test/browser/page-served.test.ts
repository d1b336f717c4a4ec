/** The page with a service, both behind nginx: from the token to the verdict. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probabilities } from "../../src/nn/index.js";
import { hasProgram } from "../programs.js";
import { clear, network } from "../service/stage.js";
import { violations } from "../web/axe.js";
import { changing } from "../web/between.js";
import { HospitalPage, PASSPHRASE, pngOf } from "../web/hospital-page.js";
import { ASK } from "../web/opened.js";

describe.skipIf(!hasProgram("nginx"))("the page and a service", () => {
  let there: HospitalPage;
  beforeAll(async () => {
    there = await HospitalPage.open();
  }, 300_000);
  afterAll(() => there?.close());

  test("a key is made, its id read to the owner, its public parts sent; the file that is saved is wrapped", async () => {
    const { page } = there.opened;
    await there.connect();
    await page.locator("summary", { hasText: "Make a new key" }).click();
    await there.makeKey("correct horse battery");
    await page.getByText("The two passphrases differ.").waitFor();
    await there.byLabel("The same passphrase again").fill(PASSPHRASE);
    await there.press("Make a new key");
    await page.locator(".keys li").waitFor();
    const fingerprint = (await there.text(".keys .hash")).replaceAll(" ", "");
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    await there.unlock();
    await there.press("Send the public parts");
    await page.getByText("No model is encrypted for this key yet.").waitFor();
    await there.give(fingerprint);
    await there.press("Look again");
    await page.locator(".open select").waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), there.press("Save to a file")]);
    const saved = await download.createReadStream();
    const chunks: Buffer[] = [];
    for await (const chunk of saved) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).length).toBeLessThan(10_000);
    expect(there.opened.complaints).toEqual([]);
  }, 300_000);

  test("drop, verdict; the account is what the service got", async () => {
    for (const k of [0, 1]) {
      await there.opened.drop(`phantom-${k}.png`, pngOf(k));
      there.between.requests.length = 0;
      const verdict = await there.opened.verdict();
      const scores = [...probabilities(clear(k), network.card)];
      const { labels, positive, threshold } = network.card;
      expect(verdict).toBe(`The network says: ${labels[scores[positive] >= threshold ? positive : 1 - positive]}`);
      const shown = await there.opened.scores();
      expect(Math.max(...shown.map((score, c) => Math.abs(score - scores[c])))).toBeLessThan(2e-3);
      const account = await there.text(".answer");
      expect(account).toContain("rl1, version 7");
      expect(account).toContain("Counted where requests leave the tab");
      expect(account).not.toContain("Nothing. All of it happened");
      expect(there.between.requests.at(-1)).toMatch(/^DELETE \/v1\/jobs\//);
    }
    expect(there.opened.complaints).toEqual([]);
  }, 300_000);

  test("a question can be stopped, and the key is still open", async () => {
    await there.opened.drop("phantom.png", pngOf(4));
    // The job never ends.
    there.between.change = changing(
      "GET",
      /^\/v1\/jobs\//,
      ({ ended: _, result: __, ...state }: { ended?: number; result?: object }) => ({
        ...state,
        state: "running",
      }),
    );
    try {
      await there.opened.page.locator(ASK).click();
      await there.press("Stop");
      await there.opened.page.locator(ASK).waitFor();
      expect(await there.opened.page.locator(".failure").count()).toBe(0);
    } finally {
      there.between.change = () => undefined;
    }
    expect(await there.opened.verdict()).toMatch(/The network says/);
  }, 300_000);

  test("the policy holds in the worker, too", async () => {
    const refusedBy = await there.opened.page.workers()[0].evaluate(
      () =>
        new Promise<string>((resolve) => {
          addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
          fetch("https://elsewhere.example/").catch(() => setTimeout(() => resolve("nobody"), 1000));
        }),
    );
    expect(refusedBy).toBe("connect-src");
    there.opened.complaints.length = 0;
  });

  test("an open key is wiped at once, though the service says nothing", async () => {
    const { page } = there.opened;
    there.between.silent = true;
    try {
      await there.press("Look again");
      await there.press("Lock");
      await page.locator(".keys .inline input").waitFor();
      expect(await page.locator(".open").count()).toBe(0);
    } finally {
      there.between.silent = false;
    }
    await there.unlock();
    await page.getByText("Alone in this tab").click();
    await page.getByText("By a service").click();
    await page.locator(".keys .inline input").waitFor();
    await there.unlock();
    await page.locator(".open select").waitFor();
  }, 300_000);

  test("axe finds nothing in the panel of an open key", async () => {
    expect(await violations(there.opened)).toEqual([]);
    await there.opened.page.locator("summary", { hasText: "Make a new key" }).click();
    await there.opened.page.locator("summary", { hasText: "Take a saved key" }).click();
    expect(await violations(there.opened)).toEqual([]);
  });

  test("a key in the browser's store opens with its own passphrase and plan only, and a reload forgets it", async () => {
    const { page } = there.opened;
    await page.reload();
    await there.connect();
    await page.locator(".keys .inline input").fill("another passphrase");
    await there.press("Open");
    await page.getByText("Try the passphrase again.").waitFor();
    await there.unlock();
    const swap = () =>
      page.evaluate(async () => {
        const open = indexedDB.open("blindsight");
        await new Promise((done) => (open.onsuccess = done));
        const store = open.result.transaction("keys", "readwrite").objectStore("keys");
        const all = store.getAll();
        await new Promise((done) => (all.onsuccess = done));
        const [key] = all.result;
        const wrapped = Uint8Array.from(key.wrapped as Uint8Array);
        wrapped[wrapped.length - 40] ^= 1;
        const put = store.put({ ...key, wrapped });
        await new Promise((done) => (put.onsuccess = done));
        open.result.close();
      });
    await there.press("Lock");
    await swap();
    await page.locator(".keys .inline input").fill(PASSPHRASE);
    await there.press("Open");
    await page.locator("#key-heading ~ .failure").waitFor();
  }, 300_000);
});
