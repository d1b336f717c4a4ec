// The page: does what its address asks for, and sends what came of it to the server that it came from.
import { openScratchFile } from "blindsight";
import { diagnose, scheme } from "./work.js";

const asked = new URLSearchParams(location.search);
const report = { isolated: globalThis.crossOriginIsolated, errors: [] };
try {
  for (const kind of asked.getAll("scheme")) report[kind] = await scheme(kind);
  if (asked.has("store")) {
    report.refused = await openScratchFile().catch((error) => `${error.name}: ${error.message}`);
    const worker = new Worker(new URL("./store-worker.js", import.meta.url), { type: "module" });
    report.store = await new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => resolve({ error: message });
    });
  }
  const inputs = await (await fetch("/inputs.json")).json();
  for (const kind of asked.getAll("diagnose")) report[`${kind} diagnosis`] = await diagnose(kind, {}, inputs);
} catch (error) {
  report.errors.push(`${error?.name}: ${error?.message} ${error?.cause ?? ""} ${error?.stack}`);
}
await fetch("/report", { method: "POST", body: JSON.stringify(report) });
