import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultCacheFolder, openDataset } from "../../src/data/open-dataset.js";
import { phantomsNpz } from "../../src/data/phantom-set.js";
import { DataError, FormatError } from "../../src/errors.js";

const shared = process.env["BLINDSIGHT_DATA"];
const official = shared ? join(shared, "breastmnist.npz") : "";
const hasOfficial = existsSync(official);

let folder: string;
let closers: (() => void)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "blindsight-"));
  closers = [];
});
afterEach(() => {
  for (const close of closers) close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/files`;
}

/** Zeros until whoever asked hangs up. */
function pour(response: ServerResponse): void {
  while (!response.destroyed && response.write(new Uint8Array(65536)));
  if (!response.destroyed) response.once("drain", () => pour(response));
}

const options = (baseUrl: string) => ({ baseUrl, cacheFolder: folder, env: {} });

describe("a data set that is not on this machine", () => {
  it.skipIf(!hasOfficial)("is downloaded once, with progress, into the cache", async () => {
    const bytes = readFileSync(official);
    const requests: string[] = [];
    const baseUrl = await serve((request, response) => {
      requests.push(request.url ?? "");
      if (request.url === "/files/breastmnist.npz") response.writeHead(302, { location: "/moved" }).end();
      else response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    });
    const seen: [number, number | undefined][] = [];
    const onProgress = (received: number, total?: number) => seen.push([received, total]);
    const set = await openDataset("breastmnist", { ...options(`${baseUrl}/`), onProgress });
    expect(set.count("test")).toBe(156);
    expect(set.source).toBe(join(folder, "breastmnist.npz"));
    expect(seen.at(-1)).toEqual([bytes.length, bytes.length]);
    expect(readdirSync(folder)).toEqual(["breastmnist.npz"]);
    await openDataset("breastmnist", options(baseUrl));
    expect(requests).toEqual(["/files/breastmnist.npz", "/moved"]);
  });

  it("is refused when its md5 is wrong, and nothing is kept", async () => {
    const baseUrl = await serve((_, response) => response.end(phantomsNpz(1, { train: 1, val: 1, test: 1 })));
    const opening = openDataset("breastmnist", options(baseUrl));
    await expect(opening).rejects.toThrow(DataError);
    await expect(opening).rejects.toThrow(/not the official breastmnist: its md5 is [0-9a-f]{32}, not 750601b1/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[string, RequestListener, RegExp]>([
    ["404", (_, response) => response.writeHead(404).end(), /answered 404 Not Found/],
    ["nothing", () => {}, /not complete after 1 s/],
    ["a body that never ends", (_, response) => void response.writeHead(200).write("PK"), /not complete after 1 s/],
    ["half a body", (_, r) => void r.writeHead(200, { "content-length": 9 }).write("PK", () => r.destroy()), /cut/],
    ["a redirect to itself", (q, r) => r.writeHead(302, { location: q.url }).end(), /more than 5 times/],
    ["an endless body", (_, r) => r.writeHead(200, { "content-length": 2 ** 40 }).write("PK"), /more than/],
    ["more than the file, without saying so", (_, r) => r.end(new Uint8Array(559_581)), /sends more than 559580 bytes/],
    ["a stream without an end", (_, r) => pour(r), /sends more than 559580 bytes/],
  ])("cannot be had from a server that answers %s", async (_, listener, message) => {
    const opening = openDataset("breastmnist", { ...options(await serve(listener)), totalTimeoutMs: 1000 });
    await expect(opening).rejects.toThrow(DataError);
    await expect(opening).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(!hasOfficial)("is had from a server that is slow, but fast enough", async () => {
    const bytes = readFileSync(official);
    const baseUrl = await serve(async (_, response) => {
      for (let at = 0; at < bytes.length; at += 100_000) {
        response.write(bytes.subarray(at, at + 100_000));
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      response.end();
    });
    const set = await openDataset("breastmnist", {
      ...options(baseUrl),
      connectTimeoutMs: 500,
      totalTimeoutMs: 20_000,
    });
    expect(set.count("train")).toBe(546);
  });

  it("cannot be had where nobody listens", async () => {
    const baseUrl = await serve(() => {});
    for (const close of closers.splice(0)) close();
    await expect(openDataset("breastmnist", options(baseUrl))).rejects.toThrow(/refuses the connection/);
  });

  it("is given up when a connection takes longer than it may", async () => {
    // TLS that is never answered: the TCP connection stands, the secure one does not.
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => sockets.push(socket.on("error", () => {})));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const baseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const opening = openDataset("breastmnist", { ...options(baseUrl), connectTimeoutMs: 100 });
    await expect(opening).rejects.toThrow(/no connection to 127\.0\.0\.1:\d+ within 0\.1 s/);
  });
});

describe("a data set that is on this machine", () => {
  it("is an error when it is damaged, in either place, and never skipped for the next one", async () => {
    const data = mkdtempSync(join(folder, "data-"));
    const asked: string[] = [];
    const baseUrl = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(404).end();
    });
    writeFileSync(join(data, "breastmnist.npz"), "PK, but not really");
    const fromData = openDataset("breastmnist", { ...options(baseUrl), env: { BLINDSIGHT_DATA: data } });
    await expect(fromData).rejects.toThrow(FormatError);
    await expect(fromData).rejects.toThrow(data);
    writeFileSync(join(folder, "breastmnist.npz"), "");
    await expect(openDataset("breastmnist", options(baseUrl))).rejects.toThrow(FormatError);
    expect(asked).toEqual([]);
  });

  it.skipIf(!hasOfficial)("comes from BLINDSIGHT_DATA first and has MedMNIST's labels", async () => {
    writeFileSync(join(folder, "breastmnist.npz"), "damaged, but never looked at");
    const set = await openDataset("breastmnist", { cacheFolder: folder });
    expect(set.source).toBe(official);
    expect(set.labels).toEqual(["malignant", "normal or benign"]);
    expect([set.count("train"), set.count("val"), set.count("test")]).toEqual([546, 78, 156]);
    expect(set.image("test", 76).pixels).toEqual(set.image("train", 115).pixels);
    expect(() => set.image("test", 156)).toThrow(
      "index 156 is out of range: the test split of breastmnist has the images 0 to 155",
    );
  });

  it("may be the path of any npz with MedMNIST's arrays", async () => {
    const path = join(folder, "mine.npz");
    writeFileSync(path, phantomsNpz(5, { train: 2, val: 1, test: 3 }));
    const set = await openDataset(path);
    expect([set.name, set.count("test"), set.height, set.width, set.channels]).toEqual(["mine", 3, 28, 28, 1]);
    await expect(openDataset(join(folder, "none.npz"))).rejects.toThrow(/there is no file .*none\.npz/);
    await expect(openDataset("chestmnist")).rejects.toThrow('there is no data set "chestmnist"');
    await expect(openDataset(folder)).rejects.toThrow(/ is a folder$/);
  });
});

describe("the cache folder", () => {
  it.skipIf(process.platform === "win32")("follows XDG_CACHE_HOME", () => {
    expect(defaultCacheFolder({ XDG_CACHE_HOME: "/x" })).toBe("/x/blindsight");
    expect(defaultCacheFolder({})).toMatch(/\.cache.blindsight$/);
  });
});
