import { type GenericSchema, type InferOutput, safeParse } from "valibot";
import { ServiceError } from "../errors.js";
import { PREFIX } from "../protocol/limits.js";
import * as schemas from "../protocol/schemas.js";
import type { Fetch, Signal, TransportOptions } from "./connection.js";

/** One request. Its body is bytes: the same are sent again. */
export interface Asking {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly signal?: Signal;
  /** Not again, whatever happens: made twice it would be two things. */
  readonly once?: boolean;
  /** For minutes, where others are given up after half a one: what is asked for exists at the service, and is paid. */
  readonly patient?: boolean;
}

/** Of 10 s, most of them. */
const PATIENT_RETRIES = 60;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** Trying again does not mend these. */
const CERTIFICATE = /CERT|SIGNATURE|ISSUER/;
/** A token in clear text over a network is everybody's. */
const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Makes requests, again where there was no answer, or 429 or 503: only those tell that nothing was refused for good. */
export class Transport {
  readonly #token: string;
  private readonly base: URL;
  private readonly fetch: Fetch;
  private readonly retries: number;

  /** @throws TypeError for no URL or token; ServiceError for a URL that would send the token in the clear */
  constructor({ url, token, fetch: given = fetch, retries = 8 }: TransportOptions) {
    this.base = new URL(url);
    if (this.base.protocol !== "https:" && !(this.base.protocol === "http:" && LOCAL.test(this.base.hostname))) {
      throw new ServiceError(
        `${this.base.origin} would get the token in the clear`,
        "give a URL that begins with https://",
        "insecure",
      );
    }
    if (!/^bs_[0-9a-f]{16}_[\w-]{43}$/.test(token))
      throw new TypeError("token: bs_…, as the operator gave it, was expected");
    this.#token = token;
    this.fetch = (...args) => given(...args);
    this.retries = retries;
  }

  /** @throws ServiceError for a refusal, or an answer that is none */
  async json<Schema extends GenericSchema>(asking: Asking, schema: Schema): Promise<InferOutput<Schema>> {
    const text = new TextDecoder().decode(await this.bytes(asking));
    const { success, output } = safeParse(schema, jsonOf(text));
    if (success) return output;
    throw new ServiceError(
      `${this.base.origin} gave an answer that is none`,
      "look whether the URL is a blindsight service's",
      "unreadable",
    );
  }

  /** A file. Reading it may fail where the connection does: ask again. */
  async bytes(asking: Asking): Promise<Uint8Array<ArrayBuffer>> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.ask(asking);
      try {
        return new Uint8Array(await response.arrayBuffer());
      } catch (cause) {
        asking.signal?.throwIfAborted();
        requireNotAborted(cause);
        if (asking.once || attempt >= this.retries) throw this.unreachable(cause);
        await pause(undefined, attempt, asking.signal);
      }
    }
  }

  async nothing(asking: Asking): Promise<void> {
    await (await this.ask(asking)).arrayBuffer().catch(() => undefined);
  }

  private retriesOf({ once, patient }: Asking): number {
    if (once) return 0;
    return patient && this.retries > 0 ? Math.max(this.retries, PATIENT_RETRIES) : this.retries;
  }

  private async ask(asking: Asking): Promise<Response> {
    const retries = this.retriesOf(asking);
    for (let attempt = 0; ; attempt++) {
      const response = await this.send(asking).catch((cause: unknown) => {
        asking.signal?.throwIfAborted();
        requireNotAborted(cause);
        if (attempt >= retries || CERTIFICATE.test(codeOf(cause))) throw this.unreachable(cause);
        return undefined;
      });
      if (response?.ok) return response;
      const later = response === undefined || [429, 502, 503, 504].includes(response.status);
      if (response && (!later || attempt >= retries)) throw await refusalOf(response, this.base.origin);
      await response?.body?.cancel();
      await pause(response, attempt, asking.signal);
    }
  }

  private send({ method, path, json, bytes, signal }: Asking): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (json !== undefined) headers["content-type"] = "application/json";
    if (bytes !== undefined) headers["content-type"] = "application/octet-stream";
    const url = this.base.href.replace(/\/+$/, "") + PREFIX + path;
    const body = json !== undefined ? JSON.stringify(json) : (bytes as Uint8Array<ArrayBuffer> | undefined);
    // A redirect would take the token elsewhere.
    return this.fetch(url, {
      method,
      headers,
      redirect: "error",
      credentials: "omit",
      ...(body && { body }),
      ...(signal && { signal }),
    });
  }

  private unreachable(cause: unknown): ServiceError {
    const code = codeOf(cause);
    const [problem, fix] = CERTIFICATE.test(code)
      ? [
          "has a certificate that is not trusted here",
          "renew it, or set NODE_EXTRA_CA_CERTS to the file of whoever signed it",
        ]
      : ["does not answer", "look whether the service runs, and whether this machine may reach it"];
    return new ServiceError(`${this.base.origin} ${problem}${code && ` (${code})`}`, fix, "unreachable", { cause });
  }

  /** What stands in JSON and on a console. */
  toJSON(): string {
    return this.base.origin;
  }
}

/** Whoever gave the `fetch` ended the request: made again it would be against his will. @throws what says so */
function requireNotAborted(cause: unknown): void {
  if (cause instanceof Error && cause.name === "AbortError") throw cause;
}

async function refusalOf(response: Response, origin: string): Promise<ServiceError> {
  const { success, output } = safeParse(schemas.ErrorBody, await response.json().catch(() => undefined));
  if (success) return new ServiceError(output.error.message, output.error.fix, output.error.code);
  const fix = "look whether the URL is a blindsight service's, and what stands between";
  return new ServiceError(`${origin} answered ${response.status}`, fix, "unreadable");
}

/** What Node says beneath "fetch failed", in capitals; a browser says nothing. */
function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return "";
}

/** Twice as long each time, never at the same time as everybody else, and not shorter than the service says. */
async function pause(response: Response | undefined, attempt: number, signal: Signal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const said = 1000 * Number(response?.headers.get("retry-after") ?? 0);
  const own = FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random());
  const milliseconds = Math.min(LONGEST_PAUSE_MS, Math.max(own, Number.isFinite(said) ? said : 0));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
    function done() {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal!.reason);
    }
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
