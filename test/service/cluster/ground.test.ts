/** What both grounds promise, one machine's and several machines': records and objects, held against the same expectations. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type S3rver from "@20minutes/s3rver";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RedisRecords } from "../../../src/service/cluster/records.js";
import { openRedis } from "../../../src/service/cluster/redis.js";
import { DirectoryRecords, type Records } from "../../../src/service/records.js";
import { S3Store } from "../../../src/service/s3-store.js";
import { DirectoryStore, type ObjectStore } from "../../../src/service/store.js";
import { hasProgram } from "../../programs.js";
import { bucketIn, freePort, Machine } from "./machines.js";

interface Value {
  readonly count: number;
}

const present = hasProgram("redis-server");
const folder = mkdtempSync(join(tmpdir(), "blindsight-ground-"));
let machine: Machine | undefined;
let redis: Redis;
let bucket: S3rver;
let port: number;

beforeAll(async () => {
  const storePort = await freePort();
  bucket = bucketIn(join(folder, "s3"), storePort);
  await bucket.run();
  stores.push(["a bucket", async () => new S3Store({ ...S3, endpoint: `http://127.0.0.1:${storePort}/objects/` })]);
  if (!present) return;
  port = await freePort();
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  machine = await Machine.start("redis-server", args, {}, /Ready to accept/);
  redis = new Redis(port, "127.0.0.1");
});
afterAll(async () => {
  redis?.disconnect();
  await machine?.end("SIGKILL");
  await bucket.close();
  rmSync(folder, { recursive: true, force: true });
});

const S3 = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
const stores: [string, () => Promise<ObjectStore>][] = [
  ["a directory", () => DirectoryStore.open(join(folder, "objects"))],
];

/** Each command is sent a second time, as where a connection was lost before the answer. */
function lossy(): Redis {
  return new Proxy(redis, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name !== "eval") return typeof value === "function" ? value.bind(target) : value;
      return async (...args: Parameters<Redis["eval"]>) => {
        await target.eval(...args);
        return target.eval(...args);
      };
    },
  });
}

