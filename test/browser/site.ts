import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { json } from "node:stream/consumers";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};
/** What makes a page cross-origin isolated, so that it may share memory with workers. */
export const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export interface Report {
  readonly isolated: boolean;
  readonly errors: readonly string[];
  readonly [result: string]: unknown;
}

export type Headers = Readonly<Record<string, string>>;

/** Serves folders, and takes one report. */
export class Site {
  readonly report: Promise<Report>;

  private constructor(
    private readonly server: Server,
    readonly url: string,
    report: Promise<Report>,
  ) {
    this.report = report;
  }

  /**
   * @param folders each path is looked up in one after the other
   * @param headersOf what is sent with the file of that path
   */
  static async open(
    folders: readonly string[],
    inputs: string | (() => string),
    headersOf: (path: string) => Headers | undefined,
  ): Promise<Site> {
    let deliver: (report: Report) => void;
    const report = new Promise<Report>((resolve) => {
      deliver = resolve;
    });
    const server = createServer(async (request, response) => {
      const path = normalize(new URL(request.url!, "http://localhost").pathname);
      if (request.method === "POST") {
        deliver((await json(request)) as Report);
        response.end();
        return;
      }
      const given = () => (typeof inputs === "string" ? inputs : inputs());
      const content = path === "/inputs.json" ? given() : await find(folders, path);
      const type = TYPES[extname(path)] ?? "application/octet-stream";
      response.writeHead(content === undefined ? 404 : 200, { "Content-Type": type, ...headersOf(path) });
      response.end(content);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Site(server, `http://localhost:${(server.address() as AddressInfo).port}`, report);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

async function find(folders: readonly string[], path: string): Promise<Buffer | undefined> {
  for (const folder of folders) {
    try {
      return await readFile(join(folder, path));
    } catch {
      // perhaps in the next one
    }
  }
  return undefined;
}
