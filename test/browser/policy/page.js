// A page without a bundler and without an import map: the one file of the package lies beside it. It opens a device with
// the options that its address gives, computes an encrypted product, and reports that, or the error that stood in its way.
import { ckks, DeviceError, openDevice } from "./blindsight.js";

const asked = new URLSearchParams(location.search);
const report = { isolated: globalThis.crossOriginIsolated, errors: [] };
try {
  const options = JSON.parse(asked.get("options"));
  if (asked.has("trusted")) {
    const policy = trustedTypes.createPolicy("page", { createScriptURL: (url) => url });
    options.workerUrl = policy.createScriptURL(options.workerUrl);
  }
  const device = await openDevice(asked.get("kind"), options);
  try {
    const parameters = ckks.Parameters.choose({ depth: 1 });
    const alice = ckks.KeyHolder.create(device, parameters);
    const he = new ckks.Evaluator(device, parameters, alice.evaluationKeys());
    report.values = [...(await alice.decrypt(he.square(alice.encrypt([0.5, -0.25])), 2))];
    report.device = device.describe();
  } finally {
    await device.close();
  }
} catch (error) {
  const named = error instanceof DeviceError;
  report.errors.push({ named, text: `${error}`, fix: error.fix, cause: `${error.cause}`, stack: error.stack });
}
await fetch("/report", { method: "POST", body: JSON.stringify(report) });
