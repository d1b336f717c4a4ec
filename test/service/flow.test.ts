/** Owner and hospital against a service on a socket: key, model, diagnoses, budget, revocation, deletion. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServiceError } from "../../src/index.js";
import { compile, KeyHolder } from "../../src/nn/index.js";
import { clear, commitment, everythingIn, imageOf, network, openPair, openStage, plan, type Stage } from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error: ServiceError) => error.code,
  );

test("20 diagnoses equal the clear, and nothing of their images and results stays", async () => {
  const { hospital, holder, model, key } = await openPair(stage);
  const steps: number[] = [];
  for (let k = 0; k < 20; k++) {
    const onProgress = (done: number, of: number) => void (done === of && steps.push(of));
    const { logits, ...said } = await hospital.diagnose(holder, stage.device, model, imageOf(k), { onProgress });
    const right = clear(k);
    expect(Math.max(...logits.map((x, i) => Math.abs(x - right[i])))).toBeLessThan(1e-3);
    expect(said).toMatchObject({
      plan: plan.identity,
      model: { id: model.id, name: "rl1", version: "1", sha256: model.sha256 },
    });
  }
  expect(steps).toEqual(Array(20).fill(plan.program.steps.length));
  expect(await hospital.ensureKey(holder)).toMatchObject({ id: key.id, models: 1 });
  expect((await hospital.models())[0]).toMatchObject({ used: 20, budget: 100 });
  const { names } = everythingIn(`${stage.folder}/objects/st-anna`);
  const blobs = new Set(names.map((name) => name.split("/")[1]));
  expect(names.filter((name) => name.startsWith("results"))).toEqual([]);
  expect(blobs.size).toBe(2); // public key and evaluation keys
  holder[Symbol.dispose]();
});

describe("who may what", () => {
  test("a spent budget, a revoked model, and the owner's way back", async () => {
    const { hospital, owner, holder, model } = await openPair(stage, { hospital: "budget", owner: "acme-2" }, 1);
    const ask = () => hospital.diagnose(holder, stage.device, model, imageOf(0));
    await ask();
    expect(await codeOf(ask())).toBe("budget-spent");
    await owner.change(model.id, { budget: 5, revoked: true });
    expect(await codeOf(ask())).toBe("forbidden");
    expect(await owner.change(model.id, { revoked: false })).toMatchObject({ budget: 5, used: 1, revoked: false });
    await ask();
    holder[Symbol.dispose]();
  });

  test("another hospital sees no key, model or job, and an owner no other's", async () => {
    const { holder, key, model } = await openPair(stage, { hospital: "one", owner: "acme-3" });
    const other = await stage.hospital("two");
    expect(await other.keys()).toEqual([]);
    expect(await other.models()).toEqual([]);
    expect(await codeOf(other.deleteKey(key.id))).toBe("not-found");
    expect(await codeOf(other.deleteKey("0".repeat(32)))).toBe("not-found");
    expect(await codeOf(other.diagnose(holder, stage.device, model, imageOf(0)))).toBe("not-found");
    const stranger = await stage.owner("stranger");
    expect(await stranger.keys()).toEqual([]);
    expect(await codeOf(stranger.deleteModel(model.id))).toBe("not-found");
    expect(await codeOf(stranger.change(model.id, { budget: 9 }))).toBe("not-found");
    holder[Symbol.dispose]();
  });

  test("a model for another key than was approved is not encrypted", async () => {
    const hospital = await stage.hospital("swapped");
    const owner = await stage.owner("acme-4");
    await owner.register(plan);
    using holder = await KeyHolder.create(plan, stage.device);
    const key = await hospital.ensureKey(holder);
    const told = "ab".repeat(32);
    await expect(owner.publicKey(key, told, stage.device)).rejects.toThrow("not the one that was approved");
  });
});

test("an obsolete plan: 410 with the new one's name", async () => {
  const { hospital, owner, holder, model } = await openPair(stage, { hospital: "old", owner: "acme" });
  const next = compile({ ...network, card: { ...network.card!, name: "rl1, the next" } });
  await owner.register(next);
  expect(await codeOf(owner.obsolete(plan.identity, next.identity))).toBe("forbidden"); // others have it, too
  const authorization = `Bearer ${await stage.tokenOf("operator", "ops")}`;
  const obsolete = (by: string) => {
    const request = { method: "POST", headers: { authorization }, body: JSON.stringify({ by }) };
    return fetch(`${stage.service.url}/v1/plans/${plan.identity}/obsolete`, request);
  };
  expect((await obsolete(plan.identity)).status).toBe(400);
  expect((await obsolete("0".repeat(64))).status).toBe(404);
  expect((await obsolete(next.identity)).status).toBe(200);
  const refusal = await hospital.diagnose(holder, stage.device, model, imageOf(0)).catch((error) => error);
  expect(refusal).toMatchObject({ code: "obsolete", fix: expect.stringContaining(next.identity) });
  holder[Symbol.dispose]();
});

test("a hospital's deletion of its key takes models, jobs and results; the operator's of a tenant everything", async () => {
  const fresh = await openStage();
  try {
    const { hospital, owner, holder, key, model } = await openPair(fresh, { hospital: "canary-anna", owner: "acme" });
    await hospital.diagnose(holder, fresh.device, model, imageOf(1));
    await hospital.deleteKey(key.id);
    expect(await owner.models()).toEqual([]);
    expect(await hospital.keys()).toEqual([]);
    expect(everythingIn(`${fresh.folder}/objects`).names).toEqual(["MASTER", `PLANS/${plan.identity}`]);
    const operator = await fresh.tokenOf("operator", "ops");
    const gone = await fetch(`${fresh.service.url}/v1/tenants/canary-anna`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${operator}` },
    });
    expect(gone.status).toBe(204);
    expect(await codeOf(hospital.keys())).toBe("unauthorized");
    const { names, bytes } = everythingIn(fresh.folder);
    for (const text of [names.join("\n"), bytes.toString("latin1")]) {
      for (const canary of ["canary-anna", holder.publicKey.fingerprint, commitment])
        expect(text).not.toContain(canary);
    }
    holder[Symbol.dispose]();
  } finally {
    await fresh.close();
  }
});
