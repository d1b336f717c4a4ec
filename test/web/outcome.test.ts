/** What the page says of logits, by the network's card; and what it counts as sent. */
import { afterEach, expect, test, vi } from "vitest";
import { compile, type NetworkCard, type Plan } from "../../src/nn/index.js";
import { cardOf, outcomeOf, plainText } from "../../web/engine/outcome.js";
import { Recording } from "../../web/engine/recording.js";
import { randomNetwork } from "../nn/random-network.js";

function planOf(classes: number, card: Partial<NetworkCard>): Plan {
  const network = randomNetwork([1, 8, 8], ["flatten", { linear: classes }], 7);
  return compile({ ...network, card: { ...network.card, ...card } });
}

const rest = {
  milliseconds: { compute: 1 },
  bytes: { image: 1, result: 1, keys: 1, model: 1 },
  ciphertext: new Uint8Array(0),
  model: { name: "m", version: "1", sha256: "" },
  image: "",
  key: "",
  sent: [],
};
const said = (logits: number[], plan: Plan) => outcomeOf(Float64Array.from(logits), plan, rest);

test("two classes by softmax: the threshold decides, and is told", () => {
  const plan = planOf(2, { labels: ["normal", "pneumonia"], positive: 1, threshold: 0.9 });
  const outcome = said([0, 1], plan);
  expect(outcome.verdict).toBe(0);
  expect(outcome.card.decision).toEqual({ positive: 1, threshold: 0.9 });
});

test("labels each by itself have no verdict and no threshold", () => {
  const plan = planOf(2, { labels: ["effusion", "mass"], activation: "sigmoid" });
  const outcome = said([-4, -3], plan);
  expect([outcome.verdict, outcome.card.decision]).toEqual([undefined, undefined]);
  expect(outcome.scores.every((score) => score < 0.05)).toBe(true);
});

test("one logit with one label: the label is what it speaks for", () => {
  const card = planOf(2, {}).card;
  const one = cardOf({ ...card, labels: ["pneumonia"], activation: "sigmoid" }, 1);
  expect(one.labels).toEqual(["class 0", "pneumonia"]);
  expect(one.decision).toBeDefined();
});

test("texts from elsewhere turn no sentence around", () => {
  expect(plainText("a\u202eb\u0000c\n")).toBe("abc");
  expect(plainText("x".repeat(1000)).length).toBe(80);
});

afterEach(() => vi.unstubAllGlobals());
const URL_ = "https://service.example/v1";

test("what is sent is counted when it leaves, and again when it is sent again", async () => {
  const recording = new Recording();
  recording.start();
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("no answer");
  });
  const digest = "0".repeat(64);
  const announce = { method: "POST", body: JSON.stringify({ kind: "encrypted image", bytes: 3 }) };
  await expect(recording.fetch(`${URL_}/blobs/${digest}`, announce)).rejects.toThrow("no answer");
  for (let k = 0; k < 2; k++) {
    const chunk = { method: "PUT", body: Uint8Array.of(1, 2, 3) };
    await expect(recording.fetch(`${URL_}/blobs/${digest}/0`, chunk)).rejects.toThrow("no answer");
  }
  expect(recording.sent.map(({ what, sentBytes }) => [what, sentBytes])).toEqual([
    ["question", announce.body.length],
    ["image", 3],
    ["image", 3],
  ]);
  expect([...(recording.image ?? [])]).toEqual([1, 2, 3]);
});

test("a body without an end is not read to it, and an answer is one when its bytes came", async () => {
  const recording = new Recording();
  recording.start();
  let pulled = 0;
  vi.stubGlobal("fetch", async () => {
    const pull = (controller: ReadableStreamDefaultController) => {
      pulled++;
      controller.enqueue(new Uint8Array(2 ** 20));
    };
    return new Response(new ReadableStream({ pull }));
  });
  await expect(recording.fetch(`${URL_}/plans`)).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  expect([pulled < 80, recording.fault?.code]).toEqual([true, "tooLarge"]);
  vi.stubGlobal("fetch", async () => new Response("gone", { status: 404 }));
  await recording.fetch(`${URL_}/jobs/1/result`);
  expect(recording.answered).toBe(false);
  vi.stubGlobal("fetch", async () => new Response("bytes"));
  await recording.fetch(`${URL_}/jobs/1/result`);
  expect(recording.answered).toBe(true);
});

test("a call that was ended makes no further request", async () => {
  const recording = new Recording();
  recording.begin();
  vi.stubGlobal("fetch", async (_url: string, { signal }: RequestInit) => {
    signal?.throwIfAborted();
    return new Response("{}");
  });
  await recording.fetch(`${URL_}/keys`, {});
  recording.end();
  await expect(recording.fetch(`${URL_}/keys`, {})).rejects.toThrow();
  recording.begin();
  await recording.fetch(`${URL_}/keys`, {});
});
