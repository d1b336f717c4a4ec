import { listDevices } from "../device.js";

/** `blindsight devices`: what there is, and why the rest is not. */
export async function devices({ json }: { readonly json?: boolean }): Promise<void> {
  const found = await listDevices();
  const records = found.map(({ kind, name, problem }) => ({
    kind,
    name,
    problem: problem?.message,
    fix: problem?.fix,
  }));
  if (json) process.stdout.write(`${JSON.stringify(records)}\n`);
  else {
    for (const { kind, name, problem, fix } of records) {
      process.stdout.write(`${kind.padEnd(8)}${name ?? `not available: ${problem} (${fix})`}\n`);
    }
  }
}
