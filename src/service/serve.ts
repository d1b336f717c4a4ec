import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { openDeviceAside } from "../device.js";
import type { Device } from "../ntt/device.js";
import type { NewToken, TokenState } from "../protocol/messages.js";
import { type AppOptions, appOf } from "./app.js";
import type { AuditLine } from "./audit.js";
import { type Backend, type BackendEvents, openLocalBackend } from "./backend.js";
import { CrowdGate, MemoryGate, RateGate } from "./gates.js";
import type { Jobs } from "./jobs.js";
import { type Log, openLog } from "./log.js";
import { openMetrics } from "./metrics.js";
import { objectsOf, type ServiceOptions, type Settings, withDefaults } from "./options.js";
import { openRooms, type Rooms } from "./rooms.js";

/** A service that listens. */
export interface Service {
  /** Where. */
  readonly url: string;
  /** Where Prometheus asks, on this machine only. */
  readonly metricsUrl: string | undefined;
  /** A token for a party, shown this once. @throws Refusal for a tenant of another scope, or a name that is none */
  createToken(scope: TokenState["scope"], tenant: string, days: number): Promise<NewToken>;
  /** All tokens, without what lets in. */
  tokens(): Promise<TokenState[]>;
  /** With the reason, when it cannot go on: of several machines, another process has taken its place. */
  readonly failed: Promise<string>;
  /** Ends it: no new connections, what runs is stopped and begun again by the next process. */
  close(): Promise<void>;
}

/**
 * Opens the service: on one machine, with all in a directory and jobs in this process; or, with `redis`, as the one of several
 * machines that answers requests.
 * @throws RangeError for options that are none; DataError for a folder or a Redis that another service has, and another master
 *   key; whatever the directory or the port fail with
 */
export async function serve(options: ServiceOptions): Promise<Service> {
  const settings = withDefaults(options);
  const log = openLog(settings);
  const device = await openDeviceAside(settings.device, { threads: settings.threads });
  try {
    let jobs: Jobs | undefined;
    let lose: (why: string) => void = () => undefined;
    const failed = new Promise<string>((resolve) => {
      lose = resolve;
    });
    const backend = await openBackend(settings, device, {
      onError: log.error,
      onEnded: (name) => void jobs?.ended(name).catch(log.error),
      onReconnected: () => void jobs?.resume().catch(log.error),
      onLost: (why) => lose(why),
    });
    try {
      const rooms = await openRooms(backend.parts, backend, settings.jobs, settings.now);
      jobs = rooms.jobs;
      const service = await listen(settings, rooms, backend, log, () => device.close());
      return { ...service, failed };
    } catch (error) {
      await backend.close();
      throw error;
    }
  } catch (error) {
    await device.close();
    throw error;
  }
}

async function openBackend(settings: Settings, device: Device, events: BackendEvents): Promise<Backend> {
  if (settings.redis === undefined) return openLocalBackend(settings, device, events);
  const { openRedisBackend } = await import("./cluster/backend.js");
  return openRedisBackend(settings.redis, await objectsOf(settings), settings, device, events);
}

async function listen(
  settings: Settings,
  rooms: Rooms,
  { queue, ...backend }: Backend,
  log: Log,
  closeDevice: () => Promise<void>,
): Promise<Omit<Service, "failed">> {
  let stopping = false;
  const metrics = openMetrics(() => queue.open());
  const audit = (line: AuditLine) => {
    metrics.request(line);
    log.audit(line);
  };
  const appOptions: AppOptions = {
    rooms,
    rate: new RateGate(settings.rate, settings.now),
    memory: new MemoryGate(settings.bodyBytes),
    origins: settings.origins,
    audit,
    onError: log.error,
    crowd: new CrowdGate(settings.requestsAtOnce),
    refusing: backend.refusing,
    unready: () => (stopping ? "the service stops" : queue.problem()),
    now: settings.now,
  };
  const server = createAdaptorServer({ fetch: appOf(appOptions).fetch, createServer, serverOptions: LIMITS }) as Server;
  server.maxConnections = settings.connections;
  const metricsServer =
    settings.metricsPort === undefined
      ? undefined
      : createServer((_, response) => {
          const failed = (error: unknown) => {
            log.error(error);
            response.writeHead(500).end();
          };
          metrics
            .text()
            .then((text) => response.setHeader("content-type", "text/plain; version=0.0.4").end(text))
            .catch(failed);
        });
  try {
    await listening(server, settings.port, settings.host);
    if (metricsServer) await listening(metricsServer, settings.metricsPort!, "127.0.0.1");
  } catch (error) {
    server.close();
    throw error;
  }
  let sweeping = rooms.sweep().catch(log.error);
  const sweeps = setInterval(() => {
    sweeping = sweeping.then(() => rooms.sweep()).catch(log.error);
  }, settings.sweepMs);
  sweeps.unref();
  const close = async (): Promise<void> => {
    stopping = true;
    clearInterval(sweeps);
    await sweeping;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    await queue.close();
    const cut = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS);
    await closed;
    clearTimeout(cut);
    metricsServer?.close();
    metricsServer?.closeAllConnections();
    await backend.close();
    await closeDevice();
  };
  return {
    createToken: (scope, tenant, days) => rooms.tokens.create(scope, tenant, days),
    tokens: () => rooms.tokens.states(),
    url: urlOf(server, settings.host),
    metricsUrl: metricsServer && urlOf(metricsServer, "127.0.0.1"),
    close,
  };
}

/** For requests that are under way when the service is told to end. */
const LAST_ANSWERS_MS = 2_000;

/** What slow and long-winded senders get: Node's own checks run every five seconds. */
const LIMITS = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
};

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