describe("records", () => {
  const kinds: [string, boolean, () => Promise<Records<Value>>][] = [
    ["a directory", true, () => DirectoryRecords.open(join(folder, "records"))],
    ["Redis", present, async () => new RedisRecords(redis, "plain")],
    ["Redis, every answer lost once", present, async () => new RedisRecords(lossy(), "lossy")],
  ];
  test.each(kinds)("%s", async (_, there, open) => {
    if (!there) return;
    const records = await open();
    expect(await records.get("a_1")).toBe(undefined);
    expect(await records.create("a_1", { count: 0 })).toBe(true);
    expect(await records.create("a_1", { count: 7 })).toBe(false);
    const raced = await Promise.all(Array.from({ length: 8 }, (_, count) => records.create("a_2", { count })));
    expect(raced.filter(Boolean).length).toBe(1);
    for (const id of ["b_1", "ab_1", "none"]) await records.create(id, { count: 5 });
    // Twenty at once: nobody comes between.
    await Promise.all(Array.from({ length: 20 }, () => records.update("a_1", ({ count }) => ({ count: count + 1 }))));
    expect(await records.get("a_1")).toEqual({ count: 20 });
    expect(await records.update("nobody", (old) => old)).toBe(undefined);
    expect(await records.update("b_1", (old) => old)).toEqual({ count: 5 });
    const idsOf = async (group?: string) => (await records.all(group)).map(([id]) => id).sort();
    expect(await idsOf("a")).toEqual(["a_1", "a_2"]);
    expect(await idsOf("nobody")).toEqual([]);
    expect(await idsOf()).toEqual(["a_1", "a_2", "ab_1", "b_1", "none"]);
    await records.delete("b_1");
    expect(await records.get("b_1")).toBe(undefined);
    expect(await records.delete("b_1")).toBe(false);
    expect(await idsOf()).toEqual(["a_1", "a_2", "ab_1", "none"]);
  });

  test.skipIf(!present)("a Redis that is away: 503 at once, and again when it is back", async () => {
    const errors: unknown[] = [];
    const own = await freePort();
    const args = ["--port", `${own}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
    const start = () => Machine.start("redis-server", args, {}, /Ready to accept/);
    let away = await start();
    const connection = openRedis(`redis://:not-shown@127.0.0.1:${own}`, (error) => errors.push(error));
    const records = new RedisRecords<Value>(connection, "away");
    await records.get("a_1");
    await away.end("SIGKILL");
    await expect(records.get("a_1")).rejects.toMatchObject({ code: "busy", status: 503 });
    away = await start();
    await expect.poll(() => records.get("a_1").catch(() => "still away"), { timeout: 5_000 }).toBe(undefined);
    expect(errors.length).toBeGreaterThan(0);
    expect(JSON.stringify(errors.map(String))).not.toContain("not-shown");
    connection.disconnect();
    await away.end("SIGKILL");
  });
});

test("objects, in a directory and in a bucket", async () => {
  for (const [, open] of stores) {
    const store = await open();
    expect(await store.get("acme/blobs/aa/0")).toBe(undefined);
    expect(await store.list("")).toEqual([]);
    await store.put("acme/blobs/aa/0", [Uint8Array.of(1, 2), Uint8Array.of(3)]);
    await store.put("acme/blobs/aa/0", [Uint8Array.of(4), Uint8Array.of(5)]);
    await store.put("acme/blobs/ab/0", [new Uint8Array(4 * 2 ** 20 + 28)]);
    await store.put("acme-2/results/x/1", [Uint8Array.of(9)]);
    expect(await store.get("acme/blobs/aa/0").then((found) => [...found!])).toEqual([4, 5]);
    expect((await store.get("acme/blobs/ab/0"))!.length).toBe(4 * 2 ** 20 + 28);
    expect((await store.list("")).sort()).toEqual(["acme", "acme-2"]);
    expect((await store.list("acme/blobs")).sort()).toEqual(["aa", "ab"]);
    expect(await store.list("acme/blobs/aa")).toEqual(["0"]);
    expect(await store.list("nobody")).toEqual([]);
    await store.remove("acme/blobs/a"); // the beginning of a name is no name
    await store.remove("nobody");
    expect((await store.list("acme/blobs")).sort()).toEqual(["aa", "ab"]);
    await store.remove("acme/blobs/ab/0");
    expect(await store.get("acme/blobs/ab/0")).toBe(undefined);
    await store.remove("acme");
    expect(await store.get("acme/blobs/aa/0")).toBe(undefined);
    expect(await store.get("acme-2/results/x/1")).toBeDefined();
    for (const name of ["../up", "a//b", "/a", "a/", "a b", "a?b"])
      await expect((async () => store.put(name, []))()).rejects.toThrow("no name of an object");
    const many = Array.from({ length: 300 }, (_, k) => `many/blobs/all/${k}`);
    for (let at = 0; at < many.length; at += 50)
      await Promise.all(many.slice(at, at + 50).map((name) => store.put(name, [Uint8Array.of(1)])));
    expect((await store.list("many/blobs/all")).length).toBe(300);
    await store.remove("many");
    expect(await store.list("many/blobs/all")).toEqual([]);
  }
});

test("a listing of several pages, as AWS documents it: the test server cannot, its cipher for tokens is gone from OpenSSL", async () => {
  const page = (keys: readonly string[], next = "") =>
    `<ListBucketResult>${keys.map((key) => `<Contents><Key>blindsight/${key}</Key></Contents>`).join("")}${next && `<NextContinuationToken>${next}</NextContinuationToken>`}</ListBucketResult>`;
  const asked: (string | null)[] = [];
  const server = createServer((request, response) => {
    const token = new URL(request.url!, "http://store").searchParams.get("continuation-token");
    asked.push(token);
    if (token === null) response.end(page(["a/b/0", "a/b/1"], "1+2/&quot;&amp;=="));
    else response.end(page(["a/c/0"]));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const store = new S3Store({ ...S3, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/objects` });
  expect(await store.list("a")).toEqual(["b", "c"]);
  expect(asked).toEqual([null, '1+2/"&==']);
  server.close();
});

test("what stands before a bucket and answers in its place: its 404 is no absence, its 200 no listing", async () => {
  let status = 404;
  const server = createServer((_, response) => response.writeHead(status).end("<html>default backend</html>"));
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const store = new S3Store({ ...S3, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/objects` });
  const all = [
    () => store.put("a/b", [Uint8Array.of(1)]),
    () => store.get("a/b"),
    () => store.list("a"),
    () => store.remove("a"),
  ];
  for (const ask of all) await expect(ask()).rejects.toMatchObject({ code: "busy" });
  status = 200;
  await expect(store.list("a")).rejects.toMatchObject({ code: "busy" });
  server.close();
});

test("a bucket that refuses, or is none: 503, with the reason for the log only", async () => {
  const endpoint = await stores[1][1]().then((store) => (store as unknown as { endpoint: string }).endpoint);
  const wrong = new S3Store({ ...S3, secretAccessKey: "wrong", endpoint });
  const none = new S3Store({ ...S3, endpoint: endpoint.replace("/objects", "/nobody") });
  for (const [store, reason] of [
    [wrong, "SignatureDoesNotMatch"],
    [none, "NoSuchBucket"],
  ] as const) {
    const error = await store.get("acme/x").catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "busy", message: "the store of files is out of reach" });
    expect(error.cause.message).toContain(reason);
  }
});
