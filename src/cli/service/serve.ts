import { randomBytes } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { readFileWhole } from "../../data/read-file.js";
import type { DeviceKind } from "../../device.js";
import { DataError } from "../../errors.js";
import { writeWhole } from "../roles/files.js";
import { openTerminal } from "../terminal.js";

export interface ServeOptions {
  readonly folder: string;
  readonly port: number;
  readonly host: string;
  readonly metricsPort?: number;
  readonly origin?: readonly string[];
  readonly masterKey?: string;
  readonly device: DeviceKind;
  readonly threads?: number;
  readonly json?: boolean;
}

const KEY_BYTES = 32;
const FIRST_TOKEN_DAYS = 365;

/** `blindsight serve`: runs until it is told to end. Its log goes to stdout, what is for a person to stderr. */
export async function serveCommand(options: ServeOptions): Promise<void> {
  const terminal = openTerminal(options);
  const { serve } = await import("../../service/index.js").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const fix = "npm install hono @hono/node-server pino prom-client @valibot/to-json-schema";
    throw new DataError("the service's libraries are not installed", fix, { cause });
  });
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const masterKey = await masterKeyFrom(options.masterKey ?? join(options.folder, "master-key"), options.folder);
  const { folder, port, host, metricsPort, origin: origins, device, threads } = options;
  const service = await serve({
    ...{ folder, masterKey, port, host, device },
    ...(metricsPort !== undefined && { metricsPort }),
    ...(origins && { origins }),
    ...(threads !== undefined && { threads }),
  });
  const stop = new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  const none = !(await service.tokens()).some(({ scope }) => scope === "operator");
  const first = none ? await service.createToken("operator", "operator", FIRST_TOKEN_DAYS) : undefined;
  const { url, metricsUrl } = service;
  // Not to stdout, where the log goes.
  if (first) process.stderr.write(`the operator's token, which is shown this once:\n  ${first.token}\n`);
  if (terminal.json) terminal.object({ url, metricsUrl });
  else {
    process.stderr.write(`listening on ${url}${metricsUrl ? `, metrics on ${metricsUrl}` : ""}\n`);
  }
  await stop;
  await service.close();
}

/** 32 bytes of a file; made where nothing is kept yet. */
async function masterKeyFrom(path: string, folder: string): Promise<Uint8Array> {
  const there = await readFileWhole(path, KEY_BYTES + 1);
  if (there?.length === KEY_BYTES) return Uint8Array.from(there);
  if (there)
    throw new DataError(`${path} has ${there.length} bytes, not ${KEY_BYTES}`, "name the file of the master key");
  if (await stat(join(folder, "records")).catch(() => undefined)) {
    throw new DataError(
      `there is no master key ${path}`,
      "name its file: a new key would open nothing of what is kept",
    );
  }
  const made = Uint8Array.from(randomBytes(KEY_BYTES));
  await writeWhole(path, made, { mode: 0o600 });
  return made;
}
