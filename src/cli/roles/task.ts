import { Residency } from "../../ckks/index.js";
import { type DeviceKind, openDevice } from "../../device.js";
import { type Device, openScratchFile } from "../../index.js";
import type { Plan } from "../../nn/index.js";
import { Interrupted } from "../failure.js";
import { openTerminal, type Terminal } from "../terminal.js";

/** What the commands of the roles have in common. */
export interface TaskOptions {
  readonly json?: boolean;
  readonly device: DeviceKind;
  readonly threads?: number;
}

/** A command at work. */
export interface Task {
  readonly terminal: Terminal;
  readonly device: Device;
  /** Aborts at Ctrl-C, and where the system ends the process. */
  readonly signal: AbortSignal;
  /** Milliseconds since the command began. */
  elapsed(): number;
}

/** Opens a device for `work` and closes it, however that ends. */
export async function withTask<T>(options: TaskOptions, work: (task: Task) => Promise<T>): Promise<T> {
  const begin = performance.now();
  const controller = new AbortController();
  const stop = () =>
    controller.abort(new Interrupted("the command was interrupted", "nothing was written; run it again"));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const device = await openDevice(options.device, { threads: options.threads });
  try {
    const elapsed = () => performance.now() - begin;
    return await work({ terminal: openTerminal(options), device, signal: controller.signal, elapsed });
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await device.close();
  }
}

/** Of the device's memory: a CPU device has 4 GiB, and a run needs some beside what lies there. */
const MOST_INSIDE_BYTES = 3 * 2 ** 30;
const USUAL_LIMIT_BYTES = 1536 * 2 ** 20;

/**
 * Room for keys and weights that do not fit into the device's memory, or are not to be in it: packed in a scratch file but for so many
 * MiB. Undefined where all of them stay inside. The store is the caller's to dispose of.
 */
export async function residencyFor(
  plan: Plan,
  memory: number | undefined,
  terminal: Terminal,
): Promise<Residency | undefined> {
  const { keys, model, image } = plan.memory;
  if (memory === undefined && keys + model + image <= MOST_INSIDE_BYTES) return undefined;
  const limit = memory === undefined ? USUAL_LIMIT_BYTES : memory * 2 ** 20;
  if (memory === undefined) {
    const size = `${((keys + model + image) / 2 ** 30).toFixed(1)} GiB`;
    terminal.warn(`keys and model take ${size}: they run packed from a scratch file (--memory ${limit / 2 ** 20})`);
  }
  return new Residency(limit, await openScratchFile());
}
