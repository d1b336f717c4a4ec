// Screenshots for the check of an image's kind (docs/image-kinds.md): pages of this project in headless Chromium, and of each what
// a network of 28×28 would get of it, `imageFromPng`. Writes them one below the other, test/nn/screenshots.png. Needs chromium, dist,
// and marked, which a development tool (attw) brings.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import { imageFromPng } from "blindsight/nn";
import { marked } from "marked";

const root = fileURLToPath(new URL("..", import.meta.url));
const SIDE = 28;
const PAGES = [
  "README.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "SECURITY.md",
  "CONTRIBUTING.md",
  "docs/apps.md",
  "docs/cli.md",
  "docs/networks.md",
  "docs/own-network.md",
  "docs/roles.md",
];
const STYLES = {
  light: "body{font:16px sans-serif;margin:40px;background:#fff;color:#222}pre{background:#eee;padding:12px}",
  dark: "body{font:16px sans-serif;margin:40px;background:#161616;color:#ddd}pre{background:#000;padding:12px}a{color:#8bf}",
};
const WINDOWS = ["1280,800", "420,800"];

const folder = mkdtempSync(join(tmpdir(), "screenshots-"));
const native = { input: [1, SIDE, SIDE], card: { input: { scale: 1, offset: 0 } } };
const rows = [];
for (const page of PAGES) {
  for (const style of Object.values(STYLES)) {
    for (const window of WINDOWS) rows.push(...linesOf(await imageFromPng(taken(page, style, window), native)));
  }
}
writeFileSync(join(root, "test/nn/screenshots.png"), greyPng(rows));
rmSync(folder, { recursive: true });

function taken(page, style, window) {
  const [html, png] = [join(folder, "page.html"), join(folder, "page.png")];
  const text = marked.parse(readFileSync(join(root, page), "utf8"));
  writeFileSync(html, `<!doctype html><meta charset="utf-8"><style>${style}</style>${text}`);
  const options = ["--headless", "--no-sandbox", "--hide-scrollbars", `--window-size=${window}`, `--screenshot=${png}`];
  execFileSync("chromium", [...options, `file://${html}`], { stdio: "ignore" });
  return readFileSync(png);
}

function linesOf(values) {
  return Array.from({ length: SIDE }, (_, y) => Uint8Array.from(values.subarray(y * SIDE, (y + 1) * SIDE), Math.round));
}

function greyPng(lines) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(lines.length, 4);
  header[8] = 8; // bits a pixel; the other fields are 0: grey, deflate, not interlaced
  const raw = Buffer.concat(lines.flatMap((line) => [Buffer.of(0), line]));
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(raw, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.of(137, 80, 78, 71, 13, 10, 26, 10), ...parts]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
