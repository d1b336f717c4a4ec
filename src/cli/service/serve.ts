import { randomBytes } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { readFileWhole } from "../../data/read-file.js";
import type { DeviceKind } from "../../device.js";
import { DataError } from "../../errors.js";
import { writeWhole } from "../roles/files.js";
import { openTerminal } from "../terminal.js";

/** Of `serve` and `worker`. */
export interface PlaceOptions {
  readonly folder?: string;
  readonly s3?: string;
  readonly masterKey?: string;
  readonly device: DeviceKind;
  readonly threads?: number;
  readonly json?: boolean;
}

export interface ServeOptions extends PlaceOptions {
  readonly port: number;
  readonly host: string;
  readonly metricsPort?: number;
  readonly origin?: readonly string[];
}

const KEY_BYTES = 32;
const LINGER_MS = 1_000;
const FIRST_TOKEN_DAYS = 365;

/** `blindsight serve`: runs until it is told to end. Its log goes to stdout, what is for a person to stderr. */
export async function serveCommand(options: ServeOptions): Promise<void> {
  const terminal = openTerminal(options);
  const place = await placeOf(options, true);
  const { port, host, metricsPort, origin: origins } = options;
  const redis = process.env["BLINDSIGHT_REDIS"] || undefined;
  const service = await withLibraries(({ serve }) =>
    serve({
      ...place,
      ...{ port, host },
      ...(redis !== undefined && { redis }),
      ...(metricsPort !== undefined && { metricsPort }),
      ...(origins && { origins }),
    }),
  );
  const stop = told();
  const none = !(await service.tokens()).some(({ scope }) => scope === "operator");
  const first = none ? await service.createToken("operator", "operator", FIRST_TOKEN_DAYS) : undefined;
  const { url, metricsUrl } = service;
  // Not to stdout, where the log goes.
  if (first) process.stderr.write(`the operator's token, which is shown this once:\n  ${first.token}\n`);
  if (terminal.json) terminal.object({ url, metricsUrl });
  else {
    process.stderr.write(`listening on ${url}${metricsUrl ? `, metrics on ${metricsUrl}` : ""}\n`);
  }
  const why = await Promise.race([stop, service.failed]);
  await service.close();
  setTimeout(() => process.exit(), LINGER_MS).unref();
  if (why) throw new DataError(why, "start it again where no other one is to answer");
}

/** `blindsight worker`: takes jobs until it is told to end, or its device is lost. */
export async function workerCommand(options: PlaceOptions): Promise<void> {
  const terminal = openTerminal(options);
  const { BLINDSIGHT_REDIS: redis } = process.env;
  if (!redis) {
    throw new DataError("there is no BLINDSIGHT_REDIS", "set it to the service's, as in redis://10.0.0.5:6379");
  }
  const place = await placeOf(options, false);
  const worker = await withLibraries(({ work }) => work({ ...place, redis }));
  if (terminal.json) terminal.object({ ready: true });
  else process.stderr.write("takes jobs\n");
  const why = await Promise.race([told(), worker.failed]);
  await worker.close();
  setTimeout(() => process.exit(), LINGER_MS).unref(); // connections to a Redis that is away try for ever
  if (why) throw new DataError(`the device is lost: ${why}`, "start the worker again");
}

function told(): Promise<undefined> {
  return new Promise((resolve) => {
    const end = () => resolve(undefined);
    process.once("SIGINT", end).once("SIGTERM", end);
  });
}

/** The service's libraries are optional, and some are needed on several machines only. */
async function withLibraries<T>(use: (service: typeof import("../../service/index.js")) => Promise<T>): Promise<T> {
  try {
    return await use(await import("../../service/index.js"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const [, name] = /Cannot find package '([^']+)'/.exec((cause as Error).message) ?? [];
    const fix = SEVERAL.includes(name) ? `npm install ${SEVERAL.join(" ")}` : `npm install ${ONE.join(" ")}`;
    throw new DataError(`the service's libraries are not installed: ${name}`, fix, { cause });
  }
}

const ONE = ["hono", "@hono/node-server", "pino", "prom-client", "@valibot/to-json-schema"];
const SEVERAL = ["bullmq", "ioredis", "aws4fetch"];

/** @param makesKey whether a master key that is not there is made */
async function placeOf({ folder, s3: endpoint, masterKey: keyFile, device, threads }: PlaceOptions, makesKey: boolean) {
  if (folder === undefined && (endpoint === undefined || keyFile === undefined)) {
    throw new DataError(
      "there is no --folder",
      "name one; without, --s3 and --master-key say where things are, and BLINDSIGHT_REDIS",
    );
  }
  if (folder !== undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
  const masterKey = await masterKeyFrom(
    keyFile ?? join(folder!, "master-key"),
    makesKey && !(folder && (await isThere(join(folder, "records")))),
  );
  return {
    ...(folder !== undefined && { folder }),
    ...(endpoint !== undefined && { s3: s3From(endpoint) }),
    ...{ masterKey, device },
    ...(threads !== undefined && { threads }),
  };
}

/** Credentials come from where S3's own tools find them. */
function s3From(endpoint: string) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, ...more } = process.env;
  const region = more["AWS_REGION"] || more["AWS_DEFAULT_REGION"];
  const sessionToken = more["AWS_SESSION_TOKEN"];
  if (!accessKeyId || !secretAccessKey) {
    throw new DataError("there are no credentials for the bucket", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  return { endpoint, accessKeyId, secretAccessKey, ...(region && { region }), ...(sessionToken && { sessionToken }) };
}

/** 32 bytes of a file. */
async function masterKeyFrom(path: string, make: boolean): Promise<Uint8Array> {
  const there = await readFileWhole(path, KEY_BYTES + 1);
  if (there?.length === KEY_BYTES) return Uint8Array.from(there);
  if (there)
    throw new DataError(`${path} has ${there.length} bytes, not ${KEY_BYTES}`, "name the file of the master key");
  if (!make) {
    throw new DataError(
      `there is no master key ${path}`,
      "name its file: a new key would open nothing of what is kept",
    );
  }
  const made = Uint8Array.from(randomBytes(KEY_BYTES));
  await writeWhole(path, made, { mode: 0o600 });
  return made;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
