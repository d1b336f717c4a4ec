import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Refusal } from "./failures.js";
import type { Records } from "./records.js";

/** What a token may do: run the service, give models, or ask for diagnoses. */
export const SCOPES = ["operator", "owner", "hospital"] as const;
export type Scope = (typeof SCOPES)[number];

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
export const TENANT = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Tokens for the Authorization header: `bs_ID_SECRET`, 256 random bits. */
export class Tokens {
  constructor(
    private readonly records: Records<TokenRecord>,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * @param days until it expires
   * @returns the token, which is shown once: the record holds its hash
   */
  async create(scope: Scope, tenant: string, days: number): Promise<{ id: string; token: string; expires: number }> {
    if (!SCOPES.includes(scope)) throw new RangeError(`scope: ${scope} is none of ${SCOPES.join(", ")}`);
    if (!TENANT.test(tenant))
      throw new RangeError(`tenant: ${JSON.stringify(tenant)} is not a-z, 0-9 and -, 40 at most`);
    const other = (await this.records.all()).find(([, record]) => record.tenant === tenant && record.scope !== scope);
    if (other) throw new RangeError(`tenant: ${tenant} has the scope ${other[1].scope}; a party has one scope`);
    const [id, secret] = [randomBytes(8).toString("hex"), randomBytes(32).toString("base64url")];
    const created = this.now();
    const expires = created + days * 86_400_000;
    await this.records.create(id, { hash: hashOf(secret).toString("hex"), scope, tenant, created, expires });
    return { id, token: `bs_${id}_${secret}`, expires };
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

  revoke(id: string): Promise<boolean> {
    return this.records.delete(id);
  }

  all(): Promise<readonly (readonly [id: string, record: TokenRecord])[]> {
    return this.records.all();
  }
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
