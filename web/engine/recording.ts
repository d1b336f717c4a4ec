import type { Sent } from "./messages.js";
import { PageError } from "./page-error.js";

const KINDS: Readonly<Record<string, "image" | "publicKey" | "evaluationKeys">> = {
  "encrypted image": "image",
  "public key": "publicKey",
  "evaluation keys": "evaluationKeys",
};

/** Requests as they leave the tab, counted where they leave: what a user is told is not what should have been sent. */
export class Recording {
  #sent: Sent[] = [];
  #image: Uint8Array<ArrayBuffer> | undefined;
  #answered = false;
  #fault: PageError | undefined;
  #end = new AbortController();
  /** By a file's address: what was announced under it. */
  readonly #announced = new Map<string, "image" | "publicKey" | "evaluationKeys">();

  /** Begins a new account of what is sent. */
  start(): void {
    this.#sent = [];
    this.#image = undefined;
    this.#answered = false;
  }

  /** A call begins: none has ended its requests. */
  begin(): void {
    this.#end = new AbortController();
    this.#fault = undefined;
  }

  /** Ends the requests of the call that is under way, and all that it would still make. */
  end(): void {
    this.#end.abort();
  }

  /** Whether the bytes of a result came. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Why a request was ended here. */
  get fault(): PageError | undefined {
    return this.#fault;
  }

  get sent(): readonly Sent[] {
    return this.#sent;
  }

  /** The first chunk of the encrypted image, as it was sent. */
  get image(): Uint8Array<ArrayBuffer> | undefined {
    return this.#image;
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const { body } = init ?? {};
    const { pathname } = new URL(String(input));
    const [, digest] = /\/blobs\/([0-9a-f]{64})/.exec(pathname) ?? [];
    if (digest !== undefined && typeof body === "string") this.#announced.set(digest, KINDS[kindIn(body)] ?? "image");
    const chunk = body instanceof Uint8Array && digest !== undefined ? this.#announced.get(digest) : undefined;
    if (chunk === "image") this.#image ??= Uint8Array.from(body as Uint8Array);
    const sentBytes =
      body instanceof Uint8Array ? body.length : typeof body === "string" ? new TextEncoder().encode(body).length : 0;
    const what = chunk ?? (pathname.endsWith("/result") ? "answer" : "question");
    // Before it is known whether an answer comes: what is sent again is counted again.
    const at = this.#sent.push({ what, sentBytes, receivedBytes: 0 }) - 1;
    const { signal } = this.#end;
    const ends = AbortSignal.any([signal, ...(init?.signal ? [init.signal] : [])]);
    const response = await fetch(input, { ...init, signal: ends });
    const content = await this.contentOf(response);
    this.#sent[at] = { what, sentBytes, receivedBytes: content.length };
    if (what === "answer" && response.ok && content.length > 0) this.#answered = true;
    const { status, statusText, headers } = response;
    return new Response(status === 204 ? null : content, { status, statusText, headers });
  };

  /** A body, as far as it is no larger than any that a service has to give. */
  private async contentOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    const reader = response.body?.getReader();
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      bytes += next.value.length;
      parts.push(next.value as Uint8Array<ArrayBuffer>);
      if (bytes <= MOST_ANSWER_BYTES) continue;
      await reader?.cancel();
      this.#fault = new PageError("tooLarge", `the service answers with more than ${MOST_ANSWER_BYTES} bytes`);
      // Of this name, so that it is not asked again.
      throw new DOMException(this.#fault.message, "AbortError");
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }
}

function kindIn(body: string): string {
  const { kind } = JSON.parse(body) as { kind?: unknown };
  return typeof kind === "string" ? kind : "";
}

/** Results and plans have some megabytes. */
const MOST_ANSWER_BYTES = 2 ** 26;
