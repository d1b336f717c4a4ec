/** Several machines, with the real Redis and a store that speaks S3's protocol, while parts of them die. */
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HospitalClient, OwnerClient } from "../../../src/client/index.js";
import { type Device, openDevice } from "../../../src/index.js";
import { KeyHolder } from "../../../src/nn/index.js";
import { buildIfStale } from "../../cli/blindsight.js";
import { hasProgram } from "../../programs.js";
import { calibration, clear, commitment, everythingIn, imageOf, network, plan } from "../stage.js";
import { Machines } from "./machines.js";

const PATIENT = { timeout: 20_000 };
type Model = Awaited<ReturnType<OwnerClient["give"]>>;

describe.skipIf(!hasProgram("redis-server"))("a service on several machines", () => {
  let machines: Machines;
  let device: Device;
  let owner: OwnerClient;
  beforeAll(async () => {
    buildIfStale();
    machines = await Machines.open();
    device = await openDevice("cpu", { threads: 1 });
    owner = new OwnerClient({ url: machines.url, token: await machines.tokenOf("owner", "acme") });
    await owner.register(plan);
  });
  afterAll(async () => {
    await machines.close();
    await device.close();
  });

  async function pairOf(tenant: string) {
    const token = await machines.tokenOf("hospital", tenant);
    const hospital = new HospitalClient({ url: machines.url, token });
    const holder = await KeyHolder.create(plan, device);
    const key = await hospital.ensureKey(holder);
    const given = { plan, network, options: { calibration } };
    const description = { name: "rl1", version: "1", commitment, budget: 100 };
    const model = await owner.give(key, holder.publicKey.fingerprint, given, description, device);
    return { tenant, token, hospital, holder, key, model };
  }

  /** That many at once, of which each is right; `meanwhile` when the first has come back. */
  async function diagnoses(
    { tenant, hospital, holder, model }: { tenant: string; hospital: HospitalClient; holder: KeyHolder; model: Model },
    count: number,
    meanwhile: () => Promise<void>,
  ): Promise<void> {
    let first = true;
    const errors = await Promise.all(
      Array.from({ length: count }, async (_, k) => {
        const { logits } = await hospital.diagnose(holder, device, model, imageOf(k));
        if (first) {
          first = false;
          await meanwhile();
        }
        return Math.abs(logits[0] - clear(k)[0]);
      }),
    );
    expect(Math.max(...errors)).toBeLessThan(1e-3);
    // Each was one diagnosis, and left no result, of whichever run.
    const [{ used }] = await hospital.models();
    expect(used).toBe(count);
    await expect
      .poll(() => everythingIn(machines.folder).names.filter((name) => name.includes(`/${tenant}/results/`)), PATIENT)
      .toEqual([]);
    holder[Symbol.dispose]();
  }

  test("a worker SIGKILLed in the middle: its job is another's, each has one right result", async () => {
    await machines.startHastyWorker();
    await machines.startHastyWorker();
    await diagnoses(await pairOf("killed"), 16, () => machines.workers[0].end("SIGKILL"));
  });

  test("Redis SIGKILLed and started again", async () => {
    await diagnoses(await pairOf("redis"), 16, async () => {
      await machines.redis.end("SIGKILL");
      await new Promise((wake) => setTimeout(wake, 500));
      await machines.startRedis();
    });
  });

  test("the store refusing connections for five seconds", async () => {
    await diagnoses(await pairOf("store"), 16, async () => {
      await machines.stopStore();
      await new Promise((wake) => setTimeout(wake, 5_000));
      await machines.startStore();
    });
  });

  test("the service SIGKILLed with jobs in flight, and started again", async () => {
    await diagnoses(await pairOf("service"), 16, async () => {
      await machines.service.end("SIGKILL");
      await machines.startService();
    });
  });

  test("a worker that is told to end puts its job back", async () => {
    await machines.startWorker();
    await diagnoses(await pairOf("told"), 8, async () => {
      const [worker] = machines.workers.slice(1);
      await worker.end("SIGTERM");
      expect(worker.process.exitCode).toBe(0);
    });
    for (const worker of machines.workers) await worker.end("SIGKILL");
  });

  test("a job that takes its worker down twice fails by name, and costs nothing", async () => {
    for (const worker of machines.workers) await worker.end("SIGKILL");
    const pair = await pairOf("poison");
    const listening = new Redis(machines.redisPort, "127.0.0.1");
    await listening.subscribe("{blindsight}:signals");
    const killOnProgress = (worker: Awaited<ReturnType<Machines["startWorker"]>>) =>
      new Promise<void>((resolve) => {
        listening.once("message", () => void worker.end("SIGKILL").then(resolve));
      });
    const outcome = pair.hospital.diagnose(pair.holder, device, pair.model, imageOf(0)).catch((error) => error);
    for (let k = 0; k < 2; k++) await killOnProgress(await machines.startHastyWorker());
    await machines.startHastyWorker();
    const error = await outcome;
    expect(error).toMatchObject({
      code: "internal",
      message: expect.stringContaining("ended, or failed, 2 times while it"),
    });
    expect(await pair.hospital.models()).toMatchObject([{ used: 0 }]);
    pair.holder[Symbol.dispose]();
    listening.disconnect();
  });

  test("a deleted tenant: nothing is left in the store, in Redis and its file, and in the logs", async () => {
    const pair = await pairOf("canary-anna");
    await pair.hospital.diagnose(pair.holder, device, pair.model, imageOf(1));
    const gone = await fetch(`${machines.url}/v1/tenants/canary-anna`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${machines.operatorToken}` },
    });
    expect(gone.status).toBe(204);
    const canaries = ["canary-anna", pair.holder.publicKey.fingerprint, pair.key.id];
    const left = () => {
      const { names, bytes } = everythingIn(machines.folder);
      const logs = [machines.service, ...machines.workers].map(({ log }) => log).join("");
      const texts = { files: names.join("\n"), contents: bytes.toString("latin1") };
      const found = canaries.flatMap((canary) =>
        Object.entries(texts).flatMap(([where, text]) => (text.includes(canary) ? [`${canary} in ${where}`] : [])),
      );
      return logs.includes("canary-anna") ? [...found, "canary-anna in logs"] : found;
    };
    await expect.poll(left, PATIENT).toEqual([]); // Redis rewrites its file in the background
    pair.holder[Symbol.dispose]();
  });

  test("a Redis that may lose what it wrote: not ready, and no job is taken", async () => {
    const pair = await pairOf("undurable");
    await machines.redis.end("SIGTERM");
    await machines.startRedis({ appendfsync: "everysec" });
    const ready = async () => (await fetch(`${machines.url}/readyz`)).json();
    await expect
      .poll(ready, PATIENT)
      .toEqual({ ok: false, why: expect.stringContaining("appendfsync everysec, not always") });
    const asking = new HospitalClient({ url: machines.url, token: pair.token, retries: 0 });
    const error = await asking.diagnose(pair.holder, device, pair.model, imageOf(0)).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "busy", message: expect.stringContaining("no jobs are taken now") });
    await machines.redis.end("SIGTERM");
    await machines.startRedis();
    await expect.poll(ready, PATIENT).toEqual({ ok: true });
    const { logits } = await pair.hospital.diagnose(pair.holder, device, pair.model, imageOf(0));
    expect(Math.abs(logits[0] - clear(0)[0])).toBeLessThan(1e-3);
    pair.holder[Symbol.dispose]();
  });

  test("Redis away for longer than the lease: a worker that is told to end does, the service goes on when it is back", async () => {
    const worker = await machines.startWorker();
    await machines.redis.end("SIGKILL");
    await worker.end("SIGTERM");
    expect(worker.process.signalCode).toBe(null);
    await new Promise((wake) => setTimeout(wake, 1_000));
    await machines.startRedis();
    await expect.poll(async () => (await fetch(`${machines.url}/readyz`)).json(), PATIENT).toEqual({ ok: true });
  });

  test("a second service on the same Redis does not start", async () => {
    const before = machines.service;
    await expect(machines.startService()).rejects.toThrow("another service answers for this Redis already");
    machines.service = before;
  });

  test("another Redis under the same objects: nothing is taken, nothing deleted, and neither service nor worker starts", async () => {
    const kept = () => everythingIn(`${machines.folder}/store`).names.length;
    (await pairOf("bound")).holder[Symbol.dispose]();
    const before = kept();
    expect(before).toBeGreaterThan(10);
    const redis = new Redis(machines.redisPort, "127.0.0.1");
    await redis.flushall();
    const ready = async () => (await fetch(`${machines.url}/readyz`)).json();
    await expect
      .poll(ready, PATIENT)
      .toEqual({ ok: false, why: expect.stringContaining("records are others than at the start") });
    await machines.service.end("SIGTERM");
    await expect(machines.startWorker()).rejects.toThrow("no service has begun with these records");
    await expect(machines.startService()).rejects.toThrow("the records know nothing of them");
    expect(kept()).toBe(before);
    redis.disconnect();
  });
});
