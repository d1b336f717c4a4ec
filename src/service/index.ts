/**
 * The diagnosis service: keys, encrypted models and jobs, behind HTTP. For Node; its libraries are optional peers.
 * @module blindsight/service
 */
export type { NewToken, TokenState } from "../protocol/messages.js";
export type { EngineLimits } from "./engine.js";
export { type FailureCode, type FailureDetails, Refusal } from "./failures.js";
export type { Rate } from "./gates.js";
export type { JobLimits } from "./jobs.js";
export type { Patience, ServiceOptions, WorkerOptions } from "./options.js";
export type { S3Options } from "./s3-store.js";
export { type Service, serve } from "./serve.js";
export { type ServiceWorker, work } from "./worker.js";
