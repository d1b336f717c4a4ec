/** Whoever gives the client its `fetch` can end a request. */
import { expect, test } from "vitest";
import { HospitalClient } from "../../src/client/index.js";

const token = `bs_${"0".repeat(16)}_${"A".repeat(43)}`;

test.each([
  ["AbortError", 1],
  ["NetworkError", 3],
])("a fetch that ends in %s is made %i times", async (name, most) => {
  let asked = 0;
  const fetch = async () => {
    asked++;
    throw new DOMException("no", name);
  };
  const client = new HospitalClient({ url: "https://service.example", token, fetch, retries: 2 });
  await expect(client.plans()).rejects.toThrow();
  expect(asked).toBe(most);
});

test("a body that ends in AbortError is not asked for again", async () => {
  let asked = 0;
  const fetch = async () => {
    asked++;
    const pull = (controller: ReadableStreamDefaultController) =>
      controller.error(new DOMException("no", "AbortError"));
    return new Response(new ReadableStream({ pull }));
  };
  const client = new HospitalClient({ url: "https://service.example", token, fetch, retries: 2 });
  await expect(client.plans()).rejects.toThrow("no");
  expect(asked).toBe(1);
});
