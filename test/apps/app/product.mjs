// An encrypted product, or the error that stood in its way.
import { openDevice } from "blindsight";
import { Evaluator, KeyHolder, Parameters, Randomness } from "blindsight/ckks";

export async function product(kind, options) {
  try {
    const device = await openDevice(kind, options);
    try {
      const parameters = Parameters.choose({ depth: 1 });
      const alice = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(5));
      const he = new Evaluator(device, parameters, alice.evaluationKeys());
      const result = he.square(alice.encrypt([0.5, -0.25]));
      return { device: device.describe(), values: [...(await alice.decrypt(result, 2))] };
    } finally {
      await device.close();
    }
  } catch (error) {
    return {
      error: { name: error.name, text: `${error}`, fix: error.fix, stack: error.stack, cause: `${error.cause}` },
    };
  }
}
