/**
 * The two parties' sides of a diagnosis service, for Node and browsers.
 * @module blindsight/client
 */
export type {
  BlobKind,
  Failure,
  JobState,
  KeyState,
  ModelState,
  NewToken,
  PlanState,
  TokenState,
} from "../protocol/messages.js";
export type { Fetch, Signal, TransportOptions } from "./connection.js";
export { type AskOptions, type Diagnosis, HospitalClient, type KeyFiles } from "./hospital.js";
export { OperatorClient } from "./operator.js";
export { type ModelDescription, OwnerClient } from "./owner.js";
export type { Upload, UploadOptions } from "./sending.js";
