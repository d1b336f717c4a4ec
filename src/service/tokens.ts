import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import type { NewToken, TokenState } from "../protocol/messages.js";
import { Tenant } from "../protocol/schemas.js";
import { notFound, Refusal } from "./failures.js";
import type { Records } from "./records.js";

/** What a token may do: run the service, give models, or ask for diagnoses. */
export type Scope = TokenState["scope"];

/** Of a token nothing is stored that would let its reader in. */
export interface TokenRecord {
  /** SHA-256 of the secret, which is random: nothing slower is needed. */
  readonly hash: string;
  readonly scope: Scope;
  readonly tenant: string;
  readonly created: number;
  readonly expires: number;
}

/** Who asks. */
export interface Caller {
  readonly token: string;
  readonly scope: Scope;
  readonly tenant: string;
}

const SHAPE = /^Bearer bs_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** Tokens for the Authorization header: `bs_ID_SECRET`, 256 random bits. */
export class Tokens {
  constructor(
    private readonly records: Records<TokenRecord>,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * @param days until it expires
   * @returns the token, which is shown once: the record holds its hash
   * @throws Refusal for a tenant that has tokens of another scope: no party plays two parts
   */
  async create(scope: Scope, tenant: string, days: number): Promise<NewToken> {
    if (!v.is(Tenant, tenant)) throw new Refusal("bad-request", "the tenant's name is none", "take a-z, 0-9 and -");
    await this.sweep();
    const other = (await this.records.all()).find(([, record]) => record.tenant === tenant && record.scope !== scope);
    if (other) {
      const what = `${tenant} has the scope ${other[1].scope} already`;
      throw new Refusal("conflict", what, "give each party one scope, and another name for another part");
    }
    const [id, secret] = [randomBytes(8).toString("hex"), randomBytes(32).toString("base64url")];
    const created = this.now();
    const expires = created + days * 86_400_000;
    await this.records.create(id, { hash: hashOf(secret).toString("hex"), scope, tenant, created, expires });
    return { id, scope, tenant, created, expires, token: `bs_${id}_${secret}` };
  }

  /** Deletes those that have expired. */
  async sweep(): Promise<void> {
    for (const [id, { expires }] of await this.records.all()) if (expires <= this.now()) await this.records.delete(id);
  }

  async states(): Promise<TokenState[]> {
    await this.sweep();
    return (await this.records.all()).map(([id, { hash: _, ...state }]) => ({ id, ...state }));
  }

  /** @throws Refusal where there is none */
  async revoke(id: string): Promise<void> {
    if (!(await this.records.delete(id))) throw notFound("token");
  }

  async revokeAll(tenant: string): Promise<void> {
    for (const [id, record] of await this.records.all()) if (record.tenant === tenant) await this.records.delete(id);
  }

  /** @throws Refusal for a header that names no token that holds */
  async authenticate(header: string | undefined): Promise<Caller> {
    const [, id, secret] = SHAPE.exec(header ?? "") ?? [];
    const record = id === undefined ? undefined : await this.records.get(id);
    const right = record && timingSafeEqual(hashOf(secret), Buffer.from(record.hash, "hex"));
    if (record && right && this.now() < record.expires) {
      return { token: id, scope: record.scope, tenant: record.tenant };
    }
    const fix =
      "send Authorization: Bearer and the token that the operator gave, and ask for a new one where it expired";
    throw new Refusal("unauthorized", "there is no such token, or it has expired", fix);
  }
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
