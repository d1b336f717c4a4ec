/** A service that deviates: a proxy before a real one, which changes what it says. */
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** What an answer becomes; undefined leaves it. */
export type Change = (method: string, path: string, body: Buffer) => Buffer | undefined;

/** Every request that came, and what the present deviation makes of the answers. */
export class Between {
  readonly requests: string[] = [];
  change: Change = () => undefined;
  /** Of answers that are changed; their own unless said. */
  status: number | undefined;

  /** Takes requests and answers none. */
  silent = false;

  private constructor(private readonly server: Server) {}

  static async open(target: () => string): Promise<Between> {
    const server = createServer();
    const between = new Between(server);
    server.on("request", async (incoming, response) => {
      const { method = "GET", url: path = "/", headers } = incoming;
      between.requests.push(`${method} ${path}`);
      const body = await buffer(incoming);
      if (between.silent) return;
      const { hostname, port } = new URL(target());
      const onward = request({ hostname, port, method, path, headers });
      onward.end(body);
      const [answer] = await once(onward, "response");
      const given = await buffer(answer);
      const change = between.change(method, path, given);
      const changed = change ?? given;
      response.writeHead((change && between.status) ?? answer.statusCode, {
        ...answer.headers,
        "content-length": changed.length,
      });
      response.end(changed);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return between;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Changes a JSON answer of one path. */
export function changing<T>(method: string, path: RegExp, change: (answer: T) => unknown): Change {
  return (asked, at, body) => {
    if (asked !== method || !path.test(at) || body.length === 0) return undefined;
    return Buffer.from(JSON.stringify(change(JSON.parse(body.toString()) as T)));
  };
}
