import { connect } from "node:net";
import type fc from "fast-check";

/** What an attacker sends: bytes on a socket, in pieces, and whether he hangs up in between. */
export interface Attack {
  readonly name: string;
  readonly pieces: readonly (string | Uint8Array)[];
  /** Milliseconds between pieces. */
  readonly pause: number;
  readonly hangUp: boolean;
}

/** The answer's first line, or what became of the connection. */
export function send(url: string, { pieces, pause, hangUp }: Attack): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = "";
    const done = (outcome: string) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(20_000, () => done("silence"));
    socket.on("data", (data) => {
      answer += data.toString("latin1");
      if (answer.includes("\r\n")) done(answer.slice(0, answer.indexOf("\r\n")));
    });
    socket.on("error", () => done("reset"));
    socket.on("close", () => done(answer ? answer.slice(0, 40) : "closed"));
    socket.on("connect", async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        socket.write(piece);
        if (pause > 0) await new Promise((wake) => setTimeout(wake, pause));
      }
      if (hangUp) done("hung up");
    });
  });
}

/** Where and as whom: real tokens and ids, so that attacks come far. */
export interface Known {
  readonly tokens: readonly string[];
  readonly ids: { readonly plan: string; readonly key: string; readonly model: string; readonly blob: string };
}

const METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "\u0000", "PROPFIND"];

/** One request: mostly well-formed, wrong in one place or a few. */
export function attackOf(fcs: typeof fc, { tokens, ids }: Known): fc.Arbitrary<Attack> {
  const id = fcs.constantFrom(
    ids.plan,
    ids.key,
    ids.model,
    ids.blob,
    "0".repeat(32),
    "0".repeat(64),
    "..",
    "%2e%2e%2f",
    "__proto__",
    "a\u00ff",
    "",
  );
  const path = fcs.oneof(
    fcs
      .tuple(
        fcs.constantFrom("plans", "keys", "models", "jobs", "blobs", "tokens", "tenants"),
        id,
        fcs.constantFrom(
          "",
          "/0",
          "/1",
          "/999999",
          "/public",
          "/result",
          "/obsolete",
          "?wait=25",
          "?wait=-1",
          "?wait=9&wait=9",
        ),
      )
      .map(([room, name, rest]) => `/v1/${room}/${name}${rest}`),
    fcs.constantFrom(
      "/",
      "/v1",
      "/v1/keys",
      "/v1/models",
      "/v1/jobs",
      "/v1/tokens",
      "/openapi.json",
      "//v1//keys",
      "/v1/keys/%",
      `/${"a".repeat(20_000)}`,
    ),
    fcs.string({ maxLength: 40 }).map((text) => `/${text.replace(/[\s]/g, "")}`),
  );
  const authorization = fcs.oneof(
    { weight: 6, arbitrary: fcs.constantFrom(...tokens).map((token) => `Bearer ${token}`) },
    {
      weight: 1,
      arbitrary: fcs.constantFrom(
        "",
        "Bearer ",
        "Basic YTpi",
        `Bearer bs_${"0".repeat(16)}_${"A".repeat(43)}`,
        `Bearer ${"x".repeat(9000)}`,
      ),
    },
  );
  const json = fcs.oneof(
    fcs.json({ maxDepth: 4 }),
    fcs.constantFrom(
      `{"kind":"secret key","bytes":100}`,
      `{"kind":"model","bytes":68719476737}`,
      `{"kind":"model","bytes":1e308}`,
      `{"plan":"${ids.plan}","publicKey":"${ids.blob}","evaluationKeys":"${ids.blob}"}`,
      `{"model":"${ids.model}","image":"${ids.blob}"}`,
      `{"__proto__":{"scope":"operator"}}`,
      `{"scope":"operator","tenant":"evil","days":1}`,
      "[".repeat(30_000),
    ),
  );
  const body = fcs.oneof(
    json,
    fcs.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  );
  const length = fcs.constantFrom(
    "right",
    "short",
    "long",
    "negative",
    "words",
    "chunked",
    "broken chunks",
    "none",
    "huge",
  );
  return fcs
    .record({
      method: fcs.constantFrom(...METHODS),
      path,
      authorization,
      body,
      length,
      pause: fcs.constantFrom(0, 0, 0, 3),
      hangUp: fcs.constantFrom(false, false, false, true),
    })
    .map(({ method, path, authorization, body, length, pause, hangUp }): Attack => {
      const bytes = Buffer.from(body, "latin1");
      const lengths: Record<string, string> = {
        right: `content-length: ${bytes.length}`,
        short: `content-length: ${Math.max(0, bytes.length - 3)}`,
        long: `content-length: ${bytes.length + 500}`,
        negative: "content-length: -1",
        words: "content-length: many",
        chunked: "transfer-encoding: chunked",
        "broken chunks": "transfer-encoding: chunked",
        huge: "content-length: 99999999999999999999",
        none: "x: y",
      };
      const head = `${method} ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n${lengths[length]}\r\n\r\n`;
      const chunks =
        length === "chunked"
          ? [`${bytes.length.toString(16)}\r\n`, bytes, "\r\n0\r\n\r\n"]
          : length === "broken chunks"
            ? ["zz\r\n", bytes]
            : [bytes];
      // Whoever says that more comes, and sends no more, waits for nobody.
      return {
        name: `${method} ${path.slice(0, 60)} ${length}`,
        pieces: [head, ...chunks],
        pause,
        hangUp: hangUp || length === "long",
      };
    });
}
