/** Who comes when, what is charged, and what is remembered of jobs: by themselves. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Turns } from "../../src/service/cluster/turns.js";
import { JobIndex } from "../../src/service/job-index.js";
import { endJob, type JobRecord } from "../../src/service/job-record.js";
import { type ModelRecord, Models } from "../../src/service/models.js";
import { Recent } from "../../src/service/recent.js";
import { DirectoryRecords } from "../../src/service/records.js";

const folder = mkdtempSync(join(tmpdir(), "blindsight-turns-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

test("a job is charged once, though it is asked for again; an id that is given again later is another's, and nothing is free of a revoked model", async () => {
  let now = 0;
  const records = await DirectoryRecords.open<ModelRecord>(join(folder, "models"));
  const models = new Models(records, undefined as never, () => now);
  const used = async () => (await records.get("m"))!.used;
  await records.create("m", { budget: 3, used: 0, charged: [], revoked: false } as unknown as ModelRecord);
  await Promise.all([models.spend("m", "anna_1"), models.spend("m", "anna_1")]);
  expect(await used()).toBe(1);
  await models.spend("m", "anna_2");
  await models.refund("m", "anna_2");
  await models.spend("m", "anna_2");
  expect(await used()).toBe(2);
  now = 86_400_000;
  await models.spend("m", "anna_1");
  expect(await used()).toBe(3);
  await models.spend("m", "anna_1"); // again, at once
  await expect(models.spend("m", "anna_2")).rejects.toMatchObject({ code: "budget-spent" });
  await records.update("m", (old) => ({ ...old, revoked: true }));
  await expect(models.spend("m", "anna_1")).rejects.toMatchObject({ code: "forbidden" });
  await expect(models.spend("nobody", "anna_1")).rejects.toMatchObject({ code: "not-found" });
});

test("a job that was deleted does not come back into the index", () => {
  const job = { tenant: "anna", image: "i" } as JobRecord;
  const index = new JobIndex([["anna_1", job]]);
  expect([index.count("anna"), index.needs("anna", "i")]).toEqual([{ all: 1, open: 1 }, true]);
  index.end("anna_1", "anna");
  expect([index.count("anna"), index.needs("anna", "i")]).toEqual([{ all: 1, open: 0 }, false]);
  index.delete("anna_1", "anna");
  index.end("anna_1", "anna");
  expect(index.count("anna")).toEqual({ all: 0, open: 0 });
});

test("what was just sent is held within its bytes, read once, and forgotten whole", () => {
  const recent = new Recent(10);
  const large = new Uint8Array(1000);
  recent.put("a/0", large.subarray(0, 4));
  expect(recent.take("a/0")!.buffer.byteLength).toBe(4);
  expect(recent.take("a/0")).toBe(undefined);
  for (const name of ["a/0", "a/1", "b/0"]) recent.put(name, new Uint8Array(4));
  expect(recent.take("a/0")).toBe(undefined); // the oldest made room
  recent.put("a/7", new Uint8Array(2));
  recent.forget("a/");
  expect(["a/1", "a/7", "b/0"].map((name) => recent.take(name)?.length)).toEqual([undefined, undefined, 4]);
  recent.put("c", new Uint8Array(11));
  expect(recent.take("c")).toBe(undefined);
});
