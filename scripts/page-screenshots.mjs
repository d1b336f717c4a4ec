// The pictures of docs/page.md: the page in Chromium, alone and with a service of its own. Needs chromium, fonts-noto-cjk and dist.

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { preview } from "vite";
import { OwnerClient } from "../dist/client/index.js";
import { phantomDataset } from "../dist/data/dataset.js";
import { imageToInput } from "../dist/data/input.js";
import { openDevice } from "../dist/index.js";
import { compile, importOnnx } from "../dist/nn/index.js";
import { serve } from "../dist/service/index.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const PASSPHRASE = "correct horse battery staple";
const PAGE_PORT = 8091;
const folder = mkdtempSync(join(tmpdir(), "blindsight-screenshots-"));
const origin = `http://localhost:${PAGE_PORT}`;
const service = await serve({
  ...{ folder: join(folder, "service"), masterKey: randomBytes(32), device: "cpu", origins: [origin], port: 8090 },
  log: { write() {} },
});
const out = join(folder, "page");
const args = [join(root, "scripts/build-web.mjs"), "--out", out, "--service", "http://localhost:8090"];
execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const pages = await preview({
  ...{ configFile: false, root, logLevel: "warn", build: { outDir: out } },
  preview: { port: PAGE_PORT, strictPort: true, headers, host: "127.0.0.1" },
});
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const device = await openDevice("cpu", { threads: 1 });
try {
  const alone = await open({ width: 900, height: 1000 });
  await answer(alone);
  await alone.screenshot({ path: picture("alone"), fullPage: true });
  const phone = await open({ width: 390, height: 844 }, { colorScheme: "dark", locale: "zh-CN" });
  await answer(phone);
  await phone.screenshot({ path: picture("phone"), fullPage: true });
  await served();
} finally {
  await browser.close();
  await device.close();
  await service.close();
  await pages.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

function picture(name) {
  return join(root, `docs/page-${name}.png`);
}

async function open(viewport, options = {}) {
  const context = await browser.newContext({ viewport, locale: "en-US", ...options });
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  return page;
}

async function answer(page) {
  await page.locator(".samples button").first().click();
  await page.locator(".seen canvas").waitFor();
  await page.locator('button.primary[aria-disabled="false"]').click();
  await page.locator(".verdict").waitFor();
}

async function served() {
  const network = importOnnx(readFileSync(join(root, "models/rl3-phantom.onnx")));
  const plan = compile(network);
  const owner = new OwnerClient({ url: service.url, token: (await service.createToken("owner", "acme", 1)).token });
  await owner.register(plan);
  const { token } = await service.createToken("hospital", "st-anna", 1);
  const page = await open({ width: 900, height: 1000 });
  await page.locator(".modes input").nth(1).check();
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Connect" }).click();
  await page.locator("summary", { hasText: "Make a new key" }).click();
  await page.getByLabel("Name").first().fill("radiology 2026");
  await page.getByLabel("Passphrase", { exact: true }).first().fill(PASSPHRASE);
  await page.getByLabel("The same passphrase again").fill(PASSPHRASE);
  await page.getByRole("button", { name: "Make a new key" }).click();
  await page.locator(".keys .inline input").fill(PASSPHRASE);
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.getByRole("button", { name: "Send the public parts" }).click();
  await page.getByText("No model is encrypted for this key yet.").waitFor();
  const [key] = await owner.keys();
  const set = phantomDataset(1, { train: 64, val: 0, test: 0 });
  const calibration = Array.from({ length: 64 }, (_, k) => imageToInput(set.image("train", k).pixels, network.card));
  const given = { plan, network, options: { calibration } };
  const about = { name: "rl3-phantom", version: "1.0", commitment: "00".repeat(32), budget: 1000 };
  await owner.give(key, key.fingerprint, given, about, device);
  await page.getByRole("button", { name: "Look again" }).click();
  await page.locator(".open select").waitFor();
  await answer(page);
  await page.screenshot({ path: picture("service"), fullPage: true });
}
