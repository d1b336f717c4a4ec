import { BlindsightError, DeviceError } from "../errors.js";

/** What a request can be refused for, and the status that says so. */
const STATUS: Readonly<Record<FailureCode, number>> = {
  "bad-request": 400,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  obsolete: 410,
  "too-large": 413,
  unacceptable: 422,
  "too-many-requests": 429,
  "over-quota": 403,
  "budget-spent": 403,
  internal: 500,
  busy: 503,
};

/** What a refusal is called in its answer. */
export type FailureCode =
  | "bad-request"
  | "unauthorized"
  | "forbidden"
  | "over-quota"
  | "budget-spent"
  | "not-found"
  | "conflict"
  | "obsolete"
  | "too-large"
  | "unacceptable"
  | "too-many-requests"
  | "internal"
  | "busy";

/** More that a refusal may say. */
export interface FailureDetails {
  /** Seconds after which the same request may be made again. */
  readonly retryAfter?: number;
  /** The plan that took the place of an obsolete one. */
  readonly by?: string;
  /** What went wrong, for the log. */
  readonly cause?: unknown;
}

/** A request that is refused: what its sender is told. */
export class Refusal extends BlindsightError {
  override get name(): string {
    return "Refusal";
  }

  constructor(
    /** What it is called. */
    readonly code: FailureCode,
    message: string,
    fix: string,
    /** What more the answer says. */
    readonly details: FailureDetails = {},
  ) {
    super(message, fix, details.cause === undefined ? {} : { cause: details.cause });
  }

  /** Of HTTP. */
  get status(): number {
    return STATUS[this.code];
  }
}

/** What is not there, or somebody else's: nobody learns which. */
export function notFound(what: string): Refusal {
  return new Refusal("not-found", `there is no such ${what}`, "check the id, and the token that you ask with");
}

/** Of any error: the library's own are the sender's to mend, everything else is ours, and stays here. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof BlindsightError && !(error instanceof DeviceError)) {
    return new Refusal("unacceptable", `${error.name}: ${error.message}`, error.fix);
  }
  return new Refusal("internal", "the service failed at this request", "try again; tell its operator if it goes on");
}
