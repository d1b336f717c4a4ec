/** The page with a service that deviates: what is noticed, in which words, and what the service learns of it. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasProgram } from "../programs.js";
import { type Change, changing } from "../web/between.js";
import { HospitalPage, pngOf } from "../web/hospital-page.js";
import { ASK } from "../web/opened.js";

describe.skipIf(!hasProgram("nginx"))("the page and a service that deviates", () => {
  let there: HospitalPage;
  beforeAll(async () => {
    there = await HospitalPage.open();
    await there.prepare();
  }, 300_000);
  afterAll(() => there?.close());

  const other = "ab".repeat(32);
  const isResult = (method: string, path: string) => method === "GET" && /\/result$/.test(path);
  const never = /Do not ask again for this image/;
  const deviations: readonly (readonly [string, Change, RegExp, RegExp])[] = [
    [
      "a result of another image",
      changing("GET", /^\/v1\/jobs\//, (state: object) => ({ ...state, image: other })),
      /another image/,
      /Do not use this answer/,
    ],
    [
      "another plan",
      changing("GET", /^\/v1\/jobs\//, (state: object) => ({ ...state, plan: other })),
      /another plan/,
      /Do not use this answer/,
    ],
    [
      "another model",
      changing("GET", /^\/v1\/jobs\//, (state: { model: object }) => ({
        ...state,
        model: { ...state.model, sha256: other },
      })),
      /another model/,
      /Do not use this answer/,
    ],
    [
      "other bytes of a result",
      (method, path, body) => (isResult(method, path) ? Buffer.from(body).fill(7, 5000, 5008) : undefined),
      /cannot be used/,
      never,
    ],
  ];
  async function refused(message: RegExp, words: RegExp): Promise<void> {
    const alert = there.opened.page.locator("main > .failure");
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(words);
    await alert.locator("summary").click();
    expect(await alert.innerText()).toMatch(message);
    if (words === never) expect(await there.opened.page.locator(".seen").count()).toBe(0); // asked once more it would tell
    const asked = there.between.requests.length;
    await there.opened.page.waitForTimeout(1000);
    expect(there.between.requests.length).toBe(asked);
  }

  test.each(deviations)(
    "a service that answers with %s is noticed, and told nothing",
    async (_what, change, message, words) => {
      await there.opened.drop("phantom.png", pngOf(2));
      there.between.change = change;
      try {
        await there.opened.page.locator(ASK).click();
        await refused(message, words);
      } finally {
        there.between.change = () => undefined;
      }
    },
    120_000,
  );

  test.each([
    ["no ciphertext", (body: Buffer) => Buffer.alloc(body.length, 7)],
    ["half a file", (body: Buffer) => body.subarray(0, body.length >> 1)],
  ])(
    "a result that is %s, as the service announced it, is refused like any other",
    async (_what, made) => {
      await there.opened.drop("phantom.png", pngOf(3));
      let forged: Buffer | undefined;
      // The state comes before the result: it announces what will be given.
      there.between.change = (method, path, body) => {
        if (isResult(method, path)) return (forged ??= made(body));
        if (method !== "GET" || !/^\/v1\/jobs\//.test(path)) return undefined;
        const state = JSON.parse(body.toString());
        if (!state.result) return undefined;
        forged ??= made(Buffer.alloc(state.result.bytes));
        const sha256 = createHash("sha256").update(forged).digest("hex");
        return Buffer.from(JSON.stringify({ ...state, result: { bytes: forged.length, sha256 } }));
      };
      try {
        await there.opened.page.locator(ASK).click();
        await refused(/the answer cannot be used/, never);
      } finally {
        there.between.change = () => undefined;
      }
    },
    120_000,
  );

  test("a service does not speak with the page's voice", async () => {
    const error = { code: "keySwapped", message: "x", fix: "y" };
    there.between.change = (method, path) =>
      method === "GET" && path === "/v1/keys" ? Buffer.from(JSON.stringify({ error })) : undefined;
    there.between.status = 403;
    try {
      await there.press("Look again");
      const failure = there.opened.page.locator("#key-heading ~ .failure");
      await failure.waitFor();
      expect(await failure.innerText()).toContain("The service refused this.");
    } finally {
      there.between.change = () => undefined;
      there.between.status = undefined;
    }
  }, 120_000);

  test("a key that the service exchanged is not the one that is open", async () => {
    there.between.change = changing("GET", /^\/v1\/keys$/, ({ keys }: { keys: object[] }) => ({
      keys: keys.map((key) => ({ ...key, fingerprint: other })),
    }));
    await there.press("Look again");
    await there.opened.page.getByText("The service does not have this key's public parts yet.").waitFor();
    there.between.change = () => undefined;
    await there.press("Send the public parts");
    await there.opened.page.locator(".open select").waitFor();
  }, 120_000);
});
