/** What both grounds promise, one machine's and several machines': records and objects, held against the same expectations. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "@20minutes/s3rver";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Lease } from "../../../src/service/cluster/lease.js";
import { RedisRecords } from "../../../src/service/cluster/records.js";
import { openRedis } from "../../../src/service/cluster/redis.js";
import { Turns } from "../../../src/service/cluster/turns.js";
import { endJob, type JobRecord } from "../../../src/service/job-record.js";
import { DirectoryRecords, type Records } from "../../../src/service/records.js";
import { S3Store } from "../../../src/service/s3-store.js";
import { DirectoryStore, type ObjectStore } from "../../../src/service/store.js";
import { hasProgram } from "../../programs.js";
import { freePort, Machine } from "./machines.js";

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
  bucket = new S3rver({
    ...{ port: storePort, address: "127.0.0.1", silent: true, directory: join(folder, "s3"), vhostBuckets: false },
    configureBuckets: [{ name: "objects", configs: [] }],
  });
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

test("a run's end is for its own job, not for a later one of the same id", async () => {
  const records = await DirectoryRecords.open<JobRecord>(join(folder, "jobs"));
  const job = (nonce: string) =>
    ({ id: "same-id-of-a-hospital", tenant: "anna", nonce, state: "running", attempts: 1 }) as unknown as JobRecord;
  await records.create("anna_same-id-of-a-hospital", job("first"));
  await records.delete("anna_same-id-of-a-hospital");
  await records.create("anna_same-id-of-a-hospital", job("second"));
  const done = { state: "done", result: { sha256: "", bytes: 0, run: "late" } } as const;
  expect(await endJob(records, job("first"), done, 1)).toBe(false);
  expect((await records.get("anna_same-id-of-a-hospital"))!.ended).toBe(undefined);
  expect(await endJob(records, job("second"), done, 2)).toBe(true);
  expect(await endJob(records, job("second"), done, 3)).toBe(false);
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

describe.skipIf(!present)("a lease", () => {
  const KEY = "{blindsight}:service";

  test("that another service has taken over is given up, for good", async () => {
    const lost: string[] = [];
    const lease = await Lease.take(redis, (why) => lost.push(why));
    expect(lease.problem()).toBe(undefined);
    await redis.set(KEY, "another", "PX", 60_000);
    await expect
      .poll(() => lost, { timeout: 5_000 })
      .toEqual([expect.stringContaining("another service has taken over")]);
    expect(lease.problem()).toContain("not confirmed");
    await redis.del(KEY);
    await new Promise((wake) => setTimeout(wake, 2_500));
    expect(await redis.get(KEY)).toBe(null); // nor taken back
    await lease.release();
  });

  test("that vanished is taken again by who still has it, and waited for by the next", async () => {
    const lease = await Lease.take(redis, () => undefined);
    await redis.del(KEY);
    await expect.poll(() => redis.get(KEY), { timeout: 5_000 }).not.toBe(null);
    expect(lease.problem()).toBe(undefined);
    // A Redis that was away for longer than the lease: nobody began meanwhile.
    Object.assign(lease, { until: 0 });
    await redis.del(KEY);
    await expect.poll(() => lease.problem(), { timeout: 5_000 }).toBe(undefined);
    const next = Lease.take(redis, () => undefined);
    setTimeout(() => lease.release(), 500);
    expect((await next).problem()).toBe(undefined);
    await (await next).release();
  });
});

describe("turns", () => {
  test("who comes with one job goes before who has many, and everybody's comes", () => {
    const turns = new Turns(0, 2 ** 21);
    const waiting = new Map<string, number>();
    const add = (job: string) => waiting.set(job, turns.placeOf(job, job.slice(0, 1)));
    for (let k = 0; k < 20; k++) add(`m${k}`);
    const order: string[] = [];
    // Three others have one job each, always.
    for (const tenant of "abc") add(`${tenant}0`);
    for (let k = 0; k < 80; k++) {
      const [next] = [...waiting].reduce((best, each) => (each[1] < best[1] ? each : best));
      waiting.delete(next);
      turns.begin(next);
      order.push(next);
      turns.end(next);
      if (!next.startsWith("m")) add(`${next.slice(0, 1)}${k + 1}`);
    }
    // One of four each.
    expect(order.filter((job) => job.startsWith("m")).length).toBe(20);
    expect(order.slice(0, 8).filter((job) => job.startsWith("m")).length).toBe(2);
  });

  test("places begin anew when nobody waits; behind those that were there, as long as somebody does", () => {
    const turns = new Turns(700, 2 ** 21);
    expect(turns.placeOf("a1", "a")).toBe(701);
    expect(turns.placeOf("a1", "a")).toBe(701);
    turns.end("a1");
    expect(turns.placeOf("a2", "a")).toBe(1);
  });
});
