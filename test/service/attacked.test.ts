/** What a reviewer broke: wrong master keys, two senders at once, cut-off uploads, races for quotas and budgets, two services on one folder. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EncryptedImage } from "../../src/nn/index.js";
import { serve } from "../../src/service/index.js";
import { clear, commitment, imageOf, openPair, openStage, plan, type Stage } from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** Requests by hand. */
function asking(url: string, token: string) {
  return (method: string, path: string, body?: unknown) =>
    fetch(`${url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && {
        body: body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body),
      }),
    });
}

async function imageFile(pair: Awaited<ReturnType<typeof openPair>>, k: number) {
  const encrypted = pair.holder.encrypt(imageOf(k));
  const bytes = await encrypted.toBytes();
  encrypted[Symbol.dispose]();
  return { bytes, digest: bytesToHex(sha256(bytes)) };
}

test("a service with another master key does not start, and harms nothing", async () => {
  const own = await openStage();
  const pair = await openPair(own);
  await own.service.close();
  const options = { folder: own.folder, device: "cpu", log: { write() {} } } as const;
  await expect(serve({ ...options, masterKey: randomBytes(32) })).rejects.toThrow("not the one of this service");
  expect(readdirSync(own.folder)).not.toContain("lock");
  await own.restart().catch(() => undefined);
  const again = await own.hospital("st-anna");
  const { logits } = await again.diagnose(pair.holder, own.device, pair.model, imageOf(2));
  expect(Math.abs(logits[0] - clear(2)[0])).toBeLessThan(1e-3);
  pair.holder[Symbol.dispose]();
  await own.close();
});

test("a port that is taken: an error, and no job is touched", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const folder = mkdtempSync(join(tmpdir(), "blindsight-"));
  const { port } = other.address() as AddressInfo;
  const options = { folder, device: "cpu", masterKey: randomBytes(32), log: { write() {} } } as const;
  await expect(serve({ ...options, port })).rejects.toThrow("EADDRINUSE");
  await expect(serve({ ...options, metricsPort: port, masterKey: randomBytes(32) })).rejects.toThrow(
    /EADDRINUSE|not the one/,
  );
  expect(readdirSync(folder)).not.toContain("lock");
  other.close();
  rmSync(folder, { recursive: true });
});

test("two services on one folder: the second is refused; a lock that a dead process left is not in the way", async () => {
  const options = { folder: stage.folder, device: "cpu", masterKey: randomBytes(32), log: { write() {} } } as const;
  await expect(serve(options)).rejects.toThrow("serves");
  const folder = mkdtempSync(join(tmpdir(), "blindsight-"));
  for (const left of [
    "",
    "{}",
    '{"host":"elsewhere","pid":1,"started":"1"}',
    `{"host":"x","pid":${process.pid},"started":""}`,
  ]) {
    writeFileSync(join(folder, "lock"), left);
    const fresh = left.includes("host");
    const masterKey = new Uint8Array(32).fill(7);
    const opened = serve({ ...options, folder, masterKey });
    if (fresh)
      await expect(opened).rejects.toThrow("serves"); // of another host, and its clock has just ticked
    else await (await opened).close();
    rmSync(join(folder, "lock"), { force: true });
  }
  rmSync(folder, { recursive: true });
});

test("the same chunk sent eight times at once is there once, and opens", async () => {
  const pair = await openPair(stage, { hospital: "twice", owner: "acme-twice" });
  const ask = asking(stage.service.url, await stage.tokenOf("hospital", "twice"));
  for (let round = 0; round < 4; round++) {
    const { bytes, digest } = await imageFile(pair, round);
    await ask("POST", `/blobs/${digest}`, { kind: "encrypted image", bytes: bytes.length });
    const puts = await Promise.all(Array.from({ length: 8 }, () => ask("PUT", `/blobs/${digest}/0`, bytes)));
    expect(new Set(puts.map(({ status }) => status))).toEqual(new Set([204]));
    const job = `the-same-job-of-round-${round}`;
    const jobs = await Promise.all(
      Array.from({ length: 8 }, () => ask("PUT", `/jobs/${job}`, { model: pair.model.id, image: digest })),
    );
    expect(jobs.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 202]);
    let state: { state: string; ended?: number };
    do state = await (await ask("GET", `/jobs/${job}?wait=20`)).json();
    while (state.ended === undefined);
    expect(state.state).toBe("done");
  }
  expect(await pair.hospital.models()).toMatchObject([{ used: 4 }]);
  pair.holder[Symbol.dispose]();
});

test("bytes that are not what their digest says are thrown away, and may be sent again", async () => {
  const pair = await openPair(stage, { hospital: "liar", owner: "acme-liar" });
  const ask = asking(stage.service.url, await stage.tokenOf("hospital", "liar"));
  const { bytes, digest } = await imageFile(pair, 0);
  const wrong = bytes.slice();
  wrong[bytes.length - 9] ^= 1;
  const announce = () => ask("POST", `/blobs/${digest}`, { kind: "encrypted image", bytes: bytes.length });
  await announce();
  expect((await ask("PUT", `/blobs/${digest}/0`, wrong)).status).toBe(422);
  expect((await ask("PUT", `/blobs/${digest}/0`, bytes)).status).toBe(404);
  await announce();
  expect((await ask("PUT", `/blobs/${digest}/0`, bytes)).status).toBe(204);
  expect(await (await announce()).json()).toMatchObject({ missing: [] });
  expect((await ask("PUT", "/jobs/a-job-of-no-hospital", { model: "0".repeat(32), image: digest })).status).toBe(404);
  pair.holder[Symbol.dispose]();
});

test("a budget of three, asked for twenty times at once: three diagnoses", async () => {
  const pair = await openPair(stage, { hospital: "greedy", owner: "acme-greedy" }, 3);
  const ask = asking(stage.service.url, await stage.tokenOf("hospital", "greedy"));
  const { bytes, digest } = await imageFile(pair, 5);
  await ask("POST", `/blobs/${digest}`, { kind: "encrypted image", bytes: bytes.length });
  await ask("PUT", `/blobs/${digest}/0`, bytes);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, k) =>
      ask("PUT", `/jobs/greedy-job-number-${k}`, { model: pair.model.id, image: digest }),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 202).length).toBe(3);
  expect(new Set(statuses)).toEqual(new Set([202, 403]));
  pair.holder[Symbol.dispose]();
});

test("a quota, announced to fifty times at once, holds", async () => {
  const small = await openStage({ quotaBytes: 10_000_000 });
  const ask = asking(small.service.url, await small.tokenOf("hospital", "hoarder"));
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, k) =>
      ask("POST", `/blobs/${`${k}`.padStart(64, "0")}`, { kind: "encrypted image", bytes: 3_000_000 }),
    ),
  );
  expect(answers.filter(({ status }) => status === 200).length).toBe(3);
  await small.close();
});

test("a model given twice is one, with one budget, and says whose it is; any owner may register a plan and see its keys", async () => {
  const pair = await openPair(stage, { hospital: "double", owner: "acme-double" }, 5);
  const ask = asking(stage.service.url, await stage.tokenOf("owner", "acme-double"));
  const given = { key: pair.key.id, blob: pair.model.sha256, name: "rl1", version: "1", commitment, budget: 5 };
  expect(await (await ask("POST", "/models", given)).json()).toMatchObject({ id: pair.model.id, budget: 5 });
  const other = await stage.owner("somebody");
  await other.register(plan); // plans are public
  expect((await other.keys()).some(({ id }) => id === pair.key.id)).toBe(true);
  expect(await pair.hospital.models()).toMatchObject([{ owner: "acme-double" }]);
  pair.holder[Symbol.dispose]();
});

test("a tenant's deletion in the middle of its jobs, twice: nothing is left, and nothing comes back", async () => {
  const fresh = await openStage();
  const pair = await openPair(fresh, { hospital: "leaving", owner: "acme" });
  const ask = asking(fresh.service.url, await fresh.tokenOf("hospital", "leaving"));
  const operator = asking(fresh.service.url, await fresh.tokenOf("operator", "ops"));
  for (let k = 0; k < 5; k++) {
    const { bytes, digest } = await imageFile(pair, k);
    await ask("POST", `/blobs/${digest}`, { kind: "encrypted image", bytes: bytes.length });
    await ask("PUT", `/blobs/${digest}/0`, bytes);
    await ask("PUT", `/jobs/leaving-job-number-${k}`, { model: pair.model.id, image: digest });
  }
  const gone = await Promise.all([operator("DELETE", "/tenants/leaving"), operator("DELETE", "/tenants/leaving")]);
  expect(gone.map(({ status }) => status)).toEqual([204, 204]);
  expect((await ask("GET", "/keys")).status).toBe(401);
  await new Promise((wake) => setTimeout(wake, 500));
  expect(readdirSync(join(fresh.folder, "objects"))).not.toContain("leaving");
  for (const kind of ["jobs", "keys", "models", "blobs", "tenants", "tokens"]) {
    const left = readdirSync(join(fresh.folder, "records", kind)).filter((name) => name.includes("leaving"));
    expect([kind, left]).toEqual([kind, []]);
  }
  pair.holder[Symbol.dispose]();
  await fresh.close();
});

test("an image file is read as what it is: of another plan or cut, the job fails with the library's own error", async () => {
  const pair = await openPair(stage, { hospital: "wrong", owner: "acme-wrong" });
  const ask = asking(stage.service.url, await stage.tokenOf("hospital", "wrong"));
  const { bytes } = await imageFile(pair, 0);
  expect(await EncryptedImage.fromBytes(bytes, plan, stage.device)).toBeInstanceOf(EncryptedImage);
  const cut = bytes.slice(0, bytes.length - 100);
  const digest = bytesToHex(sha256(cut));
  await ask("POST", `/blobs/${digest}`, { kind: "encrypted image", bytes: cut.length });
  await ask("PUT", `/blobs/${digest}/0`, cut);
  await ask("PUT", "/jobs/a-job-that-was-cut", { model: pair.model.id, image: digest });
  let state: { state: string; ended?: number; error?: { code: string; message: string } };
  do state = await (await ask("GET", "/jobs/a-job-that-was-cut?wait=20")).json();
  while (state.ended === undefined);
  expect(state).toMatchObject({
    state: "failed",
    error: { code: "unacceptable", message: expect.stringContaining("FormatError") },
  });
  pair.holder[Symbol.dispose]();
});
