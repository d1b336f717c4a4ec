import { OperatorClient } from "../../client/index.js";
import { openTerminal } from "../terminal.js";
import { connectionTo } from "./connection.js";

export interface TokenOptions {
  readonly service: string;
  readonly scope: "operator" | "owner" | "hospital";
  readonly tenant: string;
  readonly days: number;
  readonly json?: boolean;
}

/** `blindsight token`: a token for a party, printed once. */
export async function token(options: TokenOptions): Promise<void> {
  const terminal = openTerminal(options);
  const made = await new OperatorClient(connectionTo(options.service)).createToken(
    options.scope,
    options.tenant,
    options.days,
  );
  if (terminal.json) return terminal.object(made);
  terminal.say(made.token);
  terminal.warn(
    `the token ${made.id} of ${made.tenant}, until ${new Date(made.expires).toISOString()}; it is shown this once`,
  );
}
