import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { AuditLine } from "./audit.js";

/** Prometheus metrics: of the whole service, nothing by tenant. */
export interface Metrics {
  readonly text: () => Promise<string>;
  readonly request: (line: AuditLine) => void;
}

/** @param queued jobs that wait or run */
export function openMetrics(queued: () => Promise<number>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "blindsight_requests_total",
    help: "requests by route and status",
    labelNames: ["route", "status"],
    registers,
  });
  const bodies = new Histogram({
    name: "blindsight_body_bytes",
    help: "bytes of request bodies",
    buckets: [2 ** 10, 2 ** 16, 2 ** 20, 2 ** 22],
    registers,
  });
  new Gauge({
    name: "blindsight_jobs_open",
    help: "jobs that wait or run",
    registers,
    async collect() {
      this.set(await queued());
    },
  });
  return {
    text: () => registry.metrics(),
    request({ action, status, bytes }) {
      requests.inc({ route: action, status });
      if (bytes > 0) bodies.observe(bytes);
    },
  };
}
