import fc from "fast-check";
import { expect } from "vitest";
import { attackOf, send } from "./hostile.js";
import { clear, imageOf, openPair, type Stage } from "./stage.js";

const ATTACKERS = 8;

/** Sends so many hostile requests, eight at a time, while a hospital has images diagnosed; then looks whether anything came of them. */
export async function besiege(stage: Stage, count: number, seed: number): Promise<void> {
  const honest = await openPair(stage, { hospital: "st-anna", owner: "acme" }, 1_000_000);
  const evil = await openPair(stage, { hospital: "evil", owner: "evil-owner" });
  const tokens = [await stage.tokenOf("hospital", "evil"), await stage.tokenOf("owner", "evil-owner")];
  const ids = { plan: honest.model.plan, key: honest.key.id, model: honest.model.id, blob: honest.model.sha256 };
  const attacks = fc.sample(attackOf(fc, { tokens, ids }), { numRuns: count, seed });
  const outcomes = new Map<string, number>();
  const unexpected: string[] = [];
  let at = 0;
  const attacker = async (): Promise<void> => {
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
      const { hospital, holder, model } = honest;
      const { logits } = await hospital.diagnose(holder, stage.device, model, imageOf(diagnoses % 24));
      const right = clear(diagnoses++ % 24);
      expect(Math.max(...logits.map((x, k) => Math.abs(x - right[k])))).toBeLessThan(1e-3);
    }
  })();
  const before = process.memoryUsage().rss;
  await Promise.all(Array.from({ length: ATTACKERS }, attacker));
  attacking = false;
  await served;
  const memory = process.memoryUsage().rss - before;
  console.log(
    JSON.stringify({ attacks: count, diagnoses, memory, outcomes: Object.fromEntries([...outcomes].sort()) }),
  );
  expect(unexpected).toEqual([]);
  expect(memory).toBeLessThan(2 ** 30);
  expect(stage.log()).not.toContain('"failed"');
  // Nothing of the honest parties changed hands, and nobody became an operator.
  expect(await honest.hospital.models()).toMatchObject([{ id: honest.model.id, used: diagnoses, revoked: false }]);
  expect((await stage.service.tokens()).filter(({ scope }) => scope === "operator")).toEqual([]);
  for (const { holder } of [honest, evil]) holder[Symbol.dispose]();
}
