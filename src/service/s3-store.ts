import { AwsClient } from "aws4fetch";
import { Refusal } from "./failures.js";
import { isName, type ObjectStore, requireName } from "./store.js";

/** A bucket of a store that speaks S3's protocol. */
export interface S3Options {
  /** With the bucket, by path or by host: https://s3.example/bucket. */
  readonly endpoint: string;
  /** Whose requests they are. */
  readonly accessKeyId: string;
  /** What signs them. */
  readonly secretAccessKey: string;
  /** Of credentials that expire. */
  readonly sessionToken?: string;
  /** Default us-east-1, which stores without regions take. */
  readonly region?: string;
}

/** Of everything that is ours: a bucket may have other things. */
const PREFIX = "blindsight/";
const REQUEST_MS = 20_000;
/** Milliseconds before each try. */
const TRIES = [0, 200, 600];
const DELETIONS_AT_ONCE = 16;

export class S3Store implements ObjectStore {
  private readonly client: AwsClient;
  private readonly endpoint: string;

  constructor({ endpoint, accessKeyId, secretAccessKey, sessionToken, region = "us-east-1" }: S3Options) {
    this.endpoint = endpoint.replace(/\/+$/, "");
    const session = sessionToken === undefined ? {} : { sessionToken };
    this.client = new AwsClient({ accessKeyId, secretAccessKey, ...session, region, service: "s3", retries: 0 });
  }

  async put(name: string, parts: readonly Uint8Array[]): Promise<void> {
    await this.ask("PUT", pathOf(name), Buffer.concat(parts));
  }

  get(name: string): Promise<Uint8Array | undefined> {
    return this.ask("GET", pathOf(name));
  }

  async remove(folder: string): Promise<void> {
    const keys = await this.below(`${requireName(folder)}/`);
    const all = [folder, ...keys.filter(isName)];
    for (let at = 0; at < all.length; at += DELETIONS_AT_ONCE) {
      await Promise.all(all.slice(at, at + DELETIONS_AT_ONCE).map((key) => this.ask("DELETE", pathOf(key))));
    }
  }

  async list(folder: string): Promise<string[]> {
    const prefix = folder === "" ? "" : `${requireName(folder)}/`;
    const keys = await this.below(prefix);
    const names = new Set(keys.map((key) => key.slice(prefix.length).split("/")[0]));
    return [...names].filter(isName); // consoles make objects for folders
  }

  /** In pages of a thousand. Without a delimiter: not every store groups names right where one begins like another. */
  private async below(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for (let token: string | undefined = ""; token !== undefined; ) {
      const query = new URLSearchParams({ "list-type": "2", prefix: PREFIX + prefix });
      if (token) query.set("continuation-token", token);
      const xml = Buffer.from((await this.ask("LIST", `?${query}`)) ?? []).toString("utf8");
      // Names are our own: nothing in them is escaped in XML.
      keys.push(...textsOf(xml, /<Key>([^<&]*)<\/Key>/g).map((key) => key.slice(PREFIX.length)));
      const [next] = textsOf(xml, /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/g);
      token = next?.replaceAll("&amp;", "&").replaceAll("&quot;", '"');
    }
    return keys;
  }

  /** @returns undefined for what is not there. @throws Refusal 503 where the store gave no answer, or none that is its own, a few times */
  private async ask(
    what: "PUT" | "GET" | "DELETE" | "LIST",
    path: string,
    body?: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    let last: unknown;
    for (const pause of TRIES) {
      if (pause > 0) await new Promise((wake) => setTimeout(wake, pause));
      try {
        const method = what === "LIST" ? "GET" : what;
        const init = { method, signal: AbortSignal.timeout(REQUEST_MS), ...(body && { body: body as BodyInit }) };
        const response = await this.client.fetch(this.endpoint + path, init);
        const bytes = new Uint8Array(await response.arrayBuffer());
        // What stands between may answer, too: a page is no listing, and its 404 says nothing of an object.
        if (response.ok && (what !== "LIST" || textOf(bytes).includes("<ListBucketResult"))) return bytes;
        const [code = ""] = textsOf(textOf(bytes), /<Code>(\w+)<\/Code>/g);
        if (response.status === 404 && code === "NoSuchKey" && (what === "GET" || what === "DELETE")) return undefined;
        last = new Error(`${what}: ${response.status} ${code}`);
      } catch (error) {
        last = error;
      }
    }
    throw new Refusal("busy", "the store of files is out of reach", "send it again", { retryAfter: 2, cause: last });
  }
}

function pathOf(name: string): string {
  return `/${PREFIX}${requireName(name)}`;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function textsOf(xml: string, pattern: RegExp): string[] {
  return [...xml.matchAll(pattern)].map(([, text]) => text);
}
