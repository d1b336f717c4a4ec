import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import { PREFIX } from "../protocol/limits.js";
import { ErrorBody } from "../protocol/schemas.js";
import type { Route } from "./routes.js";

/** The OpenAPI 3.1 description of the routes, of the schemas that check their requests. */
export function openApi(table: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of table) {
    const operations = (paths[PREFIX + route.path] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: "blindsight diagnosis service", version: "1", description: "Research software, no medical device." },
    paths,
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    security: [{ token: [] }],
  };
}

function operationOf(route: Route): object {
  const { summary, params, query, body, answer, scopes } = route;
  const inPath = Object.entries(params).map(([name, schema]) => ({
    name,
    in: "path",
    required: true,
    schema: jsonOf(schema),
  }));
  const properties = query ? ((jsonOf(query) as { properties?: Record<string, object> }).properties ?? {}) : {};
  const inQuery = Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: false, schema }));
  const refusals = { content: { "application/json": { schema: jsonOf(ErrorBody) } } };
  return {
    summary,
    description: `Scopes: ${scopes.join(", ")}.`,
    parameters: [...inPath, ...inQuery],
    ...(body && { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      ...(answer
        ? { 200: { description: "what was asked for", content: contentOf(answer) } }
        : { 204: { description: "done" } }),
      default: { description: "refused, with the way out", ...refusals },
    },
  };
}

function contentOf(schema: GenericSchema | "bytes"): object {
  if (schema === "bytes") return { "application/octet-stream": { schema: { type: "string", format: "binary" } } };
  return { "application/json": { schema: jsonOf(schema) } };
}

/** JSON Schema has no transformations: of a number in a query it describes the text. */
function jsonOf(schema: GenericSchema): object {
  const { $schema: _, ...json } = toJsonSchema(schema as never, { typeMode: "input", errorMode: "ignore" });
  return json;
}
