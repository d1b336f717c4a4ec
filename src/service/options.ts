import { join } from "node:path";
import type { DeviceKind } from "../device.js";
import type { EngineLimits } from "./engine.js";
import type { Rate } from "./gates.js";
import type { JobLimits } from "./jobs.js";
import type { S3Options } from "./s3-store.js";
import { DirectoryStore, type ObjectStore } from "./store.js";

/** How the service is run. */
export interface ServiceOptions {
  /** Where everything is kept; of a service on several machines the objects, which all of them reach, unless they are in a bucket. */
  readonly folder?: string;
  /** Several machines: redis://… where the records and the queue are. Jobs are computed by workers then (`work`), not here. */
  readonly redis?: string;
  /** Several machines: where the objects are. */
  readonly s3?: S3Options;
  /** 32 bytes that wrap the tenants' keys. Overwritten when the service ends. Not to be kept where the folder's backups are. */
  readonly masterKey: Uint8Array;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** Default 127.0.0.1: TLS is the business of what stands before it (docs/deploy.md). */
  readonly host?: string;
  /** For Prometheus, on the loopback interface; none unless said. */
  readonly metricsPort?: number;
  /** Origins of the pages that may ask; none unless said. */
  readonly origins?: readonly string[];
  /** Where to compute; default auto. */
  readonly device?: DeviceKind;
  /** Of the CPU device. */
  readonly threads?: number;
  /** Of each tenant; default 20 GiB. */
  readonly quotaBytes?: number;
  /** Of request bodies in memory at once; default 256 MiB. */
  readonly bodyBytes?: number;
  /** Of keys and models; default 3 GiB of the device's memory, and 1.5 GiB for those that run from a scratch file. */
  readonly engine?: EngineLimits;
  /** Default 64 of a tenant, 1,024 in all. */
  readonly jobs?: JobLimits;
  /** Of each token; default 50 a second, 200 at once. */
  readonly rate?: Rate;
  /** Requests of one tenant that are under way at once; default 64. */
  readonly requestsAtOnce?: number;
  /** At once; default 1,024. */
  readonly connections?: number;
  /** How often what nobody came back for is deleted; default every ten minutes. */
  readonly sweepMs?: number;
  /** Where lines of the log go, each JSON; default stdout. */
  readonly log?: { write(line: string): void };
  /** Pino's; default info, which has the audit. */
  readonly logLevel?: string;
  /** For tests. */
  readonly now?: () => number;
}

/** How a worker is run. */
export interface WorkerOptions
  extends Pick<
    ServiceOptions,
    "folder" | "s3" | "masterKey" | "device" | "threads" | "engine" | "log" | "logLevel" | "now"
  > {
  /** redis://…, the service's. */
  readonly redis: string;
  /** With other workers; default 20 s, looked for every 10 s. */
  readonly patience?: Patience;
}

/** How long a worker that says nothing is waited for. */
export interface Patience {
  /** A job whose worker has not been heard of for so many milliseconds is another's. */
  readonly lockMs: number;
  /** How often that is looked for, in milliseconds. */
  readonly lookMs: number;
}

const DEFAULTS = {
  patience: { lockMs: 20_000, lookMs: 10_000 },
  port: 0,
  host: "127.0.0.1",
  origins: [],
  device: "auto",
  quotaBytes: 20 * 2 ** 30,
  bodyBytes: 2 ** 28,
  engine: { memoryBytes: 3 * 2 ** 30, pagedBytes: 1.5 * 2 ** 30 },
  jobs: { perTenant: 64, all: 1024 },
  rate: { perSecond: 50, burst: 200 },
  requestsAtOnce: 64,
  connections: 1024,
  sweepMs: 600_000,
  logLevel: "info",
  now: Date.now,
} as const;

type Unset = "folder" | "redis" | "s3" | "metricsPort" | "threads";
type All = ServiceOptions & Pick<WorkerOptions, "patience">;

/** All that there is a default for. */
export type Settings = Required<Omit<All, Unset>> & Pick<All, Unset>;

/** @throws RangeError for options that are none */
export function withDefaults(options: ServiceOptions | WorkerOptions): Settings {
  const unset = { metricsPort: undefined, threads: undefined, log: undefined };
  const settings = { ...unset, ...DEFAULTS, ...definedOf(options) } as Settings;
  for (const name of ["quotaBytes", "bodyBytes", "requestsAtOnce", "connections", "sweepMs"] as const) {
    if (!(settings[name] >= 1)) throw new RangeError(`${name}: ${settings[name]} is no number of at least 1`);
  }
  if (settings.folder === undefined && !(settings.redis && settings.s3)) {
    throw new RangeError("folder: a folder is needed, or Redis and a bucket");
  }
  if (settings.s3 && !settings.redis) throw new RangeError("s3: a bucket is for a service with Redis");
  return settings;
}

/** Where objects are kept. */
export async function objectsOf({ folder, s3 }: Settings): Promise<ObjectStore> {
  if (!s3) return DirectoryStore.open(join(folder!, "objects"));
  const { S3Store } = await import("./s3-store.js");
  return new S3Store(s3);
}

function definedOf<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
