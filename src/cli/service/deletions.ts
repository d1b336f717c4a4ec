import { HospitalClient, OperatorClient } from "../../client/index.js";
import { UsageError } from "../failure.js";
import { inGroups, keyIdFrom } from "../roles/key-id.js";
import { openTerminal } from "../terminal.js";
import { connectionTo } from "./connection.js";

interface DeletionOptions {
  readonly service: string;
  readonly json?: boolean;
}

/** `blindsight delete-key`: a hospital's own, by the id that `keygen` printed. */
export async function deleteKey({
  service,
  key,
  ...options
}: DeletionOptions & { readonly key: string }): Promise<void> {
  const terminal = openTerminal(options);
  const wanted = keyIdFrom(key);
  const hospital = new HospitalClient(connectionTo(service));
  const found = (await hospital.keys()).filter(({ fingerprint }) => fingerprint === wanted);
  if (found.length === 0) {
    throw new UsageError(
      `the service has no key ${inGroups(wanted)} of yours`,
      "compare the id with what keygen printed",
    );
  }
  for (const { id } of found) await hospital.deleteKey(id);
  const models = found.reduce((sum, each) => sum + each.models, 0);
  if (terminal.json) return terminal.object({ deleted: found.map(({ id }) => id), models });
  terminal.say(`deleted, with ${models} model${models === 1 ? "" : "s"} under it, their jobs and results`);
}

/** `blindsight delete-tenant`: everything of a party. */
export async function deleteTenant({ service, tenant, ...options }: DeletionOptions & { readonly tenant: string }) {
  const terminal = openTerminal(options);
  await new OperatorClient(connectionTo(service)).deleteTenant(tenant);
  if (terminal.json) return terminal.object({ deleted: tenant });
  terminal.say(
    `deleted: ${tenant}'s tokens, keys, models, jobs and results; its name may be given again in three minutes`,
  );
}

/** `blindsight revoke-token`: by the id that `token` printed, which begins the token, too. */
export async function revokeToken({
  service,
  id,
  ...options
}: DeletionOptions & { readonly id: string }): Promise<void> {
  const terminal = openTerminal(options);
  await new OperatorClient(connectionTo(service)).revokeToken(id);
  if (terminal.json) return terminal.object({ revoked: id });
  terminal.say(`revoked: ${id} lets nobody in any more`);
}
