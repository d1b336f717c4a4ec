/** What outlives a restart; what the client makes of lost answers and refusals; who is let in, and how much. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HospitalClient } from "../../src/client/index.js";
import { Plan } from "../../src/nn/index.js";
import { clear, imageOf, openPair, openStage, plan, type Stage } from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

type Fetch = typeof fetch;

async function hospitalWith(url: string, tenant: string, wrap: (fetch: Fetch) => Fetch): Promise<HospitalClient> {
  return new HospitalClient({ url, token: await stage.tokenOf("hospital", tenant), fetch: wrap(fetch) });
}

test("jobs in flight survive a restart, each with one result", async () => {
  const { hospital, holder, model } = await openPair(stage);
  // By hand: ids are kept over the restart, which moves the service to another port.
  const token = await stage.tokenOf("hospital", "st-anna");
  const headers = { authorization: `Bearer ${token}` };
  const jobs = new Map<string, number>();
  for (let k = 0; k < 6; k++) {
    const url = stage.service.url;
    let image = "";
    const catching: Fetch = async (input, init) => {
      image ||= /blobs\/([0-9a-f]{64})/.exec(String(input))?.[1] ?? "";
      if (String(input).includes("/jobs/")) throw new DOMException("stop before the job", "AbortError");
      return fetch(input, init);
    };
    const cut = new HospitalClient({ url, token, fetch: catching, retries: 0 });
    await cut.diagnose(holder, stage.device, model, imageOf(k)).catch(() => undefined);
    const job = `job-of-image-0000${k}`;
    const put = await fetch(`${url}/v1/jobs/${job}`, {
      method: "PUT",
      headers,
      body: JSON.stringify({ model: model.id, image }),
    });
    expect(put.status).toBe(202);
    jobs.set(job, k);
  }
  const { url } = await stage.restart();
  const results = new Set<string>();
  for (const [job] of jobs) {
    let state: { state: string; result?: { sha256: string }; ended?: number };
    do state = await (await fetch(`${url}/v1/jobs/${job}?wait=20`, { headers })).json();
    while (state.ended === undefined);
    expect(state.state).toBe("done");
    results.add(state.result!.sha256);
  }
  expect(results.size).toBe(6);
  const again = await stage.hospital("st-anna");
  expect(await again.models()).toMatchObject([{ used: 6 }]);
  const { logits } = await again.diagnose(holder, stage.device, model, imageOf(7));
  expect(Math.abs(logits[0] - clear(7)[0])).toBeLessThan(1e-3);
  void hospital;
  holder[Symbol.dispose]();
});

test("answers that are lost: the same bytes and job again, one diagnosis", async () => {
  const { holder, model } = await openPair(stage, { hospital: "lossy", owner: "acme-2" });
  const seen: string[] = [];
  const losing = (fetch: Fetch): Fetch => {
    const lost = new Set<string>();
    return async (input, init) => {
      const name = `${init?.method} ${new URL(String(input)).pathname}`;
      seen.push(name);
      const response = await fetch(input, init);
      if (lost.has(name)) return response;
      lost.add(name); // once each
      await response.arrayBuffer();
      throw new TypeError("the connection was lost");
    };
  };
  const hospital = await hospitalWith(stage.service.url, "lossy", losing);
  const { logits } = await hospital.diagnose(holder, stage.device, model, imageOf(3));
  expect(Math.abs(logits[0] - clear(3)[0])).toBeLessThan(1e-3);
  expect(new Set(seen.filter((name) => name.startsWith("PUT /v1/jobs/"))).size).toBe(1);
  expect(await hospital.models()).toMatchObject([{ used: 1 }]);
  holder[Symbol.dispose]();
});

test("a decryption that is refused is followed by no request", async () => {
  const { holder, model } = await openPair(stage, { hospital: "oracle", owner: "acme-3" });
  const seen: string[] = [];
  const watching =
    (fetch: Fetch): Fetch =>
    async (input, init) => {
      seen.push(`${init?.method} ${new URL(String(input)).pathname.replace(/[0-9a-f]{32,}/g, "…")}`);
      return fetch(input, init);
    };
  const hospital = await hospitalWith(stage.service.url, "oracle", watching);
  const huge = imageOf(0).map((x) => x * 1e4);
  await expect(hospital.diagnose(holder, stage.device, model, huge)).rejects.toThrow("not readable");
  const refused = seen.splice(0);
  await hospital.diagnose(holder, stage.device, model, imageOf(0));
  const calls = (all: string[]) => all.filter((name, k) => name !== all[k - 1]);
  expect(calls(refused)).toEqual(calls(seen));
  expect(refused.at(-1)).toBe("DELETE /v1/jobs/…");
  holder[Symbol.dispose]();
});

test("an answer to something else than was asked is not used", async () => {
  const { holder, model, key } = await openPair(stage, { hospital: "swap", owner: "acme-4" });
  const swapping =
    (change: (json: Record<string, unknown>) => void, where: string) =>
    (fetch: Fetch): Fetch =>
    async (input, init) => {
      const response = await fetch(input, init);
      if (!String(input).includes(where) || !response.ok || response.headers.get("content-type") !== "application/json")
        return response;
      const json = await response.json();
      change(json);
      return Response.json(json, { status: response.status });
    };
  const other = "f".repeat(64);
  const cases: [(json: Record<string, unknown>) => void, string, string][] = [
    [(json) => (json["image"] = other), "/jobs/", "another image"],
    [(json) => ((json["model"] as Record<string, unknown>)["sha256"] = other), "/jobs/", "another model"],
    [(json) => (json["plan"] = other), "/jobs/", "another plan"],
    [(json) => (json["id"] = "x".repeat(20)), "/jobs/", "another job"],
    [
      (json) => json["result"] && ((json["result"] as Record<string, unknown>)["sha256"] = other),
      "/jobs/",
      "not what the service said",
    ],
  ];
  for (const [change, where, message] of cases) {
    const hospital = await hospitalWith(stage.service.url, "swap", swapping(change, where));
    await expect(hospital.diagnose(holder, stage.device, model, imageOf(0))).rejects.toThrow(message);
  }
  const hospital = await stage.hospital("swap");
  expect((await hospital.plan(plan.identity)) instanceof Plan).toBe(true);
  expect((await hospital.keys()).map(({ id }) => id)).toEqual([key.id]);
  holder[Symbol.dispose]();
});

test("requests beyond a token's rate: 429 with the time to wait, which the client keeps", async () => {
  const slow = await openStage({ rate: { perSecond: 5, burst: 3 } });
  try {
    const headers = { authorization: `Bearer ${await slow.tokenOf("hospital", "eager")}` };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => fetch(`${slow.service.url}/v1/plans`, { headers })),
    );
    const later = answers.filter(({ status }) => status === 429);
    expect(later.length).toBeGreaterThanOrEqual(2);
    expect(later[0].headers.get("retry-after")).toBe("1");
    const hospital = await slow.hospital("eager");
    for (let k = 0; k < 6; k++) expect(await hospital.plans()).toEqual([]);
  } finally {
    await slow.close();
  }
});

test("what lies on the disk is sealed: nothing of a file in the clear, and a changed object does not open", async () => {
  const { key } = await openPair(stage, { hospital: "sealed", owner: "acme-5" });
  const folder = join(stage.folder, "objects", "sealed", "blobs");
  for (const blob of readdirSync(folder)) {
    const path = join(folder, blob, "0");
    const bytes = readFileSync(path);
    expect(bytes.includes("BLIND")).toBe(false);
    bytes[40] ^= 1;
    writeFileSync(path, bytes);
  }
  const headers = { authorization: `Bearer ${await stage.tokenOf("owner", "acme-5")}` };
  const response = await fetch(`${stage.service.url}/v1/keys/${key.id}/public`, { headers });
  expect([response.status, await response.json()]).toMatchObject([500, { error: { code: "internal" } }]);
  expect(existsSync(join(stage.folder, "lock"))).toBe(true);
});
