/** The page with a service of its own, both behind nginx: from the token to the verdict, and what a service that deviates gets. */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probabilities } from "../../src/nn/index.js";
import { writePng } from "../data/png-bytes.js";
import { hasProgram } from "../programs.js";
import {
  calibration,
  clear,
  commitment,
  network,
  openStage,
  phantomPixels,
  plan,
  type Stage,
} from "../service/stage.js";
import { violations } from "../web/axe.js";
import { Between, type Change, changing } from "../web/between.js";
import { ASK, buildPage, freePort, Nginx, Opened } from "../web/opened.js";

const PASSPHRASE = "correct horse battery staple";
const pngOf = (k: number) =>
  writePng({ width: 28, height: 28, depth: 8, colourType: 0, interlaced: false, samples: phantomPixels(k) });

describe.skipIf(!hasProgram("nginx"))("the page and a service", () => {
  let stage: Stage;
  let between: Between;
  let nginx: Nginx;
  let folder: string;
  let url: string;
  let token: string;
  let opened: Opened;
  beforeAll(async () => {
    const [port, servicePort] = [await freePort(), await freePort()];
    url = `https://localhost:${port}/`;
    const service = `https://localhost:${servicePort}`;
    folder = buildPage(service);
    stage = await openStage({ origins: [new URL(url).origin] });
    between = await Between.open(() => stage.service.url);
    nginx = await Nginx.open([
      [
        "deploy/page.nginx.conf",
        [
          ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
          ["server_name page.hospital.example;", "server_name localhost;"],
          ["/srv/blindsight-page", folder],
          ["https://blindsight.example", service],
        ],
      ],
      [
        "deploy/nginx.conf",
        [
          ["listen 443 ssl;", `listen 127.0.0.1:${servicePort} ssl;`],
          ["server_name blindsight.example;", "server_name localhost;"],
          ["http://127.0.0.1:8080", between.url],
        ],
      ],
    ]);
    const owner = await stage.owner("acme");
    await owner.register(plan);
    token = await stage.tokenOf("hospital", "st-anna");
    opened = await Opened.at(url);
  }, 300_000);
  afterAll(async () => {
    await opened?.close();
    await nginx?.close();
    between?.close();
    await stage?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const byLabel = (label: string) => opened.page.getByLabel(label, { exact: true });
  const press = (name: string) => opened.page.getByRole("button", { name, exact: true }).click();
  const text = (selector: string) => opened.page.locator(selector).innerText();

  async function unlock(): Promise<void> {
    await opened.page.locator(".keys .inline input").fill(PASSPHRASE);
    await press("Open");
    await opened.page.locator(".open").waitFor();
  }

  test("a key is made, its id read to the owner, its public parts sent; the file that is saved is wrapped", async () => {
    const { page } = opened;
    await page.getByText("By a service").click();
    await byLabel("Access token").fill(token);
    await press("Connect");
    await page.locator("summary", { hasText: "Make a new key" }).click();
    await byLabel("Name").first().fill("radiology 2026");
    await byLabel("Passphrase").first().fill(PASSPHRASE);
    await byLabel("The same passphrase again").fill("correct horse battery");
    await press("Make a new key");
    await page.getByText("The two passphrases differ.").waitFor();
    await byLabel("The same passphrase again").fill(PASSPHRASE);
    await press("Make a new key");
    await page.locator(".keys li").waitFor();
    const fingerprint = (await text(".keys .hash")).replaceAll(" ", "");
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    await unlock();
    await press("Send the public parts");
    await page.getByText("No model is encrypted for this key yet.").waitFor();
    const owner = await stage.owner("acme");
    const [key] = await owner.keys();
    expect(key.fingerprint).toBe(fingerprint);
    const description = { name: "rl1", version: "7", commitment, budget: 20 };
    await owner.give(key, fingerprint, { plan, network, options: { calibration } }, description, stage.device);
    await press("Look again");
    await page.locator(".open select").waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), press("Save to a file")]);
    const saved = await download.createReadStream();
    const chunks: Buffer[] = [];
    for await (const chunk of saved) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).length).toBeLessThan(10_000);
    expect(opened.complaints).toEqual([]);
  }, 120_000);

  test("drop, verdict; the account is what the service got", async () => {
    for (const k of [0, 1]) {
      await opened.drop(`phantom-${k}.png`, pngOf(k));
      between.requests.length = 0;
      const verdict = await opened.verdict();
      const scores = [...probabilities(clear(k), network.card)];
      const { labels, positive, threshold } = network.card;
      expect(verdict).toBe(`The network says: ${labels[scores[positive] >= threshold ? positive : 1 - positive]}`);
      const shown = await opened.scores();
      expect(Math.max(...shown.map((score, c) => Math.abs(score - scores[c])))).toBeLessThan(2e-3);
      const account = await text(".answer");
      expect(account).toContain("rl1, version 7");
      expect(account).toContain("Counted where requests leave the tab");
      expect(account).not.toContain("Nothing. All of it happened");
      expect(between.requests.at(-1)).toMatch(/^DELETE \/v1\/jobs\//);
    }
    expect(opened.complaints).toEqual([]);
  }, 120_000);

  const other = "ab".repeat(32);
  const isResult = (method: string, path: string) => method === "GET" && /\/result$/.test(path);
  const never = /Do not ask again for this image/;
  const deviations: readonly (readonly [string, Change, RegExp, RegExp])[] = [
    [
      "a result of another image",
      changing("GET", /^\/v1\/jobs\//, (state: object) => ({ ...state, image: other })),
      /another image/,
      /Do not use this answer/,
    ],
    [
      "another plan",
      changing("GET", /^\/v1\/jobs\//, (state: object) => ({ ...state, plan: other })),
      /another plan/,
      /Do not use this answer/,
    ],
    [
      "another model",
      changing("GET", /^\/v1\/jobs\//, (state: { model: object }) => ({
        ...state,
        model: { ...state.model, sha256: other },
      })),
      /another model/,
      /Do not use this answer/,
    ],
    [
      "other bytes of a result",
      (method, path, body) => (isResult(method, path) ? Buffer.from(body).fill(7, 5000, 5008) : undefined),
      /not what the service said/,
      never,
    ],
  ];
  async function refused(message: RegExp, words: RegExp): Promise<void> {
    const alert = opened.page.locator("main > .failure");
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(words);
    await alert.locator("summary").click();
    expect(await alert.innerText()).toMatch(message);
    const asked = between.requests.length;
    await opened.page.waitForTimeout(1000);
    expect(between.requests.length).toBe(asked);
  }

  test.each(deviations)(
    "a service that answers with %s is noticed, and told nothing",
    async (_what, change, message, words) => {
      await opened.drop("phantom.png", pngOf(2));
      between.change = change;
      try {
        await opened.page.locator(ASK).click();
        await refused(message, words);
      } finally {
        between.change = () => undefined;
      }
    },
    120_000,
  );

  test.each([
    ["no ciphertext", (body: Buffer) => Buffer.alloc(body.length, 7)],
    // Noise, under checksums that fit: what decryption refuses.
    ["half a file", (body: Buffer) => body.subarray(0, body.length >> 1)],
  ])(
    "a result that is %s, as the service announced it, is refused like any other",
    async (_what, made) => {
      await opened.drop("phantom.png", pngOf(3));
      let forged: Buffer | undefined;
      // The state comes before the result: it announces what will be given.
      between.change = (method, path, body) => {
        if (isResult(method, path)) return (forged ??= made(body));
        if (method !== "GET" || !/^\/v1\/jobs\//.test(path)) return undefined;
        const state = JSON.parse(body.toString());
        if (!state.result) return undefined;
        forged ??= made(Buffer.alloc(state.result.bytes));
        const sha256 = createHash("sha256").update(forged).digest("hex");
        return Buffer.from(JSON.stringify({ ...state, result: { bytes: forged.length, sha256 } }));
      };
      try {
        await opened.page.locator(ASK).click();
        await refused(/./, never);
      } finally {
        between.change = () => undefined;
      }
    },
    120_000,
  );

  test("a service does not speak with the page's voice", async () => {
    const error = { code: "keySwapped", message: "x", fix: "y" };
    between.change = (method, path) =>
      method === "GET" && path === "/v1/keys" ? Buffer.from(JSON.stringify({ error })) : undefined;
    between.status = 403;
    try {
      await press("Look again");
      const failure = opened.page.locator("#key-heading ~ .failure");
      await failure.waitFor();
      expect(await failure.innerText()).toContain("The service refused this.");
    } finally {
      between.change = () => undefined;
      between.status = undefined;
    }
  }, 120_000);

  test("a question can be stopped, and the key is still open", async () => {
    await opened.drop("phantom.png", pngOf(4));
    // The job never ends.
    between.change = changing(
      "GET",
      /^\/v1\/jobs\//,
      ({ ended: _, result: __, ...state }: { ended?: number; result?: object }) => ({
        ...state,
        state: "running",
      }),
    );
    try {
      await opened.page.locator(ASK).click();
      await press("Stop");
      await opened.page.locator("main > .failure", { hasText: "Stopped." }).waitFor();
    } finally {
      between.change = () => undefined;
    }
    expect(await opened.verdict()).toMatch(/The network says/);
  }, 120_000);

  test("the policy holds in the worker, too", async () => {
    const refusedBy = await opened.page.workers()[0].evaluate(
      () =>
        new Promise<string>((resolve) => {
          addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
          fetch("https://elsewhere.example/").catch(() => setTimeout(() => resolve("nobody"), 1000));
        }),
    );
    expect(refusedBy).toBe("connect-src");
    opened.complaints.length = 0;
  });

  test("axe finds nothing in the panel of an open key", async () => {
    expect(await violations(opened)).toEqual([]);
    await opened.page.locator("summary", { hasText: "Make a new key" }).click();
    await opened.page.locator("summary", { hasText: "Take a saved key" }).click();
    expect(await violations(opened)).toEqual([]);
  });

  test("a key that the service exchanged is not the one that is open", async () => {
    between.change = changing("GET", /^\/v1\/keys$/, ({ keys }: { keys: object[] }) => ({
      keys: keys.map((key) => ({ ...key, fingerprint: other })),
    }));
    await press("Look again");
    await opened.page.getByText("The service does not have this key's public parts yet.").waitFor();
    between.change = () => undefined;
    await press("Send the public parts");
    await opened.page.locator(".open select").waitFor();
  }, 120_000);

  test("a key in the browser's store opens with its own passphrase and plan only, and a reload forgets it", async () => {
    const { page } = opened;
    await page.reload();
    await page.getByText("By a service").click();
    await byLabel("Access token").fill(token);
    await press("Connect");
    await page.locator(".keys .inline input").fill("another passphrase");
    await press("Open");
    await page.getByText("Try the passphrase again.").waitFor();
    await unlock();
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
    await press("Lock");
    await swap();
    await page.locator(".keys .inline input").fill(PASSPHRASE);
    await press("Open");
    await page.locator("#key-heading ~ .failure").waitFor();
  }, 120_000);
});
