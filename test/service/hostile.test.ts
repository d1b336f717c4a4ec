/** Malformed and hostile requests over real sockets: none ends the service or gets anything, and an honest hospital beside them is served. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { seed } from "../seed.js";
import { send } from "./hostile.js";
import { besiege } from "./siege.js";
import { openStage, type Stage } from "./stage.js";

const ATTACKS = 1500;
let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ rate: { perSecond: 1e6, burst: 1e6 } });
});
afterAll(() => stage.close());

test(`${ATTACKS} requests that are none`, () => besiege(stage, ATTACKS, seed), 1_200_000);

test("headers that never end are hung up on", async () => {
  const begin = performance.now();
  const slow = { name: "slow", pieces: ["GET /v1/keys HTTP/1.1\r\nhost: x\r\n"], pause: 0, hangUp: false };
  expect(await send(stage.service.url, slow)).toMatch(/408|closed|reset/);
  expect(performance.now() - begin).toBeLessThan(19_000);
}, 30_000);
