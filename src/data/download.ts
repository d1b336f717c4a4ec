import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";

export interface DownloadOptions {
  /** Until the connection stands, name lookup included (default 5,000 ms). */
  readonly connectTimeoutMs?: number;
  /** Until the last byte (default 60,000 ms). */
  readonly totalTimeoutMs?: number;
  /** A longer body is refused (default 256 MiB). */
  readonly maxBytes?: number;
  /** Called as bytes arrive; `total` is undefined where the server does not say. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
}

const maxRedirects = 5;

/**
 * Fetches `url` (http or https, up to five redirects) into memory.
 * Not by fetch(), which cannot bound the time to connect apart from the rest.
 * @throws Error in plain words: no connection, a status other than 200, too slow, cut short, too long.
 */
export function download(url: string, options: DownloadOptions = {}): Promise<Uint8Array> {
  const { connectTimeoutMs = 5_000, totalTimeoutMs = 60_000 } = options;
  const total = new AbortController();
  const timer = setTimeout(
    () => total.abort(new Error(`it was not complete after ${seconds(totalTimeoutMs)}`)),
    totalTimeoutMs,
  );
  return follow(new URL(url), { ...options, connectTimeoutMs }, total.signal, maxRedirects).finally(() =>
    clearTimeout(timer),
  );
}

async function follow(url: URL, options: DownloadOptions, signal: AbortSignal, redirects: number): Promise<Uint8Array> {
  const response = await request(url, options.connectTimeoutMs!, signal);
  const status = response.statusCode ?? 0;
  const location = response.headers.location;
  if (status >= 300 && status < 400 && location !== undefined) {
    response.destroy();
    if (redirects === 0) throw new Error(`${url.host} redirects more than ${maxRedirects} times`);
    return follow(new URL(location, url), options, signal, redirects - 1);
  }
  if (status !== 200) {
    response.destroy();
    throw new Error(`${url.host} answered ${status} ${response.statusMessage ?? ""}`.trim());
  }
  // Once there is a response, only its own destruction reaches whoever reads it.
  signal.addEventListener("abort", () => response.destroy(signal.reason), { once: true });
  return readBody(response, url, options);
}

function request(url: URL, connectTimeoutMs: number, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const secure = url.protocol === "https:";
    if (!secure && url.protocol !== "http:") throw new Error(`${url.protocol} addresses are not supported`);
    // A connection of its own, closed afterwards: a kept one would keep the process alive.
    const outgoing = (secure ? httpsGet : httpGet)(url, { agent: false, headers: { connection: "close" } }, resolve);
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no connection to ${url.host} within ${seconds(connectTimeoutMs)}`)),
      connectTimeoutMs,
    );
    outgoing.on("socket", (socket) => socket.once(secure ? "secureConnect" : "connect", () => clearTimeout(timer)));
    outgoing.on("error", (error) => reject(inWords(error, url)));
    outgoing.on("close", () => clearTimeout(timer));
    signal.addEventListener("abort", () => outgoing.destroy(signal.reason), { once: true });
  });
}

async function readBody(response: IncomingMessage, url: URL, options: DownloadOptions): Promise<Uint8Array> {
  const { maxBytes = 256 * 2 ** 20, onProgress } = options;
  const declared = Number(response.headers["content-length"] ?? Number.NaN);
  const total = Number.isFinite(declared) ? declared : undefined;
  const tooLong = () => new Error(`${url.host} sends more than ${maxBytes} bytes`);
  if (total !== undefined && total > maxBytes) {
    response.destroy();
    throw tooLong();
  }
  const chunks: Uint8Array[] = [];
  let received = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      received += chunk.length;
      if (received > maxBytes) throw tooLong();
      onProgress?.(received, total);
    }
  } catch (error) {
    throw inWords(error as Error, url);
  }
  return Buffer.concat(chunks);
}

function inWords(error: NodeJS.ErrnoException, url: URL): Error {
  switch (error.code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new Error(`the name ${url.hostname} cannot be resolved`);
    case "ECONNREFUSED":
      return new Error(`${url.host} refuses the connection`);
    case "ECONNRESET":
      return new Error(`${url.host} cut the connection short`);
    default:
      // Several addresses that all failed come as an AggregateError with an empty message.
      return error.message ? error : new Error(`no connection to ${url.host} (${error.code ?? error.name})`);
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
