/** The page alone, in Chromium: from the drop to the verdict, without a request but for its own files. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { phantomDataset } from "../../src/data/dataset.js";
import { imageToInput } from "../../src/data/input.js";
import { importOnnx, interpret, probabilities } from "../../src/nn/index.js";
import { root } from "../apps/stranger.js";
import { writePng } from "../data/png-bytes.js";
import { hasProgram } from "../programs.js";
import { buildPage, freePort, Nginx, Opened } from "../web/opened.js";
import { Site } from "./site.js";

const network = importOnnx(readFileSync(join(root, "models/rl3-phantom.onnx")));
const set = phantomDataset(5, { train: 0, val: 0, test: 8 });
const pixelsOf = (k: number) => Uint8Array.from(set.image("test", k).pixels);
const pngOf = (k: number) =>
  writePng({ width: 28, height: 28, depth: 8, colourType: 0, interlaced: false, samples: pixelsOf(k) });
const clear = (k: number) => [
  ...probabilities(interpret(network, imageToInput(pixelsOf(k), network.card)), network.card),
];

let folder: string;
beforeAll(() => {
  folder = buildPage();
}, 300_000);
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Drops phantoms, and holds what the page says to the network in the clear. */
async function diagnose(opened: Opened, count: number): Promise<void> {
  const { page } = opened;
  for (let k = 0; k < count; k++) {
    await opened.drop(`phantom-${k}.png`, pngOf(k));
    await page.locator(".seen canvas").waitFor();
    const verdict = await opened.verdict();
    const scores = clear(k);
    expect(verdict).toBe(`The network says: ${network.card.labels[scores[1] >= network.card.threshold ? 1 : 0]}`);
    const shown = await opened.scores();
    expect(Math.max(...shown.map((score, c) => Math.abs(score - scores[c])))).toBeLessThan(2e-3);
    await expect(page.locator(".answer").innerText()).resolves.toContain("Nothing. All of it happened in this tab.");
  }
}

describe.skipIf(!hasProgram("nginx"))("behind nginx, under its policy", () => {
  let nginx: Nginx;
  let url: string;
  beforeAll(async () => {
    const port = await freePort();
    nginx = await Nginx.open([
      [
        "deploy/page.nginx.conf",
        [
          ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
          ["server_name page.hospital.example;", "server_name localhost;"],
          ["/srv/blindsight-page", folder],
          ["connect-src 'self' https://blindsight.example", "connect-src 'self'"],
        ],
      ],
    ]);
    url = `https://localhost:${port}/`;
  });
  afterAll(() => nginx?.close());

  test("drop, encrypt, verdict; several threads; no request but for the page's own files", async () => {
    const opened = await Opened.at(url);
    try {
      await diagnose(opened, 3);
      expect(await opened.page.locator(".engine").innerText()).toMatch(/Several threads/);
      expect(opened.complaints).toEqual([]);
      expect(opened.asked.filter((asked) => !asked.startsWith(url) && !asked.startsWith("blob:"))).toEqual([]);
      const policy = (await opened.page.reload())?.headers()["content-security-policy"];
      expect(policy).toContain("frame-ancestors 'none'");
    } finally {
      await opened.close();
    }
  }, 300_000);

  test("the picture that is shown is what is encrypted, and the secret key is in no store of the browser", async () => {
    const opened = await Opened.at(url);
    try {
      await opened.drop("phantom.png", pngOf(1));
      const shown = await opened.page.locator(".seen canvas").evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return [...data].filter((_, k) => k % 4 === 0);
      });
      expect(shown).toEqual([...pixelsOf(1)]);
      await opened.verdict();
      const stored = await opened.page.evaluate(async () => {
        const names = (await indexedDB.databases()).map(({ name }) => name);
        return {
          names,
          local: Object.keys(localStorage),
          session: Object.keys(sessionStorage),
          cookies: document.cookie,
        };
      });
      expect(stored).toEqual({ names: [], local: [], session: [], cookies: "" });
    } finally {
      await opened.close();
    }
  }, 300_000);
});

test("under a sub-path of a server that sends no headers: one thread, the same verdicts", async () => {
  const parent = mkdtempSync(join(tmpdir(), "blindsight-sub-"));
  mkdirSync(join(parent, "some/where"), { recursive: true });
  cpSync(folder, join(parent, "some/where"), { recursive: true });
  const site = await Site.open([parent], "", () => undefined);
  const opened = await Opened.at(`${site.url}/some/where/index.html`);
  try {
    await diagnose(opened, 2);
    expect(await opened.page.locator(".engine").innerText()).toMatch(/One thread/);
    expect(opened.complaints).toEqual([]);
  } finally {
    await opened.close();
    site.close();
    rmSync(parent, { recursive: true, force: true });
  }
}, 300_000);
