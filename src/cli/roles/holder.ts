import { readPrefix } from "../../bytes/header.js";
import type { Device } from "../../index.js";
import { KeyHolder, type Plan } from "../../nn/index.js";
import { readSecretFrom } from "./files.js";
import { askPassphrase } from "./passphrase.js";

/** The holder of a secret key's file, wrapped or not; a passphrase is asked for where it is. */
export async function holderFrom(path: string, plan: Plan, device: Device): Promise<KeyHolder> {
  return readSecretFrom(path, async (bytes) => {
    const { kind } = readPrefix(bytes, ["secret key", "wrapped secret key"]);
    if (kind === "secret key") return KeyHolder.fromSecretBytes(bytes, plan, device);
    return KeyHolder.fromWrappedBytes(bytes, await askPassphrase(path, false), plan, device);
  });
}
