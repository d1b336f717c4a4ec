import { ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { megabytes } from "./budgets.js";
import type { Plan } from "./plan.js";

/**
 * That a device holds what a plan asks for at once, before minutes are spent on making it.
 * @throws ParameterError for more than the whole of the device's memory
 */
export function requireRoom({ memory, model }: Plan, device: Device, parts: readonly ("keys" | "model")[]): void {
  const bytes = parts.reduce((sum, part) => sum + memory[part], 0);
  const { memoryLimit = Number.POSITIVE_INFINITY } = device;
  if (bytes <= memoryLimit) return;
  const what = parts.length > 1 ? "keys and model take" : "the model takes";
  if (parts.includes("keys") && memory.keys > memoryLimit) {
    throw new ParameterError(
      `keys take ${megabytes(memory.keys)} of the device's memory, which is ${megabytes(memoryLimit)}`,
      "take a network of fewer layers or channels, activations of lower degrees, or smaller images",
    );
  }
  const halved = model === "encrypted" ? 'compile with model: "plain", which halves it, or ' : "";
  throw new ParameterError(
    `${what} ${megabytes(bytes)} of the device's memory, which is ${megabytes(memoryLimit)}`,
    `${halved}take the roles: Server.withMemoryLimit with loadPlainPaged or ModelOwner.encryptPaged brings in what is used`,
  );
}
