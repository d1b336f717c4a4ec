import { open } from "node:fs/promises";
import { FORMAT_VERSION, KINDS, type Kind, MAGIC, PREFIX_BYTES, readPrefix } from "../../bytes/header.js";
import { check, Plan } from "../../nn/index.js";
import { openTerminal, type Terminal } from "../terminal.js";
import { compileOptions, type PlanOptions, planRecord } from "./compile.js";
import { readFrom } from "./files.js";
import { inGroups } from "./key-id.js";
import { prepare } from "./networks.js";

/**
 * `blindsight inspect`: whether a network can be encrypted, and what that takes, before anything is made; or what one of our own files
 * says of itself. Exit code 2 where it cannot.
 */
export async function inspect(path: string, options: PlanOptions): Promise<void> {
  const terminal = openTerminal(options);
  const kind = await kindOf(path);
  if (kind) return inspectFile(path, kind, terminal);
  const { network, calibration } = await prepare(path, options.calibrate, terminal, false);
  const images = calibration.length > 0 ? { calibration } : {};
  const { findings, plan, ok } = check(network, { ...compileOptions(options), ...images });
  if (!ok) process.exitCode = 2;
  if (terminal.json) return terminal.object({ ok, findings, ...(plan && planRecord(plan)) });
  const { card, input, layers, classes } = network;
  terminal.say(`${card.name}: ${input.join("×")} values, ${layers.length} layers, ${classes} classes\n`);
  for (const { kind: sort, what, fix } of findings) {
    terminal.say(`  ${sort === "fact" ? "" : `${sort}: `}${what}${fix ? ` — ${fix}` : ""}`);
  }
  if (plan) terminal.say(`\n${plan.report()}`);
}

async function inspectFile(path: string, kind: Kind, terminal: Terminal): Promise<void> {
  if (kind !== "plan") {
    if (terminal.json) return terminal.object({ file: path, kind, format: FORMAT_VERSION });
    return terminal.say(`${path}: a file of blindsight's, of the kind "${kind}"`);
  }
  const plan = await readFrom(path, (stream) => Plan.fromBytes(stream));
  if (terminal.json) return terminal.object({ file: path, kind, ...planRecord(plan), card: plan.card });
  terminal.say(plan.report());
  terminal.say(`\n${path}: the plan ${inGroups(plan.identity)} of ${plan.card.name}`);
}

/** Of one of our own files; undefined for anything else, which may be a network or not be there. */
async function kindOf(path: string): Promise<Kind | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return undefined;
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(PREFIX_BYTES), 0, PREFIX_BYTES, 0);
    if (bytesRead < PREFIX_BYTES || MAGIC.some((byte, i) => buffer[i] !== byte)) return undefined;
    return readPrefix(buffer, Object.keys(KINDS) as Kind[]).kind;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EISDIR") return undefined;
    throw error;
  } finally {
    await file.close();
  }
}
