import type { IncomingMessage } from "node:http";
import { Hono } from "hono";
import { safeParse } from "valibot";
import { PREFIX } from "../protocol/limits.js";
import type { AuditLine } from "./audit.js";
import { Refusal, refusalOf } from "./failures.js";
import { type CrowdGate, type MemoryGate, type RateGate, readBody } from "./gates.js";
import { openApi } from "./openapi.js";
import type { Rooms } from "./rooms.js";
import type { Answer, Route } from "./routes.js";
import { tableOf } from "./table.js";
import type { Caller } from "./tokens.js";

export interface AppOptions {
  readonly rooms: Rooms;
  readonly rate: RateGate;
  readonly memory: MemoryGate;
  readonly crowd: CrowdGate;
  /** Origins of pages that may ask; none unless said. */
  readonly origins: readonly string[];
  readonly audit: (line: AuditLine) => void;
  readonly onError: (error: unknown) => void;
  /** Why no request is answered: what is kept is another process's now, say. */
  readonly refusing: () => string | undefined;
  /** Why the service cannot take work now. */
  readonly unready: () => string | undefined;
  readonly now: () => number;
}

/** All routes, as a function from a request to its response: for Node's server, a worker's or a test's. */
export function appOf(options: AppOptions): Hono {
  const app = new Hono();
  const table = tableOf(options.rooms);
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
    const origin = c.req.header("origin");
    if (origin && options.origins.includes(origin)) {
      c.res.headers.set("access-control-allow-origin", origin);
      c.res.headers.set("access-control-expose-headers", "retry-after");
    }
  });
  app.options("*", (c) => {
    const origin = c.req.header("origin");
    if (!origin || !options.origins.includes(origin)) return new Response(null, { status: 403 });
    c.header("access-control-allow-methods", "GET, PUT, POST, PATCH, DELETE");
    c.header("access-control-allow-headers", "authorization, content-type");
    c.header("access-control-max-age", "600");
    return c.body(null, 204);
  });
  app.get("/healthz", (c) => c.json({ ok: true }));
  app.get("/readyz", (c) => {
    const why = options.unready();
    return c.json(why ? { ok: false, why } : { ok: true }, why ? 503 : 200);
  });
  app.get("/openapi.json", (c) => c.json(openApi(table)));
  for (const each of table) {
    app.on(each.method, PREFIX + each.path.replace(/\{(\w+)\}/g, ":$1"), (c) =>
      respond(c.req.raw, (c.env as { incoming?: IncomingMessage } | undefined)?.incoming, c.req.param(), each, options),
    );
  }
  app.notFound(() => refused(new Refusal("not-found", "there is no such route", "see /openapi.json")));
  app.onError((error) => {
    options.onError(error);
    return refused(refusalOf(error));
  });
  return app;
}

/** Nothing of it is a page, and nothing of it is to be kept by anybody between. */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

async function respond(
  request: Request,
  incoming: IncomingMessage | undefined,
  params: Record<string, string>,
  route: Route,
  options: AppOptions,
): Promise<Response> {
  let caller: Caller | undefined;
  let outcome: Response;
  let bytes = 0;
  try {
    const why = options.refusing();
    if (why) throw new Refusal("busy", why, "send it again", { retryAfter: 1 });
    caller = await options.rooms.tokens.authenticate(request.headers.get("authorization") ?? undefined);
    const { tenant } = caller;
    options.rate.pass(caller.token);
    if (!route.scopes.includes(caller.scope)) {
      const what = `this is for the scope ${route.scopes.join(" or ")}, your token is for ${caller.scope}`;
      throw new Refusal("forbidden", what, "ask with a token of that scope");
    }
    const query = Object.fromEntries(new URL(request.url).searchParams);
    for (const [name, schema] of Object.entries(route.params)) taken(schema, params[name], name);
    using _ = options.crowd.enter(tenant);
    const enter = (count: number) => options.memory.enter(tenant, count);
    using read = route.body && (await readBody(request, incoming, route.mostBytes, enter));
    const body = read?.bytes;
    bytes = body?.length ?? 0;
    const call = {
      caller,
      params,
      query: route.query ? taken(route.query, query, "the query") : {},
      body: route.body === "bytes" ? body : route.body && taken(route.body, parsed(body!), "the body"),
      signal: request.signal,
    };
    outcome = answered(await route.handle(call as never));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.code === "internal" || refusal.cause) options.onError(error);
    outcome = refused(refusal);
  }
  const { token = "none" } = caller ?? {};
  // Tenants' names are in no log: who is deleted is gone.
  const ids = Object.keys(route.params).map((name) =>
    name !== "tenant" && safeParse(route.params[name], params[name]).success ? params[name] : "?",
  );
  options.audit({
    time: options.now(),
    token,
    action: `${route.method} ${route.path}`,
    ids,
    bytes,
    status: outcome.status,
  });
  return outcome;
}

function taken<T>(schema: Parameters<typeof safeParse>[0], value: T, what: string): unknown {
  const { success, issues, output } = safeParse(schema, value);
  if (success) return output;
  const [issue] = issues;
  const path = issue.path?.map(({ key }) => String(key)).join(".") ?? "";
  const message = `${what}${path && ` at ${path.slice(0, 60)}`}: ${issue.message.slice(0, 120)}`;
  throw new Refusal("bad-request", message, "see /openapi.json");
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Refusal("bad-request", "the body is no JSON", "send JSON, in UTF-8");
  }
}

function answered(answer: Answer): Response {
  if (!answer) return new Response(null, { status: 204 });
  if ("json" in answer) return Response.json(answer.json, { status: answer.status ?? 200 });
  const headers = { "content-type": "application/octet-stream" };
  return new Response(answer.bytes as Uint8Array<ArrayBuffer>, { headers });
}

function refused({ code, message, fix, status, details }: Refusal): Response {
  const { retryAfter, by } = details;
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": `${retryAfter}` };
  if (code === "unauthorized") headers["www-authenticate"] = "Bearer";
  return Response.json({ error: { code, message, fix, ...(by && { by }) } }, { status, headers });
}
