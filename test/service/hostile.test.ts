/** Malformed and hostile requests over real sockets: none ends the service or gets anything, and an honest hospital beside them is served. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attackOf, send } from "./hostile.js";
import { clear, imageOf, openPair, openStage, type Stage } from "./stage.js";

const ATTACKS = Number(process.env["ATTACKS"] ?? 1500);
let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ rate: { perSecond: 1e6, burst: 1e6 } });
});
afterAll(() => stage.close());

test(`${ATTACKS} requests that are none`, async () => {
  const honest = await openPair(stage);
  const evil = await openPair(stage, { hospital: "evil", owner: "evil-owner" });
  const tokens = [await stage.tokenOf("hospital", "evil"), await stage.tokenOf("owner", "evil-owner")];
  const ids = { plan: honest.model.plan, key: honest.key.id, model: honest.model.id, blob: honest.model.sha256 };
  const attacks = fc.sample(attackOf(fc, { tokens, ids }), {
    numRuns: ATTACKS,
    seed: Number(process.env["BLINDSIGHT_SEED"] ?? 1) | 0,
  });
  const outcomes = new Map<string, number>();
  const unexpected: string[] = [];
  let at = 0;
  const attacker = async () => {
    while (at < attacks.length) {
      const attack = attacks[at++];
      const outcome = await send(stage.service.url, attack);
      const kind = /^HTTP\/1\.1 (\d\d\d)/.exec(outcome)?.[1] ?? outcome;
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
      if (kind === "500" || kind === "silence") unexpected.push(`${kind}: ${attack.name}`);
    }
  };
  let diagnoses = 0;
  let attacking = true;
  const served = (async () => {
    while (attacking || diagnoses === 0) {
      const { logits } = await honest.hospital.diagnose(
        honest.holder,
        stage.device,
        honest.model,
        imageOf(diagnoses % 24),
      );
      const right = clear(diagnoses++ % 24);
      expect(Math.max(...logits.map((x, k) => Math.abs(x - right[k])))).toBeLessThan(1e-3);
    }
  })();
  const before = process.memoryUsage().rss;
  await Promise.all(Array.from({ length: 8 }, attacker));
  attacking = false;
  await served;
  console.log(JSON.stringify({ attacks: ATTACKS, diagnoses, outcomes: Object.fromEntries([...outcomes].sort()) }));
  expect(unexpected).toEqual([]);
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 30);
  expect(stage.log()).not.toContain('"failed"');
  // Nothing of the honest parties changed hands, and nobody became an operator.
  expect(await honest.hospital.models()).toMatchObject([{ id: honest.model.id, used: diagnoses, revoked: false }]);
  expect((await stage.service.tokens()).filter(({ scope }) => scope === "operator")).toEqual([]);
  for (const { holder } of [honest, evil]) holder[Symbol.dispose]();
}, 1_200_000);

test("headers that never end are hung up on", async () => {
  const begin = performance.now();
  const outcome = await send(stage.service.url, {
    name: "slow",
    pieces: ["GET /v1/keys HTTP/1.1\r\nhost: x\r\n"],
    pause: 0,
    hangUp: false,
  });
  expect(outcome).toMatch(/408|closed|reset/);
  expect(performance.now() - begin).toBeLessThan(19_000);
}, 30_000);
