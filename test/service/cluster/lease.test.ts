/** That one service answers for a Redis. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Lease } from "../../../src/service/cluster/lease.js";
import { openRedis } from "../../../src/service/cluster/redis.js";
import { hasProgram } from "../../programs.js";
import { freePort, Machine } from "./machines.js";

describe.skipIf(!hasProgram("redis-server"))("a lease", () => {
  const folder = mkdtempSync(join(tmpdir(), "blindsight-lease-"));
  let machine: Machine;
  let redis: Redis;
  beforeAll(async () => {
    const port = await freePort();
    const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
    machine = await Machine.start("redis-server", args, {}, /Ready to accept/);
    redis = new Redis(port, "127.0.0.1");
  });
  afterAll(async () => {
    redis.disconnect();
    await machine.end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

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

  test("of a Redis that does not answer, or wants a password: one line", async () => {
    const away = openRedis(`redis://127.0.0.1:${await freePort()}`, () => undefined);
    const error = await Lease.take(away, () => undefined).catch((thrown) => thrown);
    expect([error.message, error.fix]).toEqual([
      "Redis cannot be reached",
      expect.stringContaining("URL and password"),
    ]);
    away.disconnect();
    await redis.config("SET", "requirepass", "a-password");
    const stranger = openRedis(`redis://127.0.0.1:${redis.options.port}`, () => undefined);
    await expect(Lease.take(stranger, () => undefined)).rejects.toThrow("Redis cannot be reached: NOAUTH");
    stranger.disconnect();
    await redis.config("SET", "requirepass", "");
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
