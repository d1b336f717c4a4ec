import type { NewToken, PlanState, TokenState } from "../protocol/messages.js";
import * as schemas from "../protocol/schemas.js";
import type { TransportOptions } from "./connection.js";
import { Transport } from "./transport.js";

/** The side of who runs a service. */
export class OperatorClient {
  private readonly transport: Transport;

  constructor(options: TransportOptions) {
    this.transport = new Transport(options);
  }

  /** A token for a party, which is shown this once. @param days until it expires, 3650 at most */
  async createToken(scope: TokenState["scope"], tenant: string, days: number): Promise<NewToken> {
    return this.transport.json(
      { method: "POST", path: "/tokens", json: { scope, tenant, days }, once: true },
      schemas.NewToken,
    );
  }

  /** All tokens, without what lets in. */
  async tokens(): Promise<TokenState[]> {
    return (await this.transport.json({ method: "GET", path: "/tokens" }, schemas.Tokens)).tokens;
  }

  /** From now on the token lets nobody in. */
  async revokeToken(id: string): Promise<void> {
    await this.transport.nothing({ method: "DELETE", path: `/tokens/${id}` });
  }

  /** Everything of a tenant: keys, models, jobs, results, tokens, and the key under which its blobs lie. */
  async deleteTenant(tenant: string): Promise<void> {
    await this.transport.nothing({ method: "DELETE", path: `/tenants/${tenant}` });
  }

  /** Refuses keys, models and jobs of a plan from now on, with the name of the one that took its place. */
  async obsolete(plan: string, by: string): Promise<PlanState> {
    return this.transport.json({ method: "POST", path: `/plans/${plan}/obsolete`, json: { by } }, schemas.PlanState);
  }
}
