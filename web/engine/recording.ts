import type { Sent } from "./messages.js";

const KINDS: Readonly<Record<string, "image" | "publicKey" | "evaluationKeys">> = {
  "encrypted image": "image",
  "public key": "publicKey",
  "evaluation keys": "evaluationKeys",
};

/** Requests as they leave the tab, counted where they leave: what a user is told is not what should have been sent. */
export class Recording {
  #sent: Sent[] = [];
  #image: Uint8Array<ArrayBuffer> | undefined;
  /** By a file's address: what was announced under it. */
  readonly #announced = new Map<string, "image" | "publicKey" | "evaluationKeys">();

  /** Begins a new account. */
  start(): void {
    this.#sent = [];
    this.#image = undefined;
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
    const response = await fetch(input, init);
    const content = new Uint8Array(await response.arrayBuffer());
    const sentBytes =
      body instanceof Uint8Array ? body.length : typeof body === "string" ? new TextEncoder().encode(body).length : 0;
    const what = chunk ?? (pathname.endsWith("/result") ? "answer" : "question");
    this.#sent.push({ what, sentBytes, receivedBytes: content.length });
    const { status, statusText, headers } = response;
    return new Response(status === 204 ? null : content, { status, statusText, headers });
  };
}

function kindIn(body: string): string {
  const { kind } = JSON.parse(body) as { kind?: unknown };
  return typeof kind === "string" ? kind : "";
}
