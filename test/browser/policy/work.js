// Opens a device with the options given, computes an encrypted product, and reports that, or the error that stood in its way.
export async function work({ ckks, DeviceError, openDevice }, kind, options) {
  const report = { isolated: globalThis.crossOriginIsolated, errors: [] };
  try {
    const device = await openDevice(kind, options);
    try {
      const parameters = ckks.Parameters.choose({ depth: 1 });
      const alice = await ckks.KeyHolder.create(device, parameters);
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
}
