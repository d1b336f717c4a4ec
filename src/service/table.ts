import * as v from "valibot";
import { CHUNK_BYTES, MOST_PLAN_BYTES } from "../protocol/limits.js";
import {
  AnnounceBlob,
  BlobState,
  ChangeModel,
  CreateToken,
  Digest,
  Id,
  JobId,
  JobState,
  KeyState,
  Keys,
  ModelState,
  Models,
  NewToken,
  ObsoletePlan,
  PlanState,
  Plans,
  RegisterKey,
  RegisterModel,
  SubmitJob,
  Tenant,
  TokenId,
  Tokens,
  Wait,
} from "../protocol/schemas.js";
import type { Rooms } from "./rooms.js";
import { type Route, route } from "./routes.js";

const ChunkNumber = v.pipe(v.string(), v.regex(/^(0|[1-9]\d{0,5})$/, "a number"));
const EVERYBODY = ["operator", "owner", "hospital"] as const;
const GIVERS = ["operator", "owner"] as const;
const SENDERS = ["owner", "hospital"] as const;

/** Everything that can be asked of the service. */
export function tableOf({ tokens, plans, blobs, keys, models, jobs, forget }: Rooms): Route[] {
  return [
    route("GET /plans", "the plans that the service runs", { scopes: EVERYBODY, answer: Plans }, async () => ({
      json: { plans: await plans.all() },
    })),
    route(
      "PUT /plans/{plan}",
      "register a plan under its identity",
      { params: { plan: Digest }, scopes: GIVERS, body: "bytes", mostBytes: MOST_PLAN_BYTES, answer: PlanState },
      async ({ caller, params, body }) => ({ json: await plans.register(caller, params.plan, body) }),
    ),
    route(
      "GET /plans/{plan}",
      "a plan's file",
      { params: { plan: Digest }, scopes: EVERYBODY, answer: "bytes" },
      async ({ params }) => ({
        bytes: await plans.file(params.plan),
      }),
    ),
    route(
      "POST /plans/{plan}/obsolete",
      "name the plan that takes its place",
      { params: { plan: Digest }, scopes: GIVERS, body: ObsoletePlan, answer: PlanState },
      async ({ caller, params, body }) => ({ json: await plans.obsolete(caller, params.plan, body.by) }),
    ),

    route(
      "POST /blobs/{sha256}",
      "announce a file; the answer names its chunks that are missing",
      { params: { sha256: Digest }, scopes: SENDERS, body: AnnounceBlob, answer: BlobState },
      async ({ caller, params, body }) => ({
        json: await blobs.announce(caller.tenant, params.sha256, body.kind, body.bytes),
      }),
    ),
    route(
      "PUT /blobs/{sha256}/{chunk}",
      `send one chunk of ${CHUNK_BYTES} bytes, the last one shorter`,
      { params: { sha256: Digest, chunk: ChunkNumber }, scopes: SENDERS, body: "bytes", mostBytes: CHUNK_BYTES },
      async ({ caller, params, body }) => {
        await blobs.put(caller.tenant, params.sha256, Number(params.chunk), body);
        return undefined;
      },
    ),

    route(
      "GET /keys",
      "a hospital's keys; for an owner those that models can be given for",
      { scopes: SENDERS, answer: Keys },
      async ({ caller }) => ({
        json: { keys: await keys.all(caller) },
      }),
    ),
    route(
      "POST /keys",
      "register a key for a plan, of two files that were sent",
      { scopes: ["hospital"], body: RegisterKey, answer: KeyState },
      async ({ caller, body }) => ({ json: await keys.register(caller, body) }),
    ),
    route(
      "GET /keys/{key}",
      "whether a key is still there",
      { params: { key: Id }, scopes: SENDERS, answer: KeyState },
      async ({ caller, params }) => ({
        json: await keys.state(caller, params.key),
      }),
    ),
    route(
      "GET /keys/{key}/public",
      "a public key's file; its fingerprint is to be compared by another way",
      { params: { key: Id }, scopes: SENDERS, answer: "bytes" },
      async ({ caller, params }) => ({ bytes: await keys.publicKey(caller, params.key) }),
    ),
    route(
      "DELETE /keys/{key}",
      "delete a key, the models under it and their results",
      { params: { key: Id }, scopes: ["hospital"] },
      async ({ caller, params }) => {
        await keys.requireOwn(caller, params.key);
        await forget.key(params.key);
        return undefined;
      },
    ),

    route(
      "GET /models",
      "models of an owner, or under a hospital's keys",
      { scopes: SENDERS, answer: Models },
      async ({ caller }) => ({
        json: { models: await models.all(caller) },
      }),
    ),
    route(
      "POST /models",
      "give a model for a key: from then on its hospital may use it",
      { scopes: ["owner"], body: RegisterModel, answer: ModelState },
      async ({ caller, body }) => ({ json: await models.register(caller, body) }),
    ),
    route(
      "PATCH /models/{model}",
      "change how often a model may be used, or revoke it",
      { params: { model: Id }, scopes: ["owner"], body: ChangeModel, answer: ModelState },
      async ({ caller, params, body }) => ({ json: await models.change(caller, params.model, body) }),
    ),
    route(
      "DELETE /models/{model}",
      "delete a model and its results",
      { params: { model: Id }, scopes: ["owner"] },
      async ({ caller, params }) => {
        await models.requireOwn(caller, params.model);
        await forget.model(params.model);
        return undefined;
      },
    ),

    route(
      "PUT /jobs/{job}",
      "ask for a diagnosis of an image that was sent; the same once more changes nothing",
      { params: { job: JobId }, scopes: ["hospital"], body: SubmitJob, answer: JobState },
      async ({ caller, params, body }) => {
        const isNew = await jobs.submit(caller, params.job, body);
        return { status: isNew ? 202 : 200, json: await jobs.state(caller, params.job) };
      },
    ),
    route(
      "GET /jobs/{job}",
      "a job's state; with wait once it has changed, at the latest after so many seconds",
      { params: { job: JobId }, scopes: ["hospital"], query: Wait, answer: JobState },
      async ({ caller, params, query, signal }) => ({
        json: await jobs.wait(caller, params.job, query.wait ?? 0, signal),
      }),
    ),
    route(
      "GET /jobs/{job}/result",
      "the encrypted result",
      { params: { job: JobId }, scopes: ["hospital"], answer: "bytes" },
      async ({ caller, params }) => ({
        bytes: await jobs.result(caller, params.job),
      }),
    ),
    route(
      "DELETE /jobs/{job}",
      "end a job, or delete its result",
      { params: { job: JobId }, scopes: ["hospital"] },
      async ({ caller, params }) => {
        await jobs.delete(caller, params.job);
        return undefined;
      },
    ),

    route("GET /tokens", "all tokens, without what lets in", { scopes: ["operator"], answer: Tokens }, async () => ({
      json: { tokens: await tokens.states() },
    })),
    route(
      "POST /tokens",
      "make a token for a party; the answer is the only place where it stands",
      { scopes: ["operator"], body: CreateToken, answer: NewToken },
      async ({ body }) => ({ json: await tokens.create(body.scope, body.tenant, body.days) }),
    ),
    route(
      "DELETE /tokens/{token}",
      "revoke a token",
      { params: { token: TokenId }, scopes: ["operator"] },
      async ({ params }) => {
        await tokens.revoke(params.token);
        return undefined;
      },
    ),
    route(
      "DELETE /tenants/{tenant}",
      "delete everything of a tenant, its tokens included",
      { params: { tenant: Tenant }, scopes: ["operator"] },
      async ({ params }) => {
        await forget.tenant(params.tenant);
        return undefined;
      },
    ),
  ];
}
