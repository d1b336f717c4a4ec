/** The page with a service that deviates: what is noticed, in which words, and what the service learns of it. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Encryptor, Randomness } from "../../src/ckks/index.js";
import { EncryptedResult } from "../../src/nn/index.js";
import { hasProgram } from "../programs.js";
import { plan } from "../service/stage.js";
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
    300_000,
  );

  /** Of the plan, under the hospital's key, and of no number: every slot says something else. */
  async function unreadable(): Promise<Buffer> {
    const { device } = there.stage;
    const owner = await there.stage.owner("acme");
    const [key] = await owner.keys();
    using publicKey = await owner.publicKey(key, key.fingerprint, device);
    using randomness = Randomness.system();
    const encryptor = new Encryptor(publicKey, randomness);
    const { slots } = plan.parameters;
    const drawn = () => Float64Array.from({ length: slots }, () => 200 * Math.random() - 100);
    const ciphertexts = plan.program.outputs.map(() =>
      encryptor.encrypt({ real: drawn(), imaginary: drawn() }, { level: 0 }),
    );
    using result = new EncryptedResult(plan.identity, ciphertexts, 1, { image: true, model: true });
    return Buffer.from(await result.toBytes());
  }

  test.each<[string, (honestBytes: number) => Buffer | Promise<Buffer>]>([
    ["no ciphertext", (bytes) => Buffer.alloc(bytes, 7)],
    ["half a file", (bytes) => Buffer.alloc(bytes >> 1)],
    ["a ciphertext that decrypts to no answer", unreadable],
  ])(
    "a result that is %s, as the service announced it, is refused like any other",
    async (_what, made) => {
      await there.opened.drop("phantom.png", pngOf(3));
      const forged = await made(100_000);
      const sha256 = createHash("sha256").update(forged).digest("hex");
      // The state comes before the result: it announces what will be given.
      there.between.change = (method, path, body) => {
        if (isResult(method, path)) return forged;
        if (method !== "GET" || !/^\/v1\/jobs\//.test(path)) return undefined;
        const state = JSON.parse(body.toString());
        return state.result && Buffer.from(JSON.stringify({ ...state, result: { bytes: forged.length, sha256 } }));
      };
      try {
        await there.opened.page.locator(ASK).click();
        await refused(/the answer cannot be used/, never);
      } finally {
        there.between.change = () => undefined;
      }
    },
    300_000,
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
  }, 300_000);

  test("a key that the service exchanged is not the one that is open", async () => {
    there.between.change = changing("GET", /^\/v1\/keys$/, ({ keys }: { keys: object[] }) => ({
      keys: keys.map((key) => ({ ...key, fingerprint: other })),
    }));
    await there.press("Look again");
    await there.opened.page.getByText("The service does not have this key's public parts yet.").waitFor();
    there.between.change = () => undefined;
    await there.press("Send the public parts");
    await there.opened.page.locator(".open select").waitFor();
  }, 300_000);
});
