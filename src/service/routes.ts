import type { GenericSchema, InferOutput } from "valibot";
import { MOST_JSON_BYTES } from "../protocol/limits.js";
import type { Caller, Scope } from "./tokens.js";

/** What a route's handler is given: everything of it was checked. */
export interface Call<Query, Body> {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly signal: AbortSignal;
}

/** What it gives: JSON, a file, or nothing. */
export type Answer = { readonly status?: number; readonly json: unknown } | { readonly bytes: Uint8Array } | undefined;

/** A route as data: requests are checked by it, and the OpenAPI description is made of it. */
export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** With parameters in braces. */
  readonly path: string;
  readonly params: Readonly<Record<string, GenericSchema<string>>>;
  readonly scopes: readonly Scope[];
  readonly summary: string;
  readonly query?: GenericSchema;
  /** JSON of a schema, or bytes. */
  readonly body?: GenericSchema | "bytes";
  readonly mostBytes: number;
  readonly answer?: GenericSchema | "bytes";
  readonly handle: (call: Call<never, never>) => Promise<Answer>;
}

interface Description<Query extends GenericSchema, Body extends GenericSchema | "bytes"> {
  readonly params?: Readonly<Record<string, GenericSchema<string>>>;
  readonly scopes: readonly Scope[];
  readonly query?: Query;
  readonly body?: Body;
  readonly mostBytes?: number;
  readonly answer?: GenericSchema | "bytes";
}

type Taken<Body> = Body extends GenericSchema ? InferOutput<Body> : Body extends "bytes" ? Uint8Array : undefined;

/** One row of the table of routes: `route("PUT /keys/{key}", "what it does", { … }, handler)`. */
export function route<Query extends GenericSchema, Body extends GenericSchema | "bytes" | undefined = undefined>(
  name: `${Route["method"]} /${string}`,
  summary: string,
  description: Description<Query, Exclude<Body, undefined>> & { readonly body?: Body },
  handle: (call: Call<InferOutput<Query>, Taken<Body>>) => Promise<Answer>,
): Route {
  const [method, path] = name.split(" ") as [Route["method"], string];
  return {
    params: {},
    mostBytes: MOST_JSON_BYTES,
    ...description,
    method,
    path,
    summary,
    handle: handle as unknown as Route["handle"],
  };
}
